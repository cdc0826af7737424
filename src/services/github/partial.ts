import { z } from 'zod'
import type { GitHub } from './client.ts'
import { isGone } from './gone.ts'
import { isLimit } from './limits.ts'

/** An error of a GraphQL answer; `path` leads to what could not be given. */
export type PartError = { type: string; message: string; path: (string | number)[] }

/** Rows of an answer by their place in the question: each is there, or says why it is not. */
export type Row<Value> = { value: Value } | { problem: string }

const errorShape = z.object({
  type: z.string().default('UNKNOWN'),
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])).default([]),
})
const partial = z.object({ data: z.record(z.string(), z.unknown()), errors: z.array(errorShape).min(1) })

/**
 * Asks GitHub by GraphQL and takes what it gives where it gives a part. Octokit throws such an answer away, so one repository
 * that may not be read would hide all others.
 * @throws where nothing was given.
 */
export async function askInParts(
  github: GitHub,
  query: string,
  variables: Record<string, unknown>,
): Promise<{ data: Record<string, unknown>; errors: PartError[] }> {
  try {
    return {
      data: (await github.graphql<Record<string, unknown> | null>(query, variables)) ?? {},
      errors: [],
    }
  } catch (error) {
    const { data, errors } = (error ?? {}) as { data?: unknown; errors?: unknown }
    const read = partial.safeParse({ data, errors })
    if (!read.success) throw error
    return read.data
  }
}

/** A query that fails as a whole is a problem of each repository that it asked for, and stops no other one. A limit is thrown. */
export async function orProblems<Value>(
  asked: unknown[],
  query: Promise<Row<Value>[]>,
): Promise<Row<Value>[]> {
  try {
    return await query
  } catch (error) {
    if (isLimit(error) || isGone(error)) throw error
    const problem = error instanceof Error ? error.message : String(error)
    return asked.map(() => ({ problem }))
  }
}

/**
 * The rows of `nodes(ids:)`, in the order of the ids. A row with any error in it is not known, whatever else it holds: half a
 * row must never pass for "nothing changed".
 * @throws where an error concerns no row, or the rows are not those that were asked for.
 */
export function rowsOf<Shape extends z.ZodType>(
  { data, errors }: { data: Record<string, unknown>; errors: PartError[] },
  count: number,
  shape: Shape,
): Row<z.output<Shape>>[] {
  const nodes = z.array(z.unknown()).length(count).parse(data.nodes)
  const elsewhere = errors.find(({ path }) => path[0] !== 'nodes' || typeof path[1] !== 'number')
  if (elsewhere) throw new Error(`GitHub did not answer: ${told(elsewhere)}`)
  return nodes.map((node, index) => {
    const error = errors.find(({ path }) => path[1] === index)
    if (error) return { problem: told(error) }
    const read = shape.safeParse(node)
    return read.success
      ? { value: read.data }
      : { problem: `GitHub's answer is not as documented: ${whatIn(read.error)}` }
  })
}

function told({ type, message }: PartError): string {
  return `${type}: ${message.slice(0, 200)}`
}

function whatIn({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'the row'}: ${issue?.message}`
}
