import { z } from 'zod'
import { mayHoldCommand } from '../../decision/comment-task.ts'
import type { RepositoryRef } from '../../decision/merge-task.ts'
import { regressionCheckName, runAgain } from '../../decision/regression-check.ts'
import { basedOn, inBranches, pushed } from './push-events.ts'
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
