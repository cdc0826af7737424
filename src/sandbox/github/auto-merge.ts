import { HTTPException } from 'hono/http-exception'
import { hasRole } from './access.ts'
import type { Hub } from './hub.ts'
import { enqueue, queueRule } from './merge-queue.ts'
import { mergeBlock, mergePull } from './merging.ts'
import { openPulls } from './pull-facts.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import { missingChecks } from './requirements.ts'
import { requirementsFor } from './rules.ts'

/**
 * Auto-merge fires at once when the last requirement turns green, right after the answer to the request that turned it.
 * It never passes over a rule, whatever the rights of the one who switched it on; a merge queue gets the pull request instead.
 */
export function tryAutoMerge(hub: Hub, repository: Repository, issue: PullIssue): void {
  if (!issue.pull.autoMerge) return
  hub.later(repository, async () => {
    const params = issue.pull.autoMerge
    if (issue.state !== 'open' || !params || !hasRole(hub, repository, params.userId, 'write')) return
    const by = { userId: params.userId, appId: null }
    const queued = queueRule(hub, repository, issue.pull.baseRef) !== undefined
    if (checksMissing(hub, repository, issue)) return
    if (await mergeBlock(hub, repository, issue, undefined, { ignoreQueue: true })) return
    if (queued) await enqueue(hub, repository, issue, by)
    else await mergePull(hub, repository, issue, by, params).catch(leftWaiting)
  })
}

/** A rule that was changed in between: the pull request goes on waiting. */
function leftWaiting(error: unknown): void {
  if (!(error instanceof HTTPException)) throw error
}

/** Checked first, since it needs no git: most pull requests wait for a check. */
function checksMissing(hub: Hub, repository: Repository, { pull }: PullIssue): boolean {
  const rules = requirementsFor(hub, repository, pull.baseRef)
  return rules.some(({ checks }) => missingChecks(repository, pull.headSha, checks).length > 0)
}

/** Pull requests with this head: one of their checks changed. */
export function tryAutoMergeOf(hub: Hub, repository: Repository, sha: string): void {
  for (const issue of openPulls(repository)) {
    if (issue.pull.headSha === sha) tryAutoMerge(hub, repository, issue)
  }
}
