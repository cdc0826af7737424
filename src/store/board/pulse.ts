import type { Queryable } from '../database.ts'

/** A text for each repository that changes whenever something that the board shows of it does. */
export type Pulse = Map<number, string>

/** Reads what every repository looks like now, without any facts: cheap enough to be asked every few seconds. */
export async function pulseOf(db: Queryable): Promise<Pulse> {
  const rows = await db.query<{ id: number; version: string }>(
    `SELECT id, string_agg(part, ' ' ORDER BY part) AS version FROM (
       SELECT repository_id AS id, 'v' || count(*) || ' ' || max(greatest(generation, coalesce(heard, 0))) || ' ' || max(decided_at) AS part
       FROM release_gate.verdicts GROUP BY 1
       UNION ALL SELECT repository_id, 'c' || max(posted_at) FROM release_gate.check_runs GROUP BY 1
       UNION ALL SELECT repository_id, 'u' || count(*) FROM release_gate.unjudged GROUP BY 1
       UNION ALL SELECT repository_id, 'l' || count(*) || ' ' || count(issue_closed_at) FROM release_gate.landings GROUP BY 1
       UNION ALL SELECT repository_id, 'e' || max(seq) FROM release_gate.evidence GROUP BY 1
       UNION ALL SELECT repository_id, 'p' || blob || ' ' || standing || ' ' || coalesce((SELECT max(id) || ' ' || count(ended_at) FROM release_gate.freezes), '')
       FROM release_gate.policies
     ) AS parts GROUP BY id`,
  )
  return new Map(rows.map(({ id, version }) => [id, version]))
}
