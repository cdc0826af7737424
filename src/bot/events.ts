import { z } from 'zod'
import { codeOwnersFiles } from '../decision/code-owners.ts'
import { type CommentTask, mayHoldCommand } from '../decision/comment-task.ts'
import type { MergeTask, RepositoryRef } from '../decision/merge-task.ts'
import { regressionCheckName, runAgain } from '../decision/regression-check.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import type { PullRef } from '../decision/snapshot.ts'
import type { Scope } from '../store/verdicts/changes.ts'

/**
 * What a webhook means. An event only says what to read again: of a payload, nothing but ids, names and commits is taken. Whoever
 * pressed a button is checked again before anything is done, and a comment is read again: its text here only tells if it was edited since.
 */
export type Effect =
  /** This pull request has changed. */
  | { kind: 'pull'; pull: PullRef; sha: string }
  /** Open pull requests that we know have changed. `requestedBy`: the person who asked for it. */
  | { kind: 'pulls'; scope: Scope; requestedBy?: number }
  /** Something was merged, pushed, queued or reviewed. */
  | { kind: 'merge'; task: MergeTask }
  /** An issue or one of its comments changed: it may be an incident. */
  | { kind: 'incident'; repository: RepositoryRef; number: number }
  /** A comment on a pull request may be a command. */
  | { kind: 'command'; comment: Omit<CommentTask, 'digest'>; text: string }
  /** GitHub has to be asked which pull requests are concerned. */
  | { kind: 'lookup'; lookup: Lookup }
  /** The App cannot reach a repository, or an installation, anymore. `closed`: nothing can be merged there either. */
  | { kind: 'out of reach'; scope: Pick<Scope, 'installationId' | 'repositoryId'>; closed: boolean }

export type Lookup =
  /** Which pull requests does another policy apply to now? */
  | { of: 'policy'; repository: RepositoryRef }
  /** Every open pull request of a repository, or of all repositories of an installation. */
  | { of: 'repository'; repository: RepositoryRef }
  | { of: 'installation'; installationId: number }
  /** Open pull requests whose base or head is not the one that we know: a retargeting is not always told. */
  | { of: 'retargeted'; repository: RepositoryRef; defaultBranch: string }
  /** May this person have the regression run again on this commit? */
  | { of: 'regression'; repository: RepositoryRef; sha: string; requestedBy: number }

const account = z.object({ id: z.int(), login: z.string() })
const repositoryShape = z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) })
const envelope = z.object({
  installation: z.object({ id: z.int() }).nullish(),
  repository: repositoryShape.optional(),
  sender: z.object({ id: z.int() }).optional(),
})
type Envelope = z.output<typeof envelope>

type Handler = (payload: unknown) => Effect[]

/** Reads what a handler needs of a payload. An event that belongs to no installation of ours has no effect. */
function on<Shape extends z.ZodRawShape>(
  shape: Shape,
  effects: (payload: z.output<z.ZodObject<Shape>>, place: Place) => Effect[],
): Handler {
  const schema = z.object(shape)
  return (payload) => {
    const place = placeOf(envelope.parse(payload))
    return place ? effects(schema.parse(payload), place) : []
  }
}

type Place = { installationId: number; repository: RepositoryRef | undefined; sender: number | undefined }

function placeOf({ installation, repository, sender }: Envelope): Place | undefined {
  if (!installation) return undefined
  const ref = repository && {
    installationId: installation.id,
    repositoryId: repository.id,
    owner: repository.owner.login,
    repo: repository.name,
  }
  return { installationId: installation.id, repository: ref, sender: sender?.id }
}

/** No account of GitHub: nothing is allowed to it. */
const nobody = 0

/** As `on`, for events of a repository. */
function inRepository<Shape extends z.ZodRawShape>(
  shape: Shape,
  effects: (payload: z.output<z.ZodObject<Shape>>, repository: RepositoryRef, sender: number) => Effect[],
): Handler {
  return on(shape, (payload, { repository, sender }) =>
    repository ? effects(payload, repository, sender ?? nobody) : [],
  )
}

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
  const { installationId, repositoryId } = repository
  return [
    { kind: 'pulls', scope: { installationId, repositoryId, baseRef: branch } },
    { kind: 'lookup', lookup: { of: 'retargeted', repository, defaultBranch } },
  ]
}

