import manifest from '../../../package.json' with { type: 'json' }
import type { Strict } from './strict.ts'

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
  /** How often the server has announced another list of tools. */
  announced: () => number
  strict: Strict
  close: () => Promise<void>
}

/** From this version on there is no `initialize` to ask in, and only SDK 2.x knows how to. Versions are dates. */
export function isModern(protocolVersion: string | undefined): protocolVersion is string {
  return protocolVersion !== undefined && protocolVersion >= '2026-07-28'
}

/** Tells whether we are closing: that breaks off what is still under way, and says nothing about the server. */
export function watchClosing(transport: { close: () => Promise<void> }): () => boolean {
  let closing = false
  const close = transport.close.bind(transport)
  transport.close = () => {
    closing = true
    return close()
  }
  return () => closing
}

export const CLIENT = { name: 'release-gate', version: manifest.version }
