import { dueDate } from '../decision/due-date.ts'
import { pushNotice } from '../decision/merge-notice.ts'
import type { PushedRange, RepositoryRef } from '../decision/merge-task.ts'
import { covers, type Policy } from '../decision/policy.ts'
import { bypassedByPush, type DirectPush, pushIssue } from '../decision/review-issue.ts'
import type { Person } from '../decision/snapshot.ts'
import { parsePolicy, policyPath } from '../policy-file.ts'
import { appendRecord } from '../services/audit.ts'
import { landingOf, saveLanding } from '../services/follow-ups.ts'
import type { GitHub } from '../services/github/client.ts'
import { type ReadPush, readPush } from '../services/github/landed-commits.ts'
import { readPolicyFile } from '../services/github/policy.ts'
import { lastValidPolicy } from '../services/policies.ts'
import { type MergeShell, repositoryOf } from './shell.ts'

/** GitHub ties a merged commit to its pull request a little after the push is told. */
export const linkMayLag = 2 * 60_000

/**
 * Looks at a push to a covered branch that is two minutes old: commits that belong to no merged pull request, and a
 * rewritten history, are an exception, recorded once (rules/release-window.md, "The moment of merging"). Those whom
 * `push.allowed` lists may push.
 * @returns whether it is an exception, recorded now or before.
 */
export async function recordPush(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  range: PushedRange,
): Promise<boolean> {
  if (await landingOf(shell.database, { repository, key: range.after })) return true
  const { owner, repo } = repository
  const { data } = await github.rest.repos.get({ owner, repo })
  const policy = await policyOf(shell, github, repository)
  if (!policy || !isCovered(policy, range.branch, data.default_branch)) return false
  const read = await readPush(github, repository, range, data.default_branch)
  if (!read || (read.strangers.length === 0 && !read.forced)) return false
  if (isAllowed(read.by, policy === 'broken' ? [] : (policy.push?.allowed ?? []))) return false
  await record(shell, repository, {
    push: pushOf(repository, range, read, shell.now()),
    page: data.html_url,
    policy,
  })
  return true
}

/** A push is judged by the policy that stands on the default branch; by the last valid one, where that is broken. */
async function policyOf(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
): Promise<Policy | 'broken' | undefined> {
  const file = await readPolicyFile(github, repository, policyPath)
  if (!file) return undefined
  const texts = [file.text, await lastValidPolicy(shell.database, repository)]
  for (const text of texts) {
    const read = text === undefined ? undefined : parsePolicy(text)
    if (read?.ok) return read.policy
  }
  return 'broken'
}

/** The default branch is always covered, also where no policy can be read. */
function isCovered(policy: Policy | 'broken', branch: string, defaultBranch: string): boolean {
  return policy === 'broken' ? branch === defaultBranch : covers(policy, branch, defaultBranch)
}

/** By login, an App's being `name[bot]`. Somebody whom GitHub does not name is nobody who is allowed. */
function isAllowed(person: Person | null, allowed: string[]): boolean {
  return person !== null && allowed.some((login) => login.toLowerCase() === person.login.toLowerCase())
}

function pushOf(
  { repositoryId, owner, repo }: RepositoryRef,
  { branch, before, after }: PushedRange,
  { by, at, forced, strangers }: ReadPush,
  now: Date,
): DirectPush {
  return {
    repository: { id: repositoryId, owner, name: repo },
    branch,
    before,
    after,
    forced,
    commits: strangers,
    by,
    at: at === undefined ? now.toISOString() : new Date(at).toISOString(),
  }
}

async function record(
  shell: MergeShell,
  repository: RepositoryRef,
  { push, page, policy }: { push: DirectPush; page: string; policy: Policy | 'broken' },
): Promise<void> {
  const window = policy === 'broken' ? undefined : policy.gates.release_window
  const place = window ?? { time_zone: 'UTC', holidays: undefined }
  const dueAt = dueDate(shell.now(), place)
  await shell.database.transaction(async (tx) => {
    if (await landingOf(tx, { repository, key: push.after })) return
    const body = { ...push, kind: 'pushed', bypassed: bypassedByPush(push) }
    const at = new Date(push.at)
    const { seq } = await appendRecord(tx, {
      installationId: repository.installationId,
      kind: 'exception',
      at,
      body,
    })
    await saveLanding(tx, {
      repository,
      key: push.after,
      number: undefined,
      headSha: undefined,
      landedAt: at,
      recordSeq: seq,
      exception: true,
      urgent: false,
      review: pushIssue(push, { at: dueAt, zone: place.time_zone }),
      dueAt,
      notice: pushNotice(repositoryOf(repository), push, { seq, commit: `${page}/commit/${push.after}` }),
    })
  })
}