function onHead({ installationId, repositoryId }: RepositoryRef, sha: string, requestedBy?: number): Effect {
  const scope = { installationId, repositoryId, headSha: sha }
  return { kind: 'pulls', scope, ...(requestedBy === undefined ? {} : { requestedBy }) }
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

/** The policy is looked up. Who owns a file is read with each pull request, so those of the branch are evaluated again. */
function changesOwners(commits: z.output<typeof pushedCommit>[]): boolean {
  const changed = commits.flatMap(({ added, modified, removed }) => [...added, ...modified, ...removed])
  return codeOwnersFiles.some((file) => changed.includes(file))
}

const pushed = inRepository(
  {
    ref: z.string(),
    before: z.string(),
    after: z.string(),
    deleted: z.boolean(),
    commits: z.array(pushedCommit).default([]),
    repository: inBranches,
  },
  ({ ref, before, after, deleted, commits, repository: { default_branch: main } }, repository) => {
    if (!ref.startsWith('refs/heads/')) return []
    const branch = ref.slice('refs/heads/'.length)
    if (deleted) return basedOn(repository, branch, main)
    const task: MergeTask = { task: 'pushed', repository, push: { branch, before, after } }
    return [
      { kind: 'merge', task },
      ...(changesOwners(commits) ? basedOn(repository, branch, main) : []),
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

const everyKnownPull = inRepository({}, (_, { installationId, repositoryId }) => [
  { kind: 'pulls', scope: { installationId, repositoryId } },
])

/** Someone's access may be another one now: whatever names them is evaluated again. */
function accessOf(shape: z.ZodType<{ id: number }>, key: 'member' | 'membership'): Handler {
  return on({ [key]: shape }, (payload, { installationId, repository }) => {
    const { id } = payload[key] as { id: number }
    const inside = repository ? { repositoryId: repository.repositoryId } : {}
    return [{ kind: 'pulls', scope: { installationId, ...inside, personId: id } }]
  })
}

const collaboratorChanged = accessOf(account, 'member')
const organizationMemberChanged = accessOf(
  z.object({ user: account.nullable() }).transform(({ user }) => ({ id: user?.id ?? nobody })),
  'membership',
)

/** A team's role or name: of one repository where the event names it, else of all that the installation has. */
const teamChanged = on({}, (_, { installationId, repository }) => [
  {
    kind: 'pulls',
    scope: { installationId, ...(repository ? { repositoryId: repository.repositoryId } : {}) },
  },
])

const repositoryChange = {
  changes: z
    .object({
      repository: z.object({ name: z.object({ from: z.string() }) }).optional(),
      default_branch: z.unknown().optional(),
    })
    .optional(),
}
type RepositoryChange = z.output<z.ZodObject<typeof repositoryChange>>['changes']

/**
 * Where the organization's policy may have gone or become another one, every pull request of the installation may be under
 * another policy: those that are known, also in repositories that no policy covers now, and those that GitHub lists.
 */
function underOtherShared({ installationId, repo }: RepositoryRef, changes?: RepositoryChange): Effect[] {
  const names = [repo, changes?.repository?.name.from ?? repo]
  return names.some(isSharedRepository) ? everyPullIn(installationId) : []
}

function everyPullIn(installationId: number): Effect[] {
  return [
    { kind: 'pulls', scope: { installationId } },
    { kind: 'lookup', lookup: { of: 'installation', installationId } },
  ]
}

const repositoryChanged = inRepository(repositoryChange, ({ changes }, repository) => [
  { kind: 'lookup', lookup: { of: 'repository', repository } },
  ...underOtherShared(repository, changes),
])

/** A description or a homepage is edited too; only another default branch has another policy. */
const repositoryEdited = inRepository(repositoryChange, ({ changes }, repository) => [
  { kind: 'lookup', lookup: { of: 'repository', repository } },
  ...(changes?.default_branch === undefined ? [] : underOtherShared(repository)),
])

const repositoryClosed = inRepository({}, (_, repository) => {
  const { installationId, repositoryId } = repository
  return [
    { kind: 'out of reach', scope: { installationId, repositoryId }, closed: true },
    ...underOtherShared(repository),
  ]
})

const installationChanged = on({}, (_, { installationId }) => [
  { kind: 'lookup', lookup: { of: 'installation', installationId } },
])

const installationGone = on({}, (_, { installationId }) => [
  { kind: 'out of reach', scope: { installationId }, closed: false },
])

/** Without the organization's policy, nothing tells what it locks in the other repositories. */
const repositoriesRemoved = on(
  { repositories_removed: z.array(z.object({ id: z.int(), name: z.string().nullish() })) },
  ({ repositories_removed: removed }, { installationId }) => [
    ...removed.map(({ id }) => ({
      kind: 'out of reach' as const,
      scope: { installationId, repositoryId: id },
      closed: false,
    })),
    ...(removed.some(({ name }) => name && isSharedRepository(name)) ? everyPullIn(installationId) : []),
  ],
)

/** An event without actions has one handler, under the empty name. */
const handlers: Record<string, Record<string, Handler>> = {
  check_run: { rerequested: checkRunAgain, requested_action: buttonPressed },
  check_suite: {
    rerequested: inRepository(
      { check_suite: z.object({ head_sha: z.string() }) },
      ({ check_suite: { head_sha: sha } }, repository, sender) => [onHead(repository, sha, sender)],
    ),
  },
  deployment_status: {
    created: inRepository({ deployment: z.object({ sha: z.string() }) }, ({ deployment }, repository) => [
      onHead(repository, deployment.sha),
    ]),
  },
  installation: {
    created: installationChanged,
    unsuspend: installationChanged,
    new_permissions_accepted: installationChanged,
    suspend: installationGone,
    deleted: installationGone,
  },
  installation_repositories: { added: installationChanged, removed: repositoriesRemoved },
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
  label: { edited: everyKnownPull, deleted: everyKnownPull },
  member: { added: collaboratorChanged, edited: collaboratorChanged, removed: collaboratorChanged },
  membership: { added: collaboratorChanged, removed: collaboratorChanged },
  merge_group: { checks_requested: groupChanged, destroyed: groupChanged },
  organization: {
    member_added: organizationMemberChanged,
    member_removed: organizationMemberChanged,
    renamed: installationChanged,
  },
  pull_request: {
    closed: pullClosed,
    ...Object.fromEntries(
      [
        'converted_to_draft',
        'edited',
        'labeled',
        'opened',
        'ready_for_review',
        'reopened',
        'synchronize',
        'unlabeled',
      ].map((action) => [action, pullChanged]),
    ),
  },
  pull_request_review: { submitted: reviewed, dismissed: pullChanged },
  push: { '': pushed },
  repository: {
    archived: repositoryClosed,
    deleted: repositoryClosed,
    edited: repositoryEdited,
    privatized: repositoryChanged,
    publicized: repositoryChanged,
    renamed: repositoryChanged,
    transferred: repositoryChanged,
    unarchived: repositoryChanged,
  },
  team: {
    added_to_repository: teamChanged,
    created: teamChanged,
    deleted: teamChanged,
    edited: teamChanged,
    removed_from_repository: teamChanged,
  },
}

/** The events that are taken in; `app.yml` asks GitHub for the same, and the installation's own always come. */
export const events: ReadonlySet<string> = new Set(Object.keys(handlers))

/** The actions of an event that have a handler; an event without actions has the empty one. */
export function actionsOf(event: string): string[] {
  return Object.keys(handlers[event] ?? {})
}

function handlerOf(event: string, action: string | null | undefined): Handler | undefined {
  const byAction = Object.hasOwn(handlers, event) ? handlers[event] : undefined
  const name = byAction && '' in byAction ? '' : (action ?? '')
  return byAction && Object.hasOwn(byAction, name) ? byAction[name] : undefined
}

/** Whether anything here wants an event with this action. Everything else is dropped before it is stored. */
export function isHandled(event: string, action: string | null | undefined): boolean {
  return handlerOf(event, action) !== undefined
}

/**
 * What a webhook means, by the event's name and its payload.
 * @throws where the payload does not have the fields that GitHub documents for the event.
 */
export function effectsOf(event: string, payload: object): Effect[] {
  const action = 'action' in payload && typeof payload.action === 'string' ? payload.action : null
  return handlerOf(event, action)?.(payload) ?? []
}
