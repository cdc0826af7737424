import type { PullRef } from '../../decision/snapshot.ts'
import type { Queryable } from '../database.ts'
import { withCause } from './causes.ts'
import { savePending } from './pending.ts'
import { type PullColumns, pullOf } from './rows.ts'

/**
 * Which stored pull requests something concerns; what is left out does not narrow it. `personId`: those whose facts name the
 * account, as author, reviewer, committer or the one who put a label on. `testedSha`: those with this head, and those with the
 * content that a run on it has tested.
 */
export type Scope = {
  installationId: number
  repositoryId?: number
  headSha?: string
  baseRef?: string
  personId?: number
  testedSha?: string
}

/** A pull request whose stored facts are stale now. `green`: its check may be green and has to be verified first. */
export type Changed = { pull: PullRef; green: boolean }

/** Marks a number of this generation, `next.n`: an evaluation that began before it has read stale facts. `guid`: the delivery that said so. */
const markBy = (guid: string) =>
  `heard = next.n, changed_at = coalesce(v.changed_at, clock_timestamp()), causes = ${withCause('v.causes', 'next.n', guid)}
     FROM (SELECT nextval('release_gate.generation') AS n) AS next`

const isGreen = `(v.state = 'passed' OR EXISTS (
  SELECT 1 FROM release_gate.check_runs c
  WHERE c.installation_id = v.installation_id AND c.repository_id = v.repository_id AND c.head_sha = v.head_sha AND c.outstanding))`

type Row = PullColumns & { green: boolean }

/** Marks every open pull request of a scope as changed, and gives them, green ones first. `guid`: the delivery behind it. */
export async function markChanged(db: Queryable, scope: Scope, guid?: string): Promise<Changed[]> {
  const { installationId, repositoryId, headSha, baseRef, personId, testedSha } = scope
  const rows = await db.query<Row>(
    `UPDATE release_gate.verdicts v SET ${markBy('$6')}
     WHERE v.installation_id = $1 AND v.counts
       AND ($2::bigint IS NULL OR v.repository_id = $2) AND ($3::text IS NULL OR v.head_sha = $3)
       AND ($4::text IS NULL OR v.base_ref = $4)
       AND ($5::bigint IS NULL OR v.snapshot::text ~ ('"id":' || $5::bigint || '\\D|"' || $5::bigint || '":'))
       AND ($7::text IS NULL OR v.head_sha = $7 OR EXISTS (
         SELECT 1 FROM release_gate.evidence e
         WHERE e.installation_id = v.installation_id AND e.repository_id = v.repository_id AND e.head_sha = $7
           AND strpos(v.snapshot::text, '"tree":"' || e.tree_sha || '"') > 0))
     RETURNING v.installation_id, v.repository_id, v.owner, v.repo, v.number, ${isGreen} AS green`,
    [
      installationId,
      repositoryId ?? null,
      headSha ?? null,
      baseRef ?? null,
      personId ?? null,
      guid ?? null,
      testedSha ?? null,
    ],
  )
  return changedOf(rows)
}

function changedOf(rows: Row[]): Changed[] {
  const changed = rows.map((row) => ({ pull: pullOf(row), green: row.green }))
  return changed.sort((a, b) => Number(b.green) - Number(a.green))
}

/**
 * Marks one pull request as changed, and the others with the same head: a new pull request counts for their check. One without
 * a verdict is kept as pending, so that nothing turns green on its head before it has one.
 * @returns all of them, each to be evaluated; the one that is named is green where any check that it concerns may be.
 */
export async function markPullChanged(
  db: Queryable,
  pull: PullRef,
  headSha: string,
  guid?: string,
): Promise<Changed[]> {
  const rows = await db.query<Row>(
    `UPDATE release_gate.verdicts v SET ${markBy('$5')}
     WHERE v.installation_id = $1 AND v.repository_id = $2 AND (v.number = $3 OR (v.counts AND v.head_sha = $4))
     RETURNING v.installation_id, v.repository_id, v.owner, v.repo, v.number, ${isGreen} AS green`,
    [pull.installationId, pull.repositoryId, pull.number, headSha, guid ?? null],
  )
  const others = rows.filter(({ number }) => number !== pull.number)
  if (others.length === rows.length) await savePending(db, pull, { headSha, problem: undefined }, guid)
  return [{ pull, green: rows.some(({ green }) => green) }, ...changedOf(others)]
}

/** Marks pull requests as changed that are known by their numbers, and tells which of them may be green. */
export async function markPullsChanged(
  db: Queryable,
  repository: Omit<PullRef, 'number' | 'requestedBy'>,
  numbers: number[],
  guid?: string,
): Promise<Changed[]> {
  const rows = await db.query<{ number: number; green: boolean }>(
    `UPDATE release_gate.verdicts v SET ${markBy('$4')}
     WHERE v.installation_id = $1 AND v.repository_id = $2 AND v.number = ANY ($3::integer[])
     RETURNING v.number, ${isGreen} AS green`,
    [repository.installationId, repository.repositoryId, numbers, guid ?? null],
  )
  const green = new Set(rows.filter((row) => row.green).map(({ number }) => number))
  const { installationId, repositoryId, owner, repo } = repository
  return numbers
    .map((number) => ({
      pull: { installationId, repositoryId, owner, repo, number },
      green: green.has(number),
    }))
    .sort((a, b) => Number(b.green) - Number(a.green))
}

/** An evaluation that found nothing to decide knows all that was heard before it began. */
export async function markChangeEvaluated(db: Queryable, pull: PullRef, generation: number): Promise<void> {
  await db.query(
    `UPDATE release_gate.verdicts SET changed_at = NULL, causes = '{}'
     WHERE installation_id = $1 AND repository_id = $2 AND number = $3 AND coalesce(heard, 0) < $4`,
    [pull.installationId, pull.repositoryId, pull.number, generation],
  )
}

/**
 * A repository or an installation is out of reach: the App was removed or suspended there. Its green checks take no place among
 * those that have to be revoked in time. What was open is still known, so that what is merged meanwhile is recorded later.
 */
export async function excludeGreensFromRevocation(db: Queryable, scope: Reach): Promise<void> {
  await db.query(`UPDATE release_gate.check_runs SET outstanding = false WHERE ${inReach}`, valuesOf(scope))
}

/** A repository was archived or deleted: nothing is open there anymore. */
export async function closeAll(db: Queryable, scope: Reach): Promise<void> {
  await excludeGreensFromRevocation(db, scope)
  await db.query(
    `UPDATE release_gate.verdicts SET counts = false, changed_at = NULL WHERE ${inReach}`,
    valuesOf(scope),
  )
  await db.query(`DELETE FROM release_gate.unjudged WHERE ${inReach}`, valuesOf(scope))
}

type Reach = Pick<Scope, 'installationId' | 'repositoryId'>

const inReach = 'installation_id = $1 AND ($2::bigint IS NULL OR repository_id = $2)'

function valuesOf({ installationId, repositoryId }: Reach): unknown[] {
  return [installationId, repositoryId ?? null]
}
