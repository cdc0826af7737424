import type { ActualTable } from '../decision/row-security.ts'

const tablesQuery = `
  SELECT n.nspname || '.' || c.relname AS "table", c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND (n.nspname = ANY($1) OR n.nspname || '.' || c.relname = ANY($2))
  ORDER BY 1`

const policiesQuery = `
  SELECT schemaname || '.' || tablename AS "table", policyname AS name, lower(cmd) AS command, roles::text[] AS roles,
    permissive = 'PERMISSIVE' AS permissive, qual AS "using", with_check AS "check"
  FROM pg_policies ORDER BY 1, 2`

/**
 * Row-level security of the tables in some schemas, and of some tables elsewhere. Any role may read these catalogs; it needs no
 * grant on a table.
 * @throws where the database cannot be reached.
 */
export async function readRowSecurity(
  url: string,
  { schemas, tables }: { schemas: string[]; tables: string[] },
): Promise<ActualTable[]> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 20_000,
    application_name: 'release-gate',
  })
  // Without a listener a connection that is lost would end this process as well; the query rejects anyway.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('SET default_transaction_read_only = on')
    const found = await client.query<Omit<ActualTable, 'policies'>>(tablesQuery, [schemas, tables])
    const policies = await client.query<ActualTable['policies'][number] & { table: string }>(policiesQuery)
    return found.rows.map((row) => ({
      ...row,
      policies: policies.rows
        .filter(({ table }) => table === row.table)
        .map(({ table: _, ...policy }) => policy),
    }))
  } finally {
    await client.end()
  }
}
