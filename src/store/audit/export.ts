import canonicalize from 'canonicalize'
import type { AuditRecord, StoredRecord } from '../audit.ts'

/** A record as a line of an export: its canonical JSON (RFC 8785), the very text that the hash covers and the two hashes beside it. */
export function lineOf(record: AuditRecord): string {
  return `${canonicalize({ ...record, at: record.at.toISOString() })}\n`
}

/** Splits text at line feeds alone. Node's readline also splits at U+2028, which a title in a record may hold. */
export async function* linesIn(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = ''
  for await (const part of parts) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/**
 * Reads the lines of an export back.
 * @throws with the number of the line, when one is not what `lineOf` writes.
 */
export async function* recordsIn(lines: AsyncIterable<string>): AsyncGenerator<StoredRecord> {
  let number = 0
  for await (const line of lines) {
    number += 1
    const record = recordOf(line)
    if (!record) throw new Error(`Line ${number} is not a record of \`release-gate audit export\`.`)
    yield record
  }
}

function recordOf(line: string): StoredRecord | undefined {
  try {
    return parsed(line)
  } catch {
    return undefined
  }
}

/** @throws for what is not JSON, or not canonical JSON: half a surrogate pair, a number without an end. */
function parsed(line: string): StoredRecord | undefined {
  const value: unknown = JSON.parse(line)
  if (!isRecord(value)) return undefined
  const { installationId, kind, seq, previousHash, hash, body } = value
  const text = canonicalize(body)
  const at = new Date(value.at)
  if (text === undefined || Number.isNaN(at.getTime())) return undefined
  // Any other spelling, an unknown key, or the same key twice would be text that no hash covers.
  const record = { installationId, kind, seq, previousHash, hash, at }
  return lineOf({ ...record, body }) === `${line}\n` ? { ...record, text } : undefined
}

type Line = Omit<AuditRecord, 'at'> & { at: string }

function isRecord(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false
  const { at, body, hash, installationId, kind, previousHash, seq } = value as Record<string, unknown>
  return (
    [at, hash, kind, previousHash].every((each) => typeof each === 'string') &&
    [installationId, seq].every(Number.isSafeInteger) &&
    Number(seq) > 0 &&
    typeof body === 'object' &&
    body !== null
  )
}
