import { z } from 'zod'
import type { RepositoryRef } from '../../decision/merge-task.ts'
import { isSharedRepository } from '../../decision/shared-repository.ts'
import { type Effect, type Handler, type Handlers, inRepository, nobody, on } from './reading.ts'

/** What concerns repositories and installations: their names and states, who has access, and where the App is. */

const account = z.object({ id: z.int(), login: z.string() })

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

/** An event can be late, and a signature does not cover its name: nothing is given up before GitHub was asked. */
const repositoryClosed = (deleted: boolean) =>
  inRepository({}, (_, repository) => {
    const { installationId, repositoryId } = repository
    return [
      { kind: 'lookup', lookup: { of: 'reach', installationId, repositoryIds: [repositoryId], deleted } },
      ...underOtherShared(repository),
    ]
  })

const installationChanged = on({}, (_, { installationId }) => [
  { kind: 'lookup', lookup: { of: 'installation', installationId } },
])

const installationGone = on({}, (_, { installationId }) => [
  { kind: 'lookup', lookup: { of: 'reach', installationId } },
])

/** Without the organization's policy, nothing tells what it locks in the other repositories. */
const repositoriesRemoved = on(
  { repositories_removed: z.array(z.object({ id: z.int(), name: z.string().nullish() })) },
  ({ repositories_removed: removed }, { installationId }) => [
    {
      kind: 'lookup',
      lookup: { of: 'reach', installationId, repositoryIds: removed.map(({ id }) => id) },
    },
    ...(removed.some(({ name }) => name && isSharedRepository(name)) ? everyPullIn(installationId) : []),
  ],
)

export const repositoryHandlers: Handlers = {
  installation: {
    created: installationChanged,
    unsuspend: installationChanged,
    new_permissions_accepted: installationChanged,
    suspend: installationGone,
    deleted: installationGone,
  },
  installation_repositories: { added: installationChanged, removed: repositoriesRemoved },
  label: { edited: everyKnownPull, deleted: everyKnownPull },
  member: { added: collaboratorChanged, edited: collaboratorChanged, removed: collaboratorChanged },
  membership: { added: collaboratorChanged, removed: collaboratorChanged },
  organization: {
    member_added: organizationMemberChanged,
    member_removed: organizationMemberChanged,
    renamed: installationChanged,
  },
  repository: {
    archived: repositoryClosed(false),
    deleted: repositoryClosed(true),
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
