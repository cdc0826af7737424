import { z } from 'zod'
import { codeOwnersFiles } from '../../decision/code-owners.ts'
import { mayHoldCommand } from '../../decision/comment-task.ts'
import type { MergeTask, RepositoryRef } from '../../decision/merge-task.ts'
import { policyPath } from '../../decision/policy.ts'
import { regressionCheckName, runAgain } from '../../decision/regression-check.ts'
import { isSharedRepository } from '../../decision/shared-repository.ts'
import { type Effect, type Handlers, inRepository } from './reading.ts'

/** What concerns pull requests: their heads, reviews, comments and merges, and issues, whose comments are the same event. */

const pullShape = {
  pull_request: z.object({
    number: z.int(),
    head: z.object({ sha: z.string() }),
    merged: z.boolean().nullish(),
  }),
}
const pullChanged = inRepository(pullShape, ({ pull_request: { number, head } }, repository) => [
  { kind: 'pull', pull: { ...repository, number }, sha: head.sha },
])

/** When a label is deleted from its repository, the event names none. */
const labelled = (action: 'labeled' | 'unlabeled') =>
  inRepository(
    {
      pull_request: pullShape.pull_request.extend({
        updated_at: z.iso.datetime({ offset: true }).optional(),
      }),
      label: z.object({ name: z.string() }).nullish(),
    },
    ({ pull_request: { number, head, updated_at: at }, label }, repository, by) => [
      {
        kind: 'pull',
        pull: { ...repository, number },
        sha: head.sha,
        ...(label && at !== undefined && { label: { name: label.name, action, by, at } }),
      },
    ],
  )

/** A comment changes no fact, and everyone may write one: it must not keep a check from turning green. */
const reviewed = inRepository(
  { ...pullShape, review: z.object({ state: z.string().nullish() }) },
  ({ pull_request: { number, head }, review }, repository) =>
    review.state?.toLowerCase() === 'commented'
      ? []
      : [{ kind: 'pull', pull: { ...repository, number }, sha: head.sha }],
)

const inBranches = z.object({ default_branch: z.string() })

/** A merge moves the base of others: those stacked on it are retargeted, and GitHub does not send an event for every retargeting. */
const pullClosed = inRepository(
  {
    pull_request: pullShape.pull_request.extend({ head: z.object({ sha: z.string(), ref: z.string() }) }),
    repository: inBranches,
  },
  ({ pull_request: { number, head, merged }, repository: { default_branch: main } }, repository) => [
    { kind: 'pull', pull: { ...repository, number }, sha: head.sha },
    ...(merged
      ? [
          { kind: 'merge' as const, task: { task: 'merged' as const, pull: { ...repository, number } } },
          ...basedOn(repository, head.ref, main),
        ]
      : []),
  ],
)

/** Those that we know to be based on a branch, and those that GitHub has retargeted from it or to it by now. */
function basedOn(repository: RepositoryRef, branch: string, defaultBranch: string): Effect[] {
  return [
    onBase(repository, branch),
    { kind: 'lookup', lookup: { of: 'retargeted', repository, defaultBranch } },
  ]
}

function onBase({ installationId, repositoryId }: RepositoryRef, baseRef: string): Effect {
  return { kind: 'pulls', scope: { installationId, repositoryId, baseRef } }
}

function onHead({ installationId, repositoryId }: RepositoryRef, sha: string, requestedBy: number): Effect {
  const scope = { installationId, repositoryId, headSha: sha }
  return { kind: 'pulls', scope, requestedBy }
}

function regressionAsked(repository: RepositoryRef, sha: string, requestedBy: number): Effect {
  return { kind: 'lookup', lookup: { of: 'regression', repository, sha, requestedBy } }
}

/** "Re-run": the payload lists no pull request of a fork, so they are found by their head. */
const checkRunAgain = inRepository(
  { check_run: z.object({ name: z.string(), head_sha: z.string() }) },
  ({ check_run: { name, head_sha: sha } }, repository, sender) => [
    name === regressionCheckName ? regressionAsked(repository, sha, sender) : onHead(repository, sha, sender),
  ],
)

const buttonPressed = inRepository(
  {
    check_run: z.object({ head_sha: z.string() }),
    requested_action: z.object({ identifier: z.string() }).optional(),
  },
  ({ check_run: { head_sha: sha }, requested_action: action }, repository, sender) =>
    action?.identifier === runAgain.identifier ? [regressionAsked(repository, sha, sender)] : [],
)

const changedFiles = z.array(z.string()).default([])
const pushedCommit = z.object({ added: changedFiles, modified: changedFiles, removed: changedFiles })
type PushedCommit = z.output<typeof pushedCommit>

/** GitHub names at most so many commits of a push, and so many files of a commit. */
const namedCommits = 2048
const namedFiles = 3000

const filesOf = ({ added, modified, removed }: PushedCommit) => [...added, ...modified, ...removed]

type Push = { commits: PushedCommit[]; created: boolean; forced: boolean }

/** Also where the payload does not show what was pushed: the commits that a forced push takes away are never named. */
function mayChange(paths: string[], { commits, forced }: Push): boolean {
  if (forced || commits.length === 0 || commits.length >= namedCommits) return true
  return commits.some((commit) => {
    const files = filesOf(commit)
    return files.length >= namedFiles || paths.some((path) => files.includes(path))
  })
}

