import type { Probot } from 'probot'
import type { MergeTask } from '../decision/merge-task.ts'
import type { PullRef } from '../decision/snapshot.ts'

/** Asks for an evaluation, because of something on the commit `sha` where that is told. */
export type Enqueue = (pull: PullRef, sha?: string) => Promise<void>

type RepositoryRef = Omit<PullRef, 'number' | 'requestedBy'>

/** Which pull requests an event means that names none. */
export type PullFinder = {
  openPulls: (repository: RepositoryRef) => Promise<number[]>
  /** Open pull requests that another policy judges now: none where the policy is what it was. */
  pullsUnderNewPolicy: (repository: RepositoryRef) => Promise<PullRef[]>
  pullsOnHead: (repository: RepositoryRef, sha: string) => Promise<number[]>
  /** The name of the check run that has a button of its own. */
  regression: { check: string; button: string; ask: AskRegression }
}

/** A person pressed the button of the check "Staging regression" on a commit. */
export type AskRegression = (repository: RepositoryRef, sha: string, requestedBy: number) => Promise<void>

/** Asks to look at what happened at or after a merge. */
export type LookAt = (task: MergeTask) => Promise<void>

type Payload = {
  installation?: { id: number } | null | undefined
  repository?: { id: number; name: string; owner: { login: string } | null } | undefined
}

/** The events that are taken in; `app.yml` asks GitHub for the same, and the last two always come. */
export const events: ReadonlySet<string> = new Set([
  'check_run',
  'check_suite',
  'deployment_status',
  'issues',
  'member',
  'membership',
  'merge_group',
  'pull_request',
  'pull_request_review',
  'push',
  'repository',
  'team',
  'installation',
  'installation_repositories',
])

/**
 * The Probot app, and the only file that names GitHub's events: each becomes the pull requests to look at again.
 * A payload carries no authority; beside it only the head is taken from one, of which other facts are then not fresh.
 */
export function releaseGate(enqueue: Enqueue, lookAt: LookAt, find: PullFinder) {
  return (app: Probot): void => {
    app.on(
      [
        'pull_request.opened',
        'pull_request.reopened',
        'pull_request.synchronize',
        'pull_request.edited',
        'pull_request.closed',
        'pull_request.labeled',
        'pull_request.unlabeled',
        'pull_request.ready_for_review',
        'pull_request.converted_to_draft',
        'pull_request_review.submitted',
        'pull_request_review.dismissed',
        'pull_request_review.edited',
      ],
      async ({ payload }) => {
        const { number, head } = payload.pull_request
        const repository = repositoryOf(payload)
        if (repository) await enqueue({ ...repository, number }, head.sha)
      },
    )
    app.on('check_run.rerequested', async ({ payload }) => {
      const { name, head_sha: sha } = payload.check_run
      await (name === find.regression.check ? regressAgain(payload, sha) : again(payload, sha))
    })
    app.on('check_run.requested_action', async ({ payload }) => {
      const { identifier } = payload.requested_action ?? {}
      if (identifier === find.regression.button) await regressAgain(payload, payload.check_run.head_sha)
    })
    app.on('deployment_status', async ({ payload }) => onHead(payload, payload.deployment.sha))
    app.on('check_suite.rerequested', async ({ payload }) => again(payload, payload.check_suite.head_sha))
    app.on('push', async ({ payload }) => {
      if (payload.ref === `refs/heads/${payload.repository.default_branch}`) await underNewPolicy(payload)
    })
    app.on('pull_request.closed', async ({ payload }) => {
      const repository = repositoryOf(payload)
      const { merged, number } = payload.pull_request
      if (repository && merged) await lookAt({ task: 'merged', pull: { ...repository, number } })
    })
    app.on('push', async ({ payload }) => {
      const repository = repositoryOf(payload)
      const { ref, before, after, deleted } = payload
      if (!repository || deleted || !ref.startsWith('refs/heads/')) return
      const branch = ref.slice('refs/heads/'.length)
      await lookAt({ task: 'pushed', repository, push: { branch, before, after } })
    })
    app.on(['merge_group.checks_requested', 'merge_group.destroyed'], async ({ payload }) => {
      const repository = repositoryOf(payload)
      const { head_sha: headSha, head_ref: headRef, base_ref: baseRef } = payload.merge_group
      if (repository) await lookAt({ task: 'group', repository, group: { headSha, headRef, baseRef } })
    })
    app.on(
      ['issues.closed', 'issues.reopened', 'issues.deleted', 'issues.transferred'],
      async ({ payload }) => {
        const repository = repositoryOf(payload)
        if (repository) await lookAt({ task: 'issue', repository, number: payload.issue.number })
      },
    )
    app.on('member', async ({ payload }) => everyOpenPull(payload))
  }

  async function enqueueAll(payload: Payload, numbers: number[], requestedBy?: number): Promise<void> {
    const repository = repositoryOf(payload)
    if (!repository) return
    const button = requestedBy === undefined ? {} : { requestedBy }
    for (const number of numbers) await enqueue({ ...repository, number, ...button })
  }

  /** GitHub's "Re-run": the payload lists no pull request of a fork, so they are found by their head. */
  async function again(payload: Payload & { sender: { id: number } }, sha: string): Promise<void> {
    const repository = repositoryOf(payload)
    if (repository) await enqueueAll(payload, await find.pullsOnHead(repository, sha), payload.sender.id)
  }

  /** A deployment says what staging holds: whoever offers that commit is looked at. */
  async function onHead(payload: Payload, sha: string): Promise<void> {
    const repository = repositoryOf(payload)
    if (repository) await enqueueAll(payload, await find.pullsOnHead(repository, sha))
  }

  async function regressAgain(payload: Payload & { sender: { id: number } }, sha: string): Promise<void> {
    const repository = repositoryOf(payload)
    if (repository) await find.regression.ask(repository, sha, payload.sender.id)
  }

  /** A push to the default branch matters to other pull requests only where it brings another policy. */
  async function underNewPolicy(payload: Payload): Promise<void> {
    const repository = repositoryOf(payload)
    if (!repository) return
    for (const pull of await find.pullsUnderNewPolicy(repository)) await enqueue(pull)
  }

  /** Somebody's access may have changed: every open pull request is looked at again. */
  async function everyOpenPull(payload: Payload): Promise<void> {
    const repository = repositoryOf(payload)
    if (repository) await enqueueAll(payload, await find.openPulls(repository))
  }
}

function repositoryOf({ installation, repository }: Payload): RepositoryRef | undefined {
  if (!installation || !repository?.owner) return undefined
  const { id, name, owner } = repository
  return { installationId: installation.id, repositoryId: id, owner: owner.login, repo: name }
}
