import type { Queryable } from './database.ts'

/** A rest that a limit of GitHub demands: of what one hourly limit counts, or, after a secondary limit, of everything. */
export type Pause = { resource: 'core' | 'graphql' | 'all'; until: Date }

/** Until when the requests of each installation rest. */
export type Pauses = {
  /** What this process knows. */
  until: (installationId: number, resource: 'core' | 'graphql') => Date | undefined
  /** Keeps a pause for the jobs of all processes. */
  begin: (installationId: number, pause: Pause) => Promise<void>
  /** Takes over what other processes have found out. */
  refresh: (installationId: number) => Promise<void>
}

/**
 * One pause for all jobs of an installation, since a limit counts all of its requests. Kept in the database for other
 * processes, and in memory so that no request asks the database.
 */
export function createPauses(db: Queryable, now: () => Date): Pauses {
  const known = new Map<string, Date>()
  const latest = (installationId: number, resource: string) =>
    known.get(`${installationId} ${resource}`) ?? new Date(0)
  const learn = (installationId: number, { resource, until }: Pause) => {
    if (until > latest(installationId, resource)) known.set(`${installationId} ${resource}`, until)
  }
  return {
    until(installationId, resource) {
      const [one, all] = [latest(installationId, resource), latest(installationId, 'all')]
      const until = one > all ? one : all
      return until > now() ? until : undefined
    },
    async begin(installationId, pause) {
      learn(installationId, pause)
      await db.query(
        `INSERT INTO release_gate.pauses AS pause (installation_id, resource, until) VALUES ($1, $2, $3)
         ON CONFLICT (installation_id, resource) DO UPDATE SET until = greatest(pause.until, excluded.until)`,
        [installationId, pause.resource, pause.until],
      )
    },
    async refresh(installationId) {
      const rows = await db.query<Pause>(
        'SELECT resource, until FROM release_gate.pauses WHERE installation_id = $1 AND until > $2',
        [installationId, now()],
      )
      for (const row of rows) learn(installationId, row)
    },
  }
}

/** Until when something of an installation rests, as all processes know it. */
export async function pausedUntil(
  db: Queryable,
  installationId: number,
  at: Date,
): Promise<Date | undefined> {
  const [row] = await db.query<{ until: Date | null }>(
    'SELECT max(until) AS until FROM release_gate.pauses WHERE installation_id = $1 AND until > $2',
    [installationId, at],
  )
  return row?.until ?? undefined
}
