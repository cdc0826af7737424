import type { ContractChange, RawTool, SchemaSide, ToolList } from './change.ts'
import { visible } from './hidden-characters.ts'
import { hiddenTexts } from './hidden-texts.ts'
import { deeperThan, equal, isObject } from './json.ts'
import { refersElsewhere, schemasWithin } from './references.ts'
import { pairRenamed } from './renames.ts'
import { schemaRules } from './rules.ts'
import { diffSchemas } from './schema-diff.ts'
import { diffServer, type ServerOptions } from './server-diff.ts'
import { toolChange } from './tool-change.ts'
import { diffFields } from './tool-fields.ts'

export type ContractOptions = ServerOptions

/** No real tool nests deeper than this, and deeper JSON would exhaust the stack. */
const depthLimit = 96

/**
 * The changes between two lists of tools, as `tools/list` returned them, from the caller's point of view. Pure: the same two
 * lists always give the same changes, in the order of the old list, then of the new one.
 */
export function diffContracts(
  before: ToolList,
  after: ToolList,
  options: ContractOptions = {},
): ContractChange[] {
  const [old, next] = [byName(before.tools), byName(after.tools)]
  const removed = before.tools.filter((tool) => old.get(tool.name) === tool && !next.has(tool.name))
  const added = after.tools.filter((tool) => next.get(tool.name) === tool && !old.has(tool.name))
  const renamed = pairRenamed(removed, added)
  const renames = new Map(renamed.pairs)
  const ofOld = [...old.values()].flatMap((tool) => {
    const [same, other] = [next.get(tool.name), renames.get(tool)]
    if (same !== undefined) return diffTool(tool, same)
    if (other !== undefined) return [rename(tool, other), ...diffTool(tool, other)]
    return [toolChange('tool-removed', tool.name, `The tool ${visible(tool.name)} was removed.`)]
  })
  return [
    ...diffServer(before, after, options),
    ...duplicates(after.tools),
    ...ofOld,
    ...renamed.added.flatMap(addition),
    ...order(distinct(before.tools), distinct(after.tools)),
  ]
}

/** The first tool with each name, which is the one that a client finds. */
function byName(tools: readonly RawTool[]): Map<string, RawTool> {
  const first = new Map<string, RawTool>()
  for (const tool of tools) if (!first.has(tool.name)) first.set(tool.name, tool)
  return first
}

function duplicates(tools: readonly RawTool[]): ContractChange[] {
  const counts = new Map<string, number>()
  for (const { name } of tools) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([name, count]) =>
      toolChange('tool-name-duplicated', name, `${count} tools are named ${visible(name)}.`),
    )
}

function rename(from: RawTool, to: RawTool): ContractChange {
  return toolChange('tool-renamed', from.name, `renamed? ${visible(from.name)} to ${visible(to.name)}`)
}

function addition(tool: RawTool): ContractChange[] {
  const change = toolChange('tool-added', tool.name, `The tool ${visible(tool.name)} was added.`)
  if (deeperThan(tool, depthLimit)) return [change, tooDeep(tool.name)]
  return [change, ...hiddenTexts(undefined, tool), ...badSchemas(tool)]
}

function diffTool(old: RawTool, next: RawTool): ContractChange[] {
  if ([old, next].some((tool) => deeperThan(tool, depthLimit))) return [tooDeep(next.name)]
  return [
    ...diffFields(old, next),
    ...hiddenTexts(old, next),
    ...badSchemas(next, old),
    ...diffSide(old.inputSchema, next.inputSchema, 'input', next.name),
    ...diffOutput(old, next),
  ]
}

function diffOutput(old: RawTool, next: RawTool): ContractChange[] {
  if (old.outputSchema !== undefined && next.outputSchema !== undefined) {
    return diffSide(old.outputSchema, next.outputSchema, 'output', next.name)
  }
  if (next.outputSchema !== undefined) {
    return [toolChange('output-schema-added', next.name, 'The tool now declares an output schema.')]
  }
  if (old.outputSchema === undefined) return []
  return [toolChange('output-schema-removed', next.name, 'The tool no longer declares an output schema.')]
}

function diffSide(old: unknown, next: unknown, side: SchemaSide, tool: string): ContractChange[] {
  // An unchanged schema with a remote reference is still read, because the remote schema may have changed.
  if (equal(old, next) && !refersElsewhere(next)) return []
  return diffSchemas(ofObject(old), ofObject(next), side).map((change) => ({ ...change, tool }))
}

/**
 * Arguments and structured results are objects, whether or not the schema says so. Nothing is assumed for a schema that refers
 * to itself as a whole, since it then describes parts too.
 */
function ofObject(schema: unknown): unknown {
  if (schema === undefined || schema === true) return { type: 'object' }
  if (!isObject(schema) || schema.type === 'object') return schema
  const isOpen = schema.type === undefined || [schema.type].flat().includes('object')
  const refersToWhole = schemasWithin(schema).some(
    ({ $ref: reference }) => reference !== undefined && !String(reference).startsWith('#/'),
  )
  const isBesideReference = schema.$ref !== undefined
  return isOpen && !refersToWhole && !isBesideReference ? { ...schema, type: 'object' } : schema
}

/** One tool without a valid schema makes typed clients reject the whole list. */
function badSchemas(tool: RawTool, old?: RawTool): ContractChange[] {
  const { inputSchema: input, outputSchema: output } = tool
  return [
    ...(isObject(input) && input.type === 'object'
      ? []
      : [badSchema(tool, 'input', old !== undefined && equal(input, old.inputSchema))]),
    ...(output === undefined || isObject(output)
      ? []
      : [badSchema(tool, 'output', old !== undefined && equal(output, old.outputSchema))]),
  ]
}

function badSchema(tool: RawTool, side: SchemaSide, asBefore: boolean): ContractChange {
  const message = `The ${side} schema is not an object schema, so typed clients reject the whole list.`
  const severity = asBefore ? 'warning' : schemaRules['schema-invalid'][side]
  return { severity, rule: `${side}-schema-invalid`, tool: tool.name, path: '', side, message }
}

function tooDeep(tool: string): ContractChange {
  const message = 'The tool is nested too deeply to be compared.'
  return { severity: 'breaking', rule: 'input-schema-too-complex', tool, path: '', side: 'input', message }
}

function distinct(tools: readonly RawTool[]): string[] {
  return [...new Set(tools.map(({ name }) => name))]
}

function order(old: readonly string[], next: readonly string[]): ContractChange[] {
  const common = [old, next].map((names, index) =>
    names.filter((name) => (index === 0 ? next : old).includes(name)),
  )
  if (equal(common[0], common[1])) return []
  return [toolChange('tool-order-changed', '', 'The order of the tools changed.')]
}
