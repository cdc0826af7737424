import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'

/** So many deliveries are kept as the causes of one change. */
const most = 10

/** SQL for the causes of a row with one more: the delivery `guid`, heard at `generation`. Nothing is added where there is no delivery. */
export function withCause(causes: string, generation: string, guid: string): string {
  const all = `${causes} || (${generation} || ' ' || ${guid}::text)`
  return `CASE WHEN ${guid}::text IS NULL THEN ${causes} ELSE (${all})[cardinality(${causes}) - ${most - 2}:] END`
}

/** SQL for the causes that an evaluation of this generation does not know. */
export function causesAfter(causes: string, generation: string): string {
  return `ARRAY(SELECT cause FROM unnest(${causes}) AS cause WHERE split_part(cause, ' ', 1)::bigint > ${generation})`
}

/** The ids of the deliveries that changed a pull request before an evaluation of this generation began. */
export async function causesBefore(db: Queryable, pull: PullRef, generation: number): Promise<string[]> {
  const rows = await db.query<{ guid: string }>(
    `SELECT DISTINCT split_part(cause, ' ', 2) AS guid FROM (
       SELECT unnest(causes) AS cause FROM release_gate.verdicts WHERE installation_id = $1 AND repository_id = $2 AND number = $3
       UNION ALL
       SELECT unnest(causes) FROM release_gate.unjudged WHERE installation_id = $1 AND repository_id = $2 AND number = $3
     ) AS all_causes WHERE split_part(cause, ' ', 1)::bigint < $4`,
    [pull.installationId, pull.repositoryId, pull.number, generation],
  )
  return rows.map(({ guid }) => guid)
}
