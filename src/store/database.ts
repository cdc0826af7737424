import type { Client, ClientBase } from 'pg'
import type { Db } from 'pg-boss'
import type { Logger } from 'pino'

/** What the database tells: lost connections and failed upkeep. */
export type DatabaseLog = Pick<Logger, 'error' | 'info'>

/**
 * Runs one statement with `$1`-style values and gives its rows. `bigint` columns come as numbers (ids of GitHub are
 * far below 2^53), `json` columns parsed, `timestamptz` as `Date`, `bytea` as `Uint8Array`.
 */
export type Query = <Row = Record<string, unknown>>(sql: string, values?: unknown[]) => Promise<Row[]>

/**
 * One open transaction. Inside it, use nothing but it: on PGlite a call to the database itself would wait forever. Statements run in the
 * order in which they are asked for, also where none waits for the one before: that saves a round trip to the server.
 */
export type Transaction = {
  query: Query
  /** Runs several statements without values. */
  script: (sql: string) => Promise<void>
  /** For pg-boss's `{ db }`, so that a job commits or rolls back with the rows beside it. */
  boss: Db
}

/** How pg-boss reaches this database. */
export type BossConnection =
  | { backend: 'pglite'; db: Db }
  | {
      backend: 'postgres'
      Client: typeof Client
      connectionString: string
      max: number
      /** Milliseconds until a query that is not answered fails, and its connection is given up. */
      query_timeout: number
      /** Called by the pool with each new connection. */
      onConnect: (client: ClientBase) => void
    }

export type Database = {
  kind: 'pglite' | 'postgres'
  query: Query
  /**
   * Commits what `work` did when it resolves, and rolls all of it back when it throws. Where Postgres ended it in favor of another
   * transaction that waited for it (a deadlock), `work` runs again: outside of the transaction it must have no effect. `limits: 'none'`: for
   * what may take minutes on a large database, where a statement must not be ended for being slow; it does not run again.
   */
  transaction: <T>(work: (tx: Transaction) => Promise<T>, options?: { limits?: 'none' }) => Promise<T>
  boss: BossConnection
  /** PGlite: writes all data to one file, from which `restoreFrom` opens a new folder. Postgres: use `pg_dump`. */
  backup: (file: string) => Promise<void>
  close: () => Promise<void>
}

export type DatabaseOptions = (
  | {
      /** A folder for PGlite, or `memory://`, which is gone at the end. */
      dataDir: string
      /** What `backup` wrote; only into a folder that holds no database yet. */
      restoreFrom?: Blob
    }
  | { url: string }
) & {
  log?: DatabaseLog
  /** The folder of SQL files; another one only in tests of the migrations themselves. */
  migrations?: URL
}

/** A database or an open transaction on it: what the services that read and write rows take. */
export type Queryable = Pick<Transaction, 'query'>

/** Runs `work` in a transaction of its own on a database, or within the one that is already open. */
export function inTransaction<T>(
  db: Database | Transaction,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return 'transaction' in db ? db.transaction(work) : work(db)
}
