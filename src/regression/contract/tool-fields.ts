import type { ContractChange, RawTool } from './change.ts'
import { visible } from './hidden-characters.ts'
import { equal, isObject, member } from './json.ts'
import type { ToolRule } from './rules.ts'
import { toolChange } from './tool-change.ts'
import { wordDiff } from './word-diff.ts'

/** Everything in a tool besides its two schemas. */
export function diffFields(old: RawTool, next: RawTool): ContractChange[] {
  return [...description(old, next), ...annotations(old, next), ...tasks(old, next), ...others(old, next)]
}

/** A model picks the tool by its description, so a different wording can route calls elsewhere. */
function description(old: RawTool, next: RawTool): ContractChange[] {
  if (equal(old.description, next.description)) return []
  const changed = wordDiff(String(old.description ?? ''), String(next.description ?? ''))
  return [toolChange('description-changed', next.name, `routing: the description changed: ${changed}`)]
}

type Hint = { key: string; unset: boolean; worse?: { from: boolean; rule: ToolRule } }

/** The defaults of the protocol: a client assumes the worst of a tool that declares nothing. */
const hints: readonly Hint[] = [
  { key: 'readOnlyHint', unset: false, worse: { from: true, rule: 'read-only-lost' } },
  { key: 'destructiveHint', unset: true, worse: { from: false, rule: 'destructive-gained' } },
  { key: 'idempotentHint', unset: false, worse: { from: true, rule: 'idempotent-lost' } },
  { key: 'openWorldHint', unset: true },
]

function annotations(old: RawTool, next: RawTool): ContractChange[] {
  const changes = hints.flatMap((hint) => {
    const [was, is] = [effective(old, hint), effective(next, hint)]
    if (was === is) return []
    // For a read-only tool, the other two hints have no meaning in the protocol.
    const moot = hint.key !== 'readOnlyHint' && effective(next, readOnly)
    const rule = hint.worse?.from === was && !moot ? hint.worse.rule : 'hint-changed'
    return [toolChange(rule, next.name, `The effective ${hint.key} changed from ${was} to ${is}.`)]
  })
  const titles = [old, next].map((tool) =>
    isObject(tool.annotations) ? member(tool.annotations, 'title') : undefined,
  )
  if (equal(titles[0], titles[1])) return changes
  return [...changes, toolChange('title-changed', next.name, 'The title among the annotations changed.')]
}

const readOnly: Hint = { key: 'readOnlyHint', unset: false }

function effective(tool: RawTool, hint: Hint): boolean {
  const value = isObject(tool.annotations) ? member(tool.annotations, hint.key) : undefined
  return typeof value === 'boolean' ? value : hint.unset
}

/**
 * `execution.taskSupport`: a tool that requires tasks rejects a call without one, and a tool that forbids them one with it. Only
 * `optional` accepts both. https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks
 */
function tasks(old: RawTool, next: RawTool): ContractChange[] {
  const [was, is] = [old, next].map(taskSupport)
  const rule =
    is === 'required' ? 'task-required' : is === 'optional' ? 'task-support-changed' : 'task-support-lost'
  const rest = [old, next].map((tool) =>
    isObject(tool.execution) ? { ...tool.execution, taskSupport: null } : { taskSupport: null },
  )
  return [
    ...(equal(was, is) ? [] : [toolChange(rule, next.name, `Task support changed from ${was} to ${is}.`)]),
    ...(equal(rest[0], rest[1])
      ? []
      : [toolChange('tool-field-changed', next.name, 'The member execution changed.')]),
  ]
}

export function taskSupport({ execution }: RawTool): unknown {
  return (isObject(execution) ? execution.taskSupport : undefined) ?? 'forbidden'
}

const comparedElsewhere = new Set([
  'name',
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
  'execution',
])
const display: Readonly<Record<string, ToolRule>> = {
  title: 'title-changed',
  icons: 'icons-changed',
  _meta: 'meta-changed',
}

function others(old: RawTool, next: RawTool): ContractChange[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])].filter(
    (key) => !comparedElsewhere.has(key),
  )
  return keys
    .filter((key) => !equal(member(old, key), member(next, key)))
    .map((key) => {
      const rule = Object.hasOwn(display, key) ? display[key] : undefined
      return toolChange(rule ?? 'tool-field-changed', next.name, `The member ${visible(key)} changed.`)
    })
}
