import { type Anchor, anchorIssue, anchorLine } from './decision/anchor.ts'
import { headsToAnchor, type KeptAnchor, saveAnchor } from './services/audit/anchors.ts'
import type { Database } from './services/database.ts'
import { addLine, anchorIssueNumber } from './services/github/anchor-issues.ts'
import type { GitHub } from './services/github/client.ts'
import { keptPolicies } from './services/policies.ts'
import { reserveWrite } from './write-budget.ts'

export type AnchorShell = {
  database: Database
  github: (installationId: number) => Promise<GitHub>
  now: () => Date
}

/**
 * Writes the newest record of each chain down in an issue, outside of the database whose owner could drop its triggers
 * (rules/ingest.md, "Records"). One that fails keeps no other one waiting.
 */
export async function anchorRecords(shell: AnchorShell): Promise<void> {
  const failures: unknown[] = []
  for (const { head, last } of await headsToAnchor(shell.database)) {
    await anchor(shell, head, last).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Records could not be anchored')
}

async function anchor(shell: AnchorShell, head: Anchor, last: KeptAnchor | undefined): Promise<void> {
  const { database, now } = shell
  const { installationId } = head
  const github = await shell.github(installationId)
  const at = now()
  const wish = anchorIssue(at)
  for (const place of await placesFor(database, installationId, last)) {
    await database.transaction((tx) => reserveWrite(tx, installationId, at, 'say'))
    const issue = await issueOf(github, place, wish, at, last)
    if (!(await addLine(github, place, issue, anchorLine(head, at)))) continue
    return saveAnchor(database, { ...head, ...place, at, issue })
  }
}

type Place = { owner: string; repo: string }

/** The same repository as long as it is there; else the first that has a policy. */
async function placesFor(
  database: Database,
  installationId: number,
  last: KeptAnchor | undefined,
): Promise<Place[]> {
  const known = await keptPolicies(database, installationId)
  const places = [...(last ? [last] : []), ...known]
  return places.map(({ owner, repo }) => ({ owner, repo }))
}

/** Each year has its issue, so that its text stays within what GitHub takes. */
async function issueOf(
  github: GitHub,
  place: Place,
  wish: ReturnType<typeof anchorIssue>,
  at: Date,
  last: KeptAnchor | undefined,
): Promise<number> {
  const same =
    last?.repo === place.repo &&
    last.owner === place.owner &&
    last.at.getUTCFullYear() === at.getUTCFullYear()
  return same ? last.issue : anchorIssueNumber(github, place, wish)
}
