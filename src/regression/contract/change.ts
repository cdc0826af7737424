/** The input and output of a contract diff. Plain data, so a stored diff can be shown again a year later. */

export type Severity = 'breaking' | 'warning' | 'safe' | 'info'
/** Most severe first. */
export const severities: readonly Severity[] = ['breaking', 'warning', 'safe', 'info']

/** Sorts changes by severity, the most severe first. The sort is stable. */
export function mostSevereFirst<T extends { severity: Severity }>(changes: readonly T[]): T[] {
  return severities.flatMap((severity) => changes.filter((change) => change.severity === severity))
}

export type SchemaSide = 'input' | 'output'

/** A tool as the server sent it: unparsed JSON, unknown keys kept. */
export type RawTool = { name: string; [key: string]: unknown }

export type ToolList = {
  /** The server's own name and version. */
  server?: { name: string; version: string }
  /** The protocol versions that the server is known to support. */
  protocolVersions?: readonly string[]
  /** Other versions that it was asked for. It does not support those that are missing from `protocolVersions`. */
  askedVersions?: readonly string[]
  capabilities?: unknown
  tools: RawTool[]
}

export type ContractChange = {
  severity: Severity
  /** Kebab-case id, as used in a waiver: `input-property-removed`, `tool-renamed`. */
  rule: string
  /** The tool's name; empty for a change of the server itself. */
  tool: string
  /**
   * JSON pointer to the place in the tool's arguments or result that the change is about: `/note`, `/lines/0`, `/note/*`. `*`
   * stands for each item of an array and each value of a map. Empty for the whole.
   */
  path: string
  side: SchemaSide | 'tool' | 'server'
  /** One sentence for the reader. */
  message: string
}

/** One step down a JSON pointer (RFC 6901). */
export function childPath(path: string, token: string | number): string {
  return `${path}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
