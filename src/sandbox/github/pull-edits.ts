import type { By } from './context.ts'
import { record } from './events.ts'
import { mergeBase } from './git-history.ts'
import { shaOf } from './git-reading.ts'
import type { Hub } from './hub.ts'
import { invalid, unprocessable } from './problems.ts'
import { emitPull } from './pull-facts.ts'
import type { AutoMerge, PullIssue, Repository } from './repository-state.ts'

/** Another base: `base_ref_changed`, or `automatic_base_change_succeeded` when the old base was merged and deleted. */
export async function retargetPull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  base: string,
  by: By,
  automatic = false,
): Promise<void> {
  const { pull } = issue
  const sha = await shaOf(repository.git, `refs/heads/${base}`)
  if (!sha) throw invalid([{ resource: 'PullRequest', field: 'base', code: 'invalid' }])
  if (issue.state === 'closed') {
    const message = 'Cannot change the base branch of a closed pull request.'
    throw invalid([{ resource: 'PullRequest', field: 'base', code: 'invalid', message }])
  }
  if (base === pull.baseRef) return
  if ((await mergeBase(repository.git, sha, pull.headSha)) === pull.headSha) {
    throw unprocessable(
      `There are no new commits between base branch '${base}' and head branch '${pull.headRef}'`,
    )
  }
  const from = { ref: { from: pull.baseRef }, sha: { from: pull.baseSha } }
  const queued = repository.queues.get(pull.baseRef)
  if (queued?.entries.some(({ number }) => number === issue.number)) {
    hub.background.rebuildQueue(repository, pull.baseRef, { leaving: issue.number, by })
  }
  pull.baseRef = base
  pull.baseSha = sha
  record(hub, issue, automatic ? 'automatic_base_change_succeeded' : 'base_ref_changed', by)
  if (pull.autoMerge) await setAutoMerge(hub, repository, issue, null, by)
  await emitPull(hub, repository, issue, 'edited', by, { changes: { base: from } })
}

export async function setDraft(hub: Hub, repository: Repository, issue: PullIssue, draft: boolean, by: By) {
  if (issue.pull.draft === draft) return
  issue.pull.draft = draft
  const action = draft ? 'converted_to_draft' : 'ready_for_review'
  record(hub, issue, draft ? 'convert_to_draft' : action, by)
  if (draft && issue.pull.autoMerge) await setAutoMerge(hub, repository, issue, null, by)
  await emitPull(hub, repository, issue, action, by)
}

export async function setAutoMerge(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  params: AutoMerge | null,
  by: By,
): Promise<void> {
  issue.pull.autoMerge = params
  const action = params ? 'auto_merge_enabled' : 'auto_merge_disabled'
  record(hub, issue, action, by)
  await emitPull(hub, repository, issue, action, by, params ? {} : { reason: 'Auto-merge was turned off' })
  if (params) hub.background.autoMerge(repository, issue)
}

/** Title and body, as `PATCH …/pulls/{n}` and `PATCH …/issues/{n}` change them. */
export async function editPull(
  hub: Hub,
  repository: Repository,
  issue: PullIssue,
  edit: { title?: string | undefined; body?: string | null | undefined },
  by: By,
): Promise<void> {
  const changes: Record<string, { from: string }> = {}
  if (edit.title !== undefined && edit.title !== issue.title) {
    changes.title = { from: issue.title }
    record(hub, issue, 'renamed', by, { detail: { rename: { from: issue.title, to: edit.title } } })
    issue.title = edit.title
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    changes.body = { from: issue.body ?? '' }
    issue.body = edit.body
  }
  if (Object.keys(changes).length === 0) return
  issue.updatedAt = hub.clock()
  await emitPull(hub, repository, issue, 'edited', by, { changes })
}
