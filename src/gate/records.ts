import type { Verdict } from '../decision/verdict.ts'
import { appendRecord } from '../store/audit.ts'
import type { Head } from '../store/check-runs.ts'
import type { Database, Transaction } from '../store/database.ts'
import type { StoredMonitor } from '../store/monitors.ts'
import type { StoredVerdict } from '../store/verdicts.ts'
import type { Published } from './check-writer.ts'

/** What was decided, from which facts, under which policy: enough to decide it again with `release-gate decide`. */
export async function appendDecided(tx: Transaction, stored: StoredVerdict, verdict: Verdict): Promise<void> {
  const { pull, headSha, state, source, policy, snapshot, decidedAt } = stored
  const findings = verdict.findings.map(({ gate, state: finding, title, reason }) => ({
    gate,
    state: finding,
    title,
    reason,
  }))
  const { where, blob, valid } = source
  await appendRecord(tx, {
    installationId: pull.installationId,
    kind: 'decided',
    at: decidedAt,
    body: {
      pull,
      head: headSha,
      state,
      findings,
      ...(verdict.reportOnly ? { reportOnly: verdict.reportOnly } : {}),
      ...(verdict.override ? { override: verdict.override } : {}),
      policy: { where, blob, valid, settings: policy ?? null },
      snapshot,
    },
  })
}

/** What was written to GitHub, after it was. */
export async function appendPublished(
  db: Database,
  head: Head,
  published: Published,
  at: Date,
): Promise<void> {
  const { installationId, repositoryId, owner, repo, sha } = head
  await appendRecord(db, {
    installationId,
    kind: 'published',
    at,
    body: {
      repository: { id: repositoryId, owner, repo },
      head: sha,
      pulls: published.pulls,
      checkRun: published.runId,
      state: published.state,
      title: published.title,
      ...(published.monitors && { monitors: published.monitors.map(written) }),
    },
  })
}

function written({ id, state, readAt }: StoredMonitor) {
  return { id, state, readAt: readAt?.toISOString() ?? null }
}
