import { appById, type Hub, isoTime } from '../hub.ts'
import type { CheckRun, CheckSuite, CommitStatus, PullIssue, Repository } from '../repository-state.ts'
import { appShape, userById } from './account.ts'
import { nodeId, repositoryPage, repositoryUrl } from './links.ts'
import { minimalRepository } from './repository.ts'

/** Open pull requests of this repository whose head is the commit; those of forks are not named. */
export function pullsOfHead(hub: Hub, repository: Repository, sha: string) {
  const open = [...repository.issues.values()].filter(
    (issue): issue is PullIssue =>
      issue.state === 'open' && issue.pull?.headSha === sha && issue.pull.headRepositoryId === repository.id,
  )
  const root = repositoryUrl(hub, repository)
  const repo = { id: repository.id, url: root, name: repository.name }
  return open.map(({ number, pull }) => ({
    url: `${root}/pulls/${number}`,
    id: pull.id,
    number,
    head: { ref: pull.headRef, sha: pull.headSha, repo },
    base: { ref: pull.baseRef, sha: pull.baseSha, repo },
  }))
}

export function checkRunShape(hub: Hub, repository: Repository, run: CheckRun) {
  const url = `${repositoryUrl(hub, repository)}/check-runs/${run.id}`
  const html = `${repositoryPage(hub, repository)}/runs/${run.id}`
  return {
    id: run.id,
    node_id: nodeId('CR', run.id),
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      ...run.output,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: appShape(hub, appById(hub, run.appId)),
    pull_requests: pullsOfHead(hub, repository, run.headSha),
  }
}

/** The state of a suite is that of its newest runs; one without runs, or asked to run again, is queued. */
export function suiteState(repository: Repository, suite: CheckSuite) {
  const runs = newestRuns(repository.checkRuns.get(suite.headSha) ?? []).filter(
    ({ suiteId }) => suiteId === suite.id,
  )
  if (suite.rerequested || runs.length === 0) return { status: 'queued', conclusion: null }
  const open = runs.find(({ status }) => status !== 'completed')
  if (open) return { status: open.status, conclusion: null }
  const bad = runs.find(({ conclusion }) => !['success', 'neutral', 'skipped'].includes(conclusion ?? ''))
  return { status: 'completed', conclusion: bad ? bad.conclusion : 'success' }
}

/** The newest run of each name and app: the one that a required check reads. */
export function newestRuns(runs: CheckRun[]): CheckRun[] {
  const newest = new Map<string, CheckRun>()
  for (const run of runs) {
    const key = `${run.appId} ${run.name}`
    const known = newest.get(key)
    if (!known || run.id > known.id) newest.set(key, run)
  }
  return [...newest.values()]
}

export function suiteShape(hub: Hub, repository: Repository, suite: CheckSuite) {
  const url = `${repositoryUrl(hub, repository)}/check-suites/${suite.id}`
  const runs = repository.checkRuns.get(suite.headSha) ?? []
  return {
    id: suite.id,
    node_id: nodeId('CS', suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    ...suiteState(repository, suite),
    url,
    before: suite.before,
    after: suite.headSha,
    pull_requests: pullsOfHead(hub, repository, suite.headSha),
    app: appShape(hub, appById(hub, suite.appId)),
    created_at: isoTime(suite.createdAt),
    updated_at: isoTime(suite.updatedAt),
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: newestRuns(runs).filter(({ suiteId }) => suiteId === suite.id).length,
    check_runs_url: `${url}/check-runs`,
  }
}

export function suiteWithRepository(
  hub: Hub,
  repository: Repository,
  suite: CheckSuite,
  headCommit: unknown,
) {
  return {
    ...suiteShape(hub, repository, suite),
    head_commit: headCommit,
    repository: minimalRepository(hub, repository),
  }
}

export function statusShape(hub: Hub, repository: Repository, sha: string, status: CommitStatus) {
  const creator = userById(hub, status.creatorId)
  return {
    url: `${repositoryUrl(hub, repository)}/statuses/${sha}`,
    avatar_url: creator.avatar_url,
    id: status.id,
    node_id: nodeId('SC', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
    creator,
  }
}
