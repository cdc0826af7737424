import { plain } from './exact-json.ts'
import type { RawResult } from './outcome.ts'

/** One rule of the protocol that a value breaks: the place in the value, and what is wrong there. */
export type Issue = { path: readonly PropertyKey[]; message: string }
/** What a client's own schema says of a value; undefined where it takes it. */
export type Check = (value: unknown) => readonly Issue[] | undefined

/** The schemas by which the SDK's own client refuses a tool, and with it the whole list, or the answer to a call. */
export type Checks = { tool: Check; page: Check; result: Check; blocks: Readonly<Record<string, Check>> }

/** What a client that keeps to the protocol refuses, in sentences. */
export type Strict = {
  tool: (tool: unknown) => string[]
  /** A page of `tools/list`, beside its tools. */
  page: (page: object) => string[]
  result: (result: RawResult) => string[]
}

/** The SDK's client reads numbers as doubles, and so do its checks. */
export function strictBy(checks: Checks, compile: (schema: unknown) => string | undefined): Strict {
  return {
    tool(written) {
      const tool = plain(written)
      const found = sentences(checks.tool(tool))
      if (found.length > 0) return found
      const problem = compile((tool as { outputSchema?: unknown }).outputSchema)
      return problem === undefined ? [] : [`outputSchema cannot be compiled: ${problem}`]
    },
    page: (page) => sentences(checks.page({ ...(plain(page) as object), tools: [] })),
    result(written) {
      const result = plain(written) as RawResult
      const blocks = Array.isArray(result.content) ? result.content : []
      const inBlocks = blocks.flatMap((block, index) => blockProblems(checks, block, index))
      const issues = checks.result(result)?.filter(({ path }) => path[0] !== 'content' || path.length === 1)
      return [...new Set([...sentences(issues), ...inBlocks])]
    },
  }
}

/** The schema of all kinds of content says only that none fits, so that the block's own is asked. */
function blockProblems({ blocks }: Checks, block: unknown, index: number): string[] {
  const type = (block as { type?: unknown } | null)?.type
  const check = typeof type === 'string' && Object.hasOwn(blocks, type) ? blocks[type] : undefined
  if (check === undefined) return [`content[${index}] has the unknown type ${shortly(type)}`]
  return sentences(check(block)).map((sentence) => `content[${index}].${sentence}`)
}

function sentences(issues: readonly Issue[] | undefined): string[] {
  return (issues ?? []).map(
    ({ path, message }) => `${pathText(path)}: ${message.replace(/^Invalid input: /, '')}`,
  )
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return text === '' ? 'the whole' : text.replace(/^\./, '')
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? 'none'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
