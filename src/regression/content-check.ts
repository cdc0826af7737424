import { createHash } from 'node:crypto'
import type { Outcome, RawResult } from '../services/mcp.ts'
import type { BlockExpectation } from './expectation-schema.ts'
import type { Mismatch } from './mismatch.ts'
import { show, textMismatches } from './text-check.ts'

/** Checks images, audio, links and embedded resources: each expected block must be in the answer, in the order of the list. */
export function contentMismatches(outcome: Outcome, expected: readonly BlockExpectation[]): Mismatch[] {
  const blocks =
    'result' in outcome && Array.isArray(outcome.result.content) ? outcome.result.content.map(read) : []
  let from = 0
  return expected.flatMap((wanted, index) => {
    const at = blocks.findIndex((block, place) => place >= from && failures(block, wanted).length === 0)
    if (at !== -1) {
      from = at + 1
      return []
    }
    return [{ where: `content[${index}]`, expected: show(wanted), actual: nearest(blocks, wanted, from) }]
  })
}

/** Describes the blocks of an answer without their data. */
export function describeBlocks({ content }: RawResult): unknown[] {
  return (Array.isArray(content) ? content : []).map((block) => parts(read(block)))
}

type Block = {
  type: string
  mime_type?: string | undefined
  uri?: string | undefined
  name?: string | undefined
  text?: string | undefined
  /** Undefined where there is none, or where the base64 is not well-formed. */
  bytes?: Buffer | undefined
}

/**
 * Each kind of block has its parts in a different place:
 * https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result
 */
function read(value: unknown): Block {
  const block = record(value)
  const inner = block.type === 'resource' ? record(block.resource) : block
  const text = string(inner.text)
  const data = string(block.type === 'resource' ? inner.blob : block.data)
  return {
    type: String(block.type),
    mime_type: string(inner.mimeType),
    uri: string(inner.uri),
    name: string(inner.name),
    text,
    bytes: data === undefined ? (text === undefined ? undefined : Buffer.from(text)) : decoded(data),
  }
}

function decoded(base64: string): Buffer | undefined {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)
    ? Buffer.from(base64, 'base64')
    : undefined
}

/** The differences of a block, by the names that the suite uses. */
function failures(block: Block, wanted: BlockExpectation): string[] {
  const texts = (['text', 'uri', 'name'] as const).filter((key) => {
    const rule = wanted[key]
    const actual = block[key]
    return rule !== undefined && (actual === undefined || textMismatches(actual, rule).length > 0)
  })
  return [
    ...(block.type === wanted.type ? [] : ['type']),
    ...(wanted.mime_type === undefined || sameType(block.mime_type, wanted.mime_type) ? [] : ['mime_type']),
    ...texts,
    ...(wanted.size === undefined || isSize(block.bytes?.length, wanted.size) ? [] : ['size']),
    ...(wanted.sha256 === undefined || hashOf(block.bytes) === wanted.sha256.toLowerCase() ? [] : ['sha256']),
  ]
}

/** Types and parameters of media types are compared without regard to case (RFC 9110, 8.3.1). */
function sameType(actual: string | undefined, wanted: string): boolean {
  return actual?.toLowerCase() === wanted.toLowerCase()
}

function isSize(actual: number | undefined, wanted: NonNullable<BlockExpectation['size']>): boolean {
  if (actual === undefined) return false
  if (typeof wanted === 'number') return actual === wanted
  const { gt = -1, gte = 0, lt = Number.POSITIVE_INFINITY, lte = Number.POSITIVE_INFINITY } = wanted
  return actual > gt && actual >= gte && actual < lt && actual <= lte
}

function hashOf(bytes: Buffer | undefined): string | undefined {
  return bytes && createHash('sha256').update(bytes).digest('hex')
}

/** The closest block and its differences; the types of all blocks if none has the right one. */
function nearest(blocks: readonly Block[], wanted: BlockExpectation, from: number): string {
  const left = blocks.slice(from)
  const [best] = left
    .filter(({ type }) => type === wanted.type)
    .map((block) => ({ block, wrong: failures(block, wanted) }))
    .sort((one, other) => one.wrong.length - other.wrong.length)
  if (best) return `${describe(best.block)}; wrong: ${best.wrong.join(', ')}`
  const types = left.map(({ type }) => type)
  return types.length === 0 ? 'no more blocks' : `only ${types.join(', ')}`
}

function describe(block: Block): string {
  return show(parts(block))
}

function parts({ bytes, ...block }: Block): Record<string, unknown> {
  const all = { ...block, size: bytes?.length, sha256: hashOf(bytes) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
