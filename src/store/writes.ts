import type { Queryable } from './database.ts'

/** Notes that something was written to GitHub; notes older than an hour say nothing any more and go. */
export async function noteWrite(db: Queryable, installationId: number, at: Date): Promise<void> {
  await db.query(`INSERT INTO release_gate.writes (installation_id, at) VALUES ($1, $2)`, [
    installationId,
    at,
  ])
  await db.query(`DELETE FROM release_gate.writes WHERE installation_id = $1 AND at < $2`, [
    installationId,
    new Date(at.getTime() - hour),
  ])
}

const minute = 60_000
const hour = 60 * minute

/** How much was written in the last minute and hour, and when the oldest write of the minute was. */
export type WriteLoad = { lastMinute: number; lastHour: number; oldestOfMinute: Date | undefined }

export async function writeLoad(db: Queryable, installationId: number, now: Date): Promise<WriteLoad> {
  const [row] = await db.query<{ minute: number; hour: number; oldest: Date | null }>(
    `SELECT count(*) FILTER (WHERE at > $2) AS minute, count(*) AS hour, min(at) FILTER (WHERE at > $2) AS oldest
     FROM release_gate.writes WHERE installation_id = $1 AND at > $3`,
    [installationId, new Date(now.getTime() - minute), new Date(now.getTime() - hour)],
  )
  return {
    lastMinute: Number(row?.minute ?? 0),
    lastHour: Number(row?.hour ?? 0),
    oldestOfMinute: row?.oldest ?? undefined,
  }
}
