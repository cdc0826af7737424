import type { Database, DatabaseLog } from '../database.ts'
import { listenToErrors, openPool } from './pool.ts'

const OURS = 8
const JOBS = 6

/** Milliseconds. Where a network drops what is sent over an open connection, nothing else tells for a quarter of an hour. */
const longestQuery = 40_000

/** Opens a pool on any Postgres, Supabase's own included; as many processes as wanted share it. */
export async function openPostgres(options: { url: string; log?: DatabaseLog }): Promise<Database> {
  const { pool, Client, query, transaction } = openPool(
    {
      connectionString: options.url,
      application_name: 'release-gate',
      max: OURS,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      query_timeout: longestQuery,
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
    },
    options.log,
  )
  await pool.query('SELECT 1').catch(async (error) => {
    await pool.end()
    throw new Error(`Postgres cannot be reached: ${error.message}`, { cause: error })
  })
  let closing: Promise<void> | undefined
  return {
    kind: 'postgres',
    query,
    transaction,
    boss: {
      backend: 'postgres',
      Client,
      connectionString: options.url,
      max: JOBS,
      query_timeout: longestQuery,
      onConnect: listenToErrors,
    },
    backup: () => Promise.reject(new Error('This state is in Postgres: back it up with pg_dump.')),
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}
