import pg from 'pg'
import type { Database, DatabaseLog, Transaction } from '../database.ts'
import { type Preparing, preparingClient } from './preparing-client.ts'

const INT8 = 20

/** Connections that prepare their statements, and what runs on them. The caller ends the pool. */
export type DatabasePool = Pick<Database, 'query' | 'transaction'> & {
  pool: pg.Pool
  Client: typeof pg.Client
}

export function openPool(config: pg.PoolConfig, log?: DatabaseLog): DatabasePool {
  const preparing = preparingClient(log)
  const { Client } = preparing
  const pool = new pg.Pool({
    ...config,
    Client,
    // Statements of a transaction that need no answer of each other are sent together.
    pipeline: true,
    types: { getTypeParser: parserOf },
  })
  // Without a listener a connection that the server ends while idle would end this process as well.
  pool.on('error', (error) => log?.error({ err: error }, 'A connection to Postgres was lost'))
  pool.on('connect', listenToErrors)
  return {
    pool,
    Client,
    query: (sql, values) => repeatWithoutEffect(preparing, async () => (await pool.query(sql, values)).rows),
    transaction: (work, { limits } = {}) =>
      limits === 'none'
        ? transact(pool, work, limits)
        : repeatWithoutEffect(preparing, () => transact(pool, work, undefined)),
  }
}

/**
 * A server that restarts can end a connection in the same packet that says it is ready. The pool hands the connection out at once
 * and stops listening to it, but whoever awaits it hears of it only after the whole packet: the error in between would end this
 * process. Whatever the connection is used for next fails with the same error.
 */
export function listenToErrors(client: pg.ClientBase): void {
  client.on('error', () => undefined)
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: class 40, a transaction to be repeated. */
const ENDED_FOR_ANOTHER = ['40P01', '40001']
const mostAttempts = 4

/**
 * Runs again what had no effect. Two that update several rows in different orders may wait for each other, until Postgres ends one of
 * them after a second. What failed for being prepared is not prepared again.
 */
async function repeatWithoutEffect<T>({ failedBy }: Preparing, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      const isUndone = ENDED_FOR_ANOTHER.includes(code) || failedBy(error)
      if (attempt >= mostAttempts || !isUndone) throw error
    }
  }
}

async function transact<T>(
  pool: pg.Pool,
  work: (tx: Transaction) => Promise<T>,
  limits: 'none' | undefined,
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    const begun = client.query('BEGIN')
    begun.catch(() => undefined)
    if (limits === 'none') await client.query('SET LOCAL statement_timeout = 0')
    const result = await work(asTransaction(client, begun, limits === 'none' ? longest : undefined))
    await begun
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((rollback) => onError(rollback))
    throw error
  } finally {
    client.removeListener('error', onError)
    client.release(broken)
  }
}

/**
 * The client's own limit cannot be switched off for one query: 0 stands for the one of the pool. What may take minutes is not prepared, since it
 * does not run again where that fails.
 */
const longest = 2 ** 31 - 1

/** `begun`: the first statement is sent together with BEGIN, and fails if that does. */
function asTransaction(client: pg.PoolClient, begun: Promise<unknown>, limit?: number): Transaction {
  const run = async (text: string, values?: unknown[]) => {
    const options = { text, ...(values && { values }), ...(limit && { query_timeout: limit, name: '' }) }
    const [answer] = await Promise.all([client.query(options), begun])
    return answer
  }
  return {
    query: async (sql, values) => (await run(sql, values)).rows,
    script: async (sql) => {
      await run(sql)
    },
    boss: { executeSql: run },
  }
}

/** GitHub's ids are far below 2^53, so a bigint is a number here, as PGlite gives it. */
const parserOf = ((oid: number, format?: 'text') =>
  oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser
