/** What both generations of the SDK are reduced to: raw requests over an open connection. */
export type RequestLimits = {
  /** Milliseconds without a word from the server. */
  timeout: number
  /** Milliseconds in all, however much progress the server reports. */
  maxTotal: number
  signal: AbortSignal
}

export type Connection = {
  era: '2025' | '2026'
  server: { name: string; version: string }
  protocolVersion: string
  capabilities: unknown
  request: (method: string, params: Record<string, unknown>, limits: RequestLimits) => Promise<unknown>
  /** Asks for a sign of life; true where one came. */
  probe: (limits: RequestLimits) => Promise<boolean>
  noise?: () => number
  close: () => Promise<void>
}

export const CLIENT = { name: 'release-gate', version: '0.1.0' }