/**
 * The pull requests that a push may put under another policy, or give other code owners: those that we know are marked at once, so that
 * none of them turns green while GitHub is asked for the others. The organization's policy is a part of that of every repository.
 */
function changedBy(push: Push, repository: RepositoryRef, branch: string, defaultBranch: string): Effect[] {
  const { installationId, repositoryId, repo } = repository
  if (branch === defaultBranch && (push.created || mayChange([policyPath], push))) {
    const scope = isSharedRepository(repo) ? { installationId } : { installationId, repositoryId }
    return [{ kind: 'pulls', scope }]
  }
  return !push.created && mayChange(codeOwnersFiles, push) ? [onBase(repository, branch)] : []
}

const pushed = inRepository(
  {
    ref: z.string(),
    before: z.string(),
    after: z.string(),
    created: z.boolean().default(false),
    deleted: z.boolean(),
    forced: z.boolean().default(false),
    commits: z.array(pushedCommit).default([]),
    repository: inBranches,
  },
  ({ ref, before, after, repository: { default_branch: main }, ...push }, repository) => {
    if (!ref.startsWith('refs/heads/')) return []
    const branch = ref.slice('refs/heads/'.length)
    if (push.deleted) return basedOn(repository, branch, main)
    const task: MergeTask = { task: 'pushed', repository, push: { branch, before, after } }
    return [
      { kind: 'merge', task },
      ...changedBy(push, repository, branch, main),
      ...(branch === main
        ? [{ kind: 'lookup' as const, lookup: { of: 'policy' as const, repository } }]
        : []),
    ]
  },
)

const groupChanged = inRepository(
  { merge_group: z.object({ head_sha: z.string(), head_ref: z.string(), base_ref: z.string() }) },
  ({ merge_group: { head_sha: headSha, head_ref: headRef, base_ref: baseRef } }, repository) => [
    { kind: 'merge', task: { task: 'group', repository, group: { headSha, headRef, baseRef } } },
  ],
)

const issueChanged = inRepository({ issue: z.object({ number: z.int() }) }, ({ issue }, repository) => [
  { kind: 'merge', task: { task: 'issue', repository, number: issue.number } },
  { kind: 'incident', repository, number: issue.number },
])

/** Comments of pull requests come as comments of issues too. */
const incidentChanged = inRepository(
  { issue: z.object({ number: z.int(), pull_request: z.unknown().optional() }) },
  ({ issue: { number, pull_request: pull } }, repository) =>
    pull ? [] : [{ kind: 'incident', repository, number }],
)

/** The associations that the people of a repository have. Others may be strangers. */
const insiders = ['OWNER', 'MEMBER', 'COLLABORATOR']

/** A comment that was edited, or deleted, is not a command. */
const commented = inRepository(
  {
    issue: z.object({ number: z.int(), pull_request: z.unknown().optional() }),
    comment: z.object({
      id: z.int(),
      body: z.string().nullish(),
      user: z.object({ id: z.int(), type: z.string().nullish() }).nullable(),
      author_association: z.string().nullish(),
    }),
  },
  (
    { issue: { number, pull_request: pull }, comment: { id, body, user, author_association: is } },
    repository,
  ) => {
    if (!pull) return [{ kind: 'incident', repository, number }]
    if (user?.type !== 'User' || !body || !mayHoldCommand(body)) return []
    const insider = insiders.includes(is ?? '')
    const comment = { pull: { ...repository, number }, comment: id, author: user.id, insider }
    return [{ kind: 'command', comment, text: body }]
  },
)

export const pullHandlers: Handlers = {
  check_run: { rerequested: checkRunAgain, requested_action: buttonPressed },
  check_suite: {
    rerequested: inRepository(
      { check_suite: z.object({ head_sha: z.string() }) },
      ({ check_suite: { head_sha: sha } }, repository, sender) => [onHead(repository, sha, sender)],
    ),
  },
  deployment_status: {
    created: inRepository(
      { deployment: z.object({ sha: z.string() }) },
      ({ deployment: { sha: testedSha } }, { installationId, repositoryId }) => [
        { kind: 'pulls', scope: { installationId, repositoryId, testedSha } },
      ],
    ),
  },
  issue_comment: { created: commented, edited: incidentChanged, deleted: incidentChanged },
  issues: {
    closed: issueChanged,
    reopened: issueChanged,
    deleted: issueChanged,
    transferred: issueChanged,
    ...Object.fromEntries(
      ['assigned', 'edited', 'labeled', 'opened', 'unassigned', 'unlabeled'].map((action) => [
        action,
        incidentChanged,
      ]),
    ),
  },
  merge_group: { checks_requested: groupChanged, destroyed: groupChanged },
  pull_request: {
    closed: pullClosed,
    ...Object.fromEntries(
      ['converted_to_draft', 'edited', 'opened', 'ready_for_review', 'reopened', 'synchronize'].map(
        (action) => [action, pullChanged],
      ),
    ),
    labeled: labelled('labeled'),
    unlabeled: labelled('unlabeled'),
  },
  pull_request_review: { submitted: reviewed, dismissed: pullChanged },
  push: { '': pushed },
}
