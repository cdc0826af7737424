import type { Queryable } from './database.ts'
import { latestBaseline } from './evidence.ts'

type Repository = { installationId: number; repositoryId: number }

/**
 * The tools that are older than the gate `runbooks`: those of the last release when it was first evaluated. The first call
 * stores them; a release afterwards changes nothing.
 */
export async function toolsExemptFromRunbooks(
  db: Queryable,
  repository: Repository,
  server: string,
  { namesIn, now }: { namesIn: (recorded: string) => string[]; now: Date },
): Promise<string[]> {
  const known = await startOf(db, repository, server)
  if (known) return known
  const baseline = await latestBaseline(db, repository, server)
  const tools = baseline ? namesIn(baseline.recorded) : []
  await db.query(
    `INSERT INTO release_gate.runbook_starts (installation_id, repository_id, server, tools, since)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [repository.installationId, repository.repositoryId, server, JSON.stringify(tools), now],
  )
  return (await startOf(db, repository, server)) ?? tools
}

async function startOf(
  db: Queryable,
  { installationId, repositoryId }: Repository,
  server: string,
): Promise<string[] | undefined> {
  const [row] = await db.query<{ tools: string }>(
    `SELECT tools FROM release_gate.runbook_starts
     WHERE installation_id = $1 AND repository_id = $2 AND server = $3`,
    [installationId, repositoryId, server],
  )
  return row && JSON.parse(row.tools)
}
