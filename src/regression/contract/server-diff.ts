import type { ContractChange, RawTool, ToolList } from './change.ts'
import { visible } from './hidden-characters.ts'
import { deeperThan, equal, isObject, type JsonObject, member } from './json.ts'
import { type ToolRule, toolRules } from './rules.ts'
import { taskSupport } from './tool-fields.ts'

export type ServerOptions = {
  /** The protocol versions that clients use. Default: every version that the server used to support. */
  clientProtocolVersions?: readonly string[]
}

/** Protocol versions and capabilities, which apply to all tools of the server. */
export function diffServer(before: ToolList, after: ToolList, options: ServerOptions): ContractChange[] {
  return [
    ...identity(before, after),
    ...versions(before, after, options),
    ...capabilities(before, after.capabilities),
  ]
}

function identity({ server: old }: ToolList, { server: next }: ToolList): ContractChange[] {
  if (old === undefined || next === undefined || equal(old, next)) return []
  const text = ({ name, version }: { name: string; version: string }) => visible(`${name} ${version}`)
  return [serverChange('server-changed', `The server changed from ${text(old)} to ${text(next)}.`)]
}

function serverChange(rule: ToolRule, message: string, path = ''): ContractChange {
  return { severity: toolRules[rule], rule, tool: '', path, side: 'server', message }
}

function versions(before: ToolList, after: ToolList, options: ServerOptions): ContractChange[] {
  const [old, next] = [before.protocolVersions, after.protocolVersions]
  if (old === undefined) return []
  if (next === undefined)
    return [serverChange('protocol-versions-unknown', 'The protocol versions were not read this time.')]
  const missing = old.filter((version) => !next.includes(version))
  const added = next.filter((version) => !old.includes(version))
  const used = options.clientProtocolVersions ?? old
  return [
    ...missing.map((version) => missingVersion(version, after.askedVersions ?? [], used)),
    ...added.map((version) =>
      serverChange('protocol-version-added', `The server now speaks protocol ${visible(version)}.`),
    ),
  ]
}

/** A version counts as dropped only if the server was asked for it, since it may support versions that no session used. */
function missingVersion(version: string, asked: readonly string[], used: readonly string[]): ContractChange {
  const name = `protocol ${visible(version)}`
  if (!asked.includes(version)) {
    const message = `It is not known whether ${name} is still supported, because the server was not asked for it.`
    return serverChange('protocol-version-unknown', message)
  }
  return used.includes(version)
    ? serverChange('protocol-version-dropped', `The server no longer speaks ${name}, which clients use.`)
    : serverChange('protocol-version-unused-dropped', `The server no longer speaks ${name}.`)
}

function capabilities({ capabilities: before, tools }: ToolList, after: unknown): ContractChange[] {
  if (!isObject(before) || after === undefined) return []
  if (deeperThan(after, 96) || deeperThan(before, 96))
    return [serverChange('capability-removed', 'The capabilities cannot be compared.')]
  const next = isObject(after) ? after : {}
  const keys = [...new Set([...Object.keys(before), ...Object.keys(next)])]
  return keys
    .filter((key) => !equal(member(before, key), member(next, key)))
    .map((key) => {
      const name = `The capability ${visible(key)}`
      if (key === 'tasks' && callsTasks(before) && !callsTasks(next) && tools.some(hasTasks))
        return serverChange('tasks-capability-removed', `${name} no longer covers calls of tools.`)
      if (!Object.hasOwn(next, key)) {
        // The client of SDK 2.x lists no tools then, and asks for none.
        const rule = key === 'tools' ? 'tools-capability-removed' : 'capability-removed'
        return serverChange(rule, `${name} is gone.`)
      }
      if (!Object.hasOwn(before, key)) return serverChange('capability-added', `${name} was added.`)
      return serverChange('capability-changed', `${name} changed.`)
    })
}

/** Without it, clients must not call any tool as a task, whatever the tool says. */
function callsTasks(capabilities: JsonObject): boolean {
  const call = ['tasks', 'requests', 'tools', 'call'].reduce<unknown>(
    (value, key) => (isObject(value) ? member(value, key) : undefined),
    capabilities,
  )
  return call !== undefined
}

function hasTasks(tool: RawTool): boolean {
  return taskSupport(tool) !== 'forbidden'
}
