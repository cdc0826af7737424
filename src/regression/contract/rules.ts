import type { SchemaSide, Severity } from './change.ts'

/** The severities of one row of the rule table on each side. */
export type Cell = Readonly<Record<SchemaSide, Severity>>

const cell = (input: Severity, output: Severity): Cell => ({ input, output })

/**
 * The rule table of the contract diff. Rule of thumb: input must still accept everything that it accepted, output must still
 * satisfy everything that it promised, and what cannot be proved is a warning. Where a row depends on the rest of the schema
 * (is it closed? is it provable?), the cell has the strict severity and the rule passes the milder one. The id in a report is
 * prefixed with the side.
 */
export const schemaRules = {
  'required-property-added': cell('breaking', 'safe'),
  'optional-property-added': cell('warning', 'safe'),
  'property-became-required': cell('breaking', 'safe'),
  'property-became-optional': cell('safe', 'breaking'),
  'property-removed': cell('warning', 'warning'),
  'type-narrowed': cell('breaking', 'safe'),
  'type-widened': cell('safe', 'breaking'),
  'type-changed': cell('breaking', 'breaking'),
  'null-gained': cell('safe', 'breaking'),
  'null-lost': cell('breaking', 'safe'),
  'enum-value-removed': cell('breaking', 'safe'),
  'enum-value-added': cell('safe', 'warning'),
  'enum-introduced': cell('breaking', 'safe'),
  'enum-dropped': cell('safe', 'breaking'),
  'bound-tightened': cell('breaking', 'safe'),
  'bound-loosened': cell('safe', 'breaking'),
  'bound-changed': cell('breaking', 'breaking'),
  'pattern-added': cell('breaking', 'safe'),
  'pattern-changed': cell('warning', 'warning'),
  'pattern-removed': cell('safe', 'warning'),
  'format-added': cell('warning', 'safe'),
  'format-changed': cell('warning', 'warning'),
  'format-removed': cell('safe', 'warning'),
  'anyof-introduced': cell('breaking', 'safe'),
  'anyof-dropped': cell('safe', 'warning'),
  'anyof-branch-removed': cell('breaking', 'safe'),
  'anyof-branch-added': cell('safe', 'warning'),
  'oneof-edited': cell('warning', 'warning'),
  'additional-properties-closed': cell('breaking', 'safe'),
  'additional-properties-opened': cell('safe', 'warning'),
  'pattern-property-added': cell('warning', 'warning'),
  'pattern-property-removed': cell('warning', 'warning'),
  'default-changed': cell('warning', 'info'),
  'allof-added': cell('warning', 'safe'),
  'allof-removed': cell('safe', 'warning'),
  'condition-added': cell('warning', 'safe'),
  'condition-removed': cell('safe', 'warning'),
  'condition-edited': cell('warning', 'warning'),
  'not-added': cell('warning', 'safe'),
  'not-removed': cell('safe', 'warning'),
  'not-edited': cell('warning', 'warning'),
  'dependency-added': cell('warning', 'safe'),
  'dependency-removed': cell('safe', 'warning'),
  'contains-edited': cell('warning', 'warning'),
  'unevaluated-edited': cell('warning', 'warning'),
  'value-forbidden': cell('breaking', 'safe'),
  'value-allowed': cell('safe', 'breaking'),
  'description-changed': cell('warning', 'info'),
  'annotation-changed': cell('info', 'info'),
  'header-required': cell('breaking', 'info'),
  'header-dropped': cell('safe', 'info'),
  'keyword-changed': cell('warning', 'warning'),
  'keyword-malformed': cell('warning', 'warning'),
  'keyword-contested': cell('warning', 'warning'),
  'ignored-keyword-changed': cell('info', 'info'),
  'dialect-changed': cell('info', 'info'),
  'dialect-unknown': cell('warning', 'warning'),
  'reference-unresolved': cell('warning', 'warning'),
  'schema-too-complex': cell('breaking', 'breaking'),
  'schema-invalid': cell('breaking', 'breaking'),
} as const satisfies Record<string, Cell>

export type SchemaRule = keyof typeof schemaRules

/** The rules about a tool as a whole and about the server. */
export const toolRules = {
  'tool-removed': 'breaking',
  'tool-renamed': 'breaking',
  'tool-added': 'safe',
  'tool-name-duplicated': 'breaking',
  'output-schema-removed': 'breaking',
  'output-schema-added': 'warning',
  'description-changed': 'warning',
  'hidden-characters': 'breaking',
  'read-only-lost': 'breaking',
  'destructive-gained': 'warning',
  'idempotent-lost': 'warning',
  'hint-changed': 'info',
  'task-required': 'breaking',
  'task-support-lost': 'breaking',
  'task-support-changed': 'info',
  'title-changed': 'info',
  'icons-changed': 'info',
  'meta-changed': 'info',
  'tool-order-changed': 'info',
  'tool-field-changed': 'warning',
  'protocol-version-dropped': 'breaking',
  'protocol-version-unused-dropped': 'info',
  'protocol-version-added': 'safe',
  'protocol-version-unknown': 'warning',
  'protocol-versions-unknown': 'warning',
  'tools-capability-removed': 'breaking',
  'tasks-capability-removed': 'breaking',
  'capability-removed': 'warning',
  'capability-added': 'info',
  'capability-changed': 'info',
  'server-changed': 'info',
} as const satisfies Record<string, Severity>

export type ToolRule = keyof typeof toolRules
