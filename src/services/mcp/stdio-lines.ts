import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'

/** Splits what a command prints into lines. The reader answers false once a line is longer than `maxBytes`. */
export function lineReader(maxBytes: number, onLine: (line: Buffer) => void): (chunk: Buffer) => boolean {
  let begun: Buffer[] = []
  let bytes = 0
  return (chunk) => {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...begun, chunk.subarray(from, end)])
      if (line.length > maxBytes) return false
      ;[begun, bytes, from] = [[], 0, end + 1]
      onLine(line)
    }
    begun.push(chunk.subarray(from))
    bytes += chunk.length - from
    return bytes <= maxBytes
  }
}

/** `noise` is a stray line of a log; `malformed` is what was meant as a message and is none. */
export type Line =
  | { kind: 'message'; message: JSONRPCMessage }
  | { kind: 'malformed'; reason: string }
  | { kind: 'noise' }

export function readLine(line: Buffer): Line {
  const text = line.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return isMeantAsMessage(text)
      ? { kind: 'malformed', reason: whyUnreadable(text, error) }
      : { kind: 'noise' }
  }
  const read = JSONRPCMessageSchema.safeParse(value)
  if (read.success) return { kind: 'message', message: read.data }
  if (![value].flat().some(hasMembersOfMessage)) return { kind: 'noise' }
  const reason = Array.isArray(value)
    ? 'a batch, which MCP does not support'
    : 'the message has the wrong members'
  return { kind: 'malformed', reason }
}

function isMeantAsMessage(text: string): boolean {
  return /^\uFEFF?\s*(\[\s*)?\{/.test(text) && text.includes('"jsonrpc"')
}

function whyUnreadable(text: string, error: unknown): string {
  if (text.startsWith('\uFEFF')) return 'it begins with a byte order mark'
  return error instanceof Error ? error.message : String(error)
}

function hasMembersOfMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return 'jsonrpc' in value || ('id' in value && ('result' in value || 'error' in value))
}
