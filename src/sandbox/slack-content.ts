import type { SlackMetadata } from './slack-workspace.ts'

type Arguments = Record<string, unknown>
export type SlackError = { ok: false; error: string; [more: string]: unknown }
export type Content = { text: string; blocks: unknown[] | undefined; metadata?: SlackMetadata }
type Text = { type?: unknown; text?: unknown }
type Block = { type?: unknown; text?: Text; fields?: Text[]; elements?: (Text & { text?: unknown })[] }

const MOST_BLOCKS = 50
const LONGEST_SECTION = 3_000
const LONGEST_FIELD = 2_000
const MOST_FIELDS = 10
const LONGEST_BUTTON = 75

/**
 * What a message consists of, or Slack's error. `blocks` undefined: none were given. The limits are those of the blocks that are known here:
 * https://docs.slack.dev/reference/block-kit/blocks/
 */
export function readContent(args: Arguments): Content | SlackError {
  const text = typeof args.text === 'string' ? args.text : ''
  const blocks = readJson(args.blocks)
  if (blocks !== undefined && !Array.isArray(blocks)) return failed('invalid_blocks_format')
  if (text === '' && (blocks ?? []).length === 0) return failed('no_text')
  const problem = problemIn(blocks ?? [])
  if (problem) return failed('invalid_blocks', [`[ERROR] ${problem}`])
  const metadata = readJson(args.metadata)
  if (metadata !== undefined && !isMetadata(metadata)) return failed('invalid_metadata_format')
  return { text, blocks, ...(metadata === undefined ? {} : { metadata }) }
}

function problemIn(blocks: Block[]): string | undefined {
  if (blocks.length > MOST_BLOCKS) return `no more than ${MOST_BLOCKS} items allowed [json-pointer:/blocks]`
  for (const [index, block] of blocks.entries()) {
    const problem = problemOf(block)
    if (problem) return `${problem} [json-pointer:/blocks/${index}]`
  }
  return undefined
}

function problemOf({ type, text, fields = [], elements = [] }: Block): string | undefined {
  switch (type) {
    case 'section':
      if (text === undefined && fields.length === 0) return 'missing required field: text'
      if (fields.length > MOST_FIELDS) return `no more than ${MOST_FIELDS} items allowed`
      return (
        (text && lengthProblem(text, LONGEST_SECTION)) ??
        fields.map((field) => lengthProblem(field, LONGEST_FIELD)).find((problem) => problem !== undefined)
      )
    case 'context':
      if (elements.length === 0 || elements.length > 10) return 'between 1 and 10 items are required'
      return elements
        .map((each) => lengthProblem(each, LONGEST_SECTION))
        .find((problem) => problem !== undefined)
    case 'actions':
      if (elements.length === 0 || elements.length > 25) return 'between 1 and 25 items are required'
      return elements
        .map(({ text: label }) => lengthProblem((label ?? {}) as Text, LONGEST_BUTTON))
        .find((problem) => problem !== undefined)
    case 'divider':
      return undefined
    default:
      return `unsupported type: ${String(type)}`
  }
}

function lengthProblem({ text }: Text, longest: number): string | undefined {
  if (typeof text !== 'string' || text === '') return 'must be more than 0 characters'
  return text.length > longest ? `must be less than ${longest + 1} characters` : undefined
}

function isMetadata(given: unknown): given is SlackMetadata {
  const { event_type: type, event_payload: payload } = (given ?? {}) as Partial<SlackMetadata>
  return typeof type === 'string' && type !== '' && typeof payload === 'object' && payload !== null
}

/** Structured arguments come as JSON text in a form, and as they are in JSON. */
function readJson(given: unknown): unknown {
  if (given === undefined || given === '') return undefined
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given)
  } catch {
    return 'not JSON'
  }
}

export function failed(error: string, messages?: string[]): SlackError {
  return { ok: false, error, ...(messages && { response_metadata: { messages } }) }
}
