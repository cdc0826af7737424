import { createHash } from 'node:crypto'
import pg from 'pg'
import type { DatabaseLog } from '../database.ts'

/** Postgres keeps what was prepared for as long as a connection is open, so texts without end must not fill its memory. */
const mostStatements = 300

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: a prepared statement does not exist, or exists already. */
const ON_ANOTHER_CONNECTION = ['26000', '42P05']

const POOLED =
  'DATABASE_URL leads to a pooler that gives each transaction another connection. The bot works, but it finds new jobs up to half a second late, and costs the database more. Use the session mode of the pooler, or the server itself'

type Statement = { text: string; values?: unknown[]; name?: string }
type Callback = (error: unknown, answer: unknown) => void

export type Preparing = {
  Client: typeof pg.Client
  /** Whether a statement failed for being prepared. It had no effect, and is not prepared when it is asked for again. */
  failedBy: (error: unknown) => boolean
}

/**
 * A client that has Postgres prepare each statement once per connection: to parse and plan one takes longer than to run
 * it. Where a pooler mixes the connections up, which an error tells, nothing is prepared from then on. A name is a hash of its
 * text, so that it means the same statement to whatever process shares the connection.
 */
export function preparingClient(log?: DatabaseLog): Preparing {
  const names = new Map<string, string | undefined>()
  let pooled = false
  const nameOf = (text: string): string | undefined => {
    if (!names.has(text) && names.size < mostStatements)
      names.set(text, `release_gate_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`)
    return pooled ? undefined : names.get(text)
  }
  const failedBy = (error: unknown): boolean => {
    if (hasOtherColumns(error)) return true
    if (!ON_ANOTHER_CONNECTION.includes(fieldsOf(error).code ?? '')) return false
    if (!pooled) log?.error({ problem: String(error) }, POOLED)
    pooled = true
    return true
  }
  class PreparingClient extends pg.Client {
    // pg declares nine ways to ask, of which two are used: a text and its values, or an object of both.
    override query(asked: unknown, values?: unknown, callback?: unknown) {
      const run = (super.query as (...given: unknown[]) => unknown).bind(this)
      const statement = statementOf(asked, values)
      const name = statement && nameOf(statement.text)
      if (!statement || name === undefined) return run(asked, values, callback) as never
      const note = (error: unknown) => {
        if (hasOtherColumns(error)) names.set(statement.text, undefined)
      }
      // The pool answers to a callback what runs outside of a transaction, so that it can simply be asked for again.
      const again = (error: unknown, answer: unknown) => {
        note(error)
        if (failedBy(error)) run(statement, undefined, callback)
        else (callback as Callback)(error, answer)
      }
      const result = run({ ...statement, name }, undefined, callback ? again : undefined)
      if (result instanceof Promise) result.catch(note)
      return result as never
    }
  }
  return { Client: PreparingClient, failedBy }
}

/** A column was added to a table of which all are asked for, as an upgrade does while other processes run. */
function hasOtherColumns(error: unknown): boolean {
  const { code, routine } = fieldsOf(error)
  return code === '0A000' && routine === 'RevalidateCachedQuery'
}

function fieldsOf(error: unknown): Partial<pg.DatabaseError> {
  return error instanceof pg.DatabaseError ? error : {}
}

/** Several statements in one text cannot be prepared; they have no values. */
function statementOf(asked: unknown, values: unknown): Statement | undefined {
  const statement = (
    typeof asked === 'string' ? { text: asked, values } : (asked ?? {})
  ) as Partial<Statement>
  const { text, values: given = [], name } = statement
  if (typeof text !== 'string' || !Array.isArray(given) || name !== undefined) return undefined
  return given.length > 0 || /^\s*(SELECT|WITH)\b[^;]*$/.test(text) ? { ...statement, text } : undefined
}
