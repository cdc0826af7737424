import { isSameName } from '../decision/github-names.ts'
import type { Orderer } from '../gate/calendar/freeze-order.ts'
import { authorityIn, isInTeam, organizationRole } from '../services/github/authority.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import { unlessGone } from '../services/github/gone.ts'
import { type KeptPolicy, keptPolicies } from '../store/policies.ts'
import { mayRead } from './board/access.ts'
import type { Viewer } from './board/session.ts'
import type { BoardShell } from './board/shell.ts'
import type { Caller } from './callers.ts'

/** What an order is about: a repository (`owner/name`), an organization, or, without either, everything. */
export type OrderScope = { repository?: string | undefined; organization?: string | undefined }

export type OrderRefused = { refused: string; status: 403 | 404 }

export type OrderShell = Pick<BoardShell, 'database' | 'github' | 'signIn' | 'freezeTeams'>

/**
 * Who orders something, with what GitHub says at this moment about what they may do there, and which repository it is; or why they may
 * not. A repository needs maintain or admin, an organization one of its owners or a member of one of the operator's teams, everything
 * each organization.
 *
 * @throws when GitHub does not tell: then nothing is ordered.
 */
export async function ordererOf(
  shell: OrderShell,
  caller: Caller,
  scope: OrderScope,
): Promise<{ orderer: Orderer; repositoryId?: number } | OrderRefused> {
  if (caller.kind === 'operator') return { orderer: { authority: 'operator token' } }
  const { viewer } = caller
  const person = { id: viewer.id, login: viewer.login }
  const { repository, organization } = scope
  if (repository !== undefined) {
    const found = await maintainedBy(shell, viewer, repository)
    if ('refused' in found) return found
    return { orderer: { person, authority: found.role }, repositoryId: found.repositoryId }
  }
  const kept = await keptPolicies(shell.database)
  const authority = await organizationAuthority(shell, viewer, kept, organization)
  return typeof authority === 'string' ? { orderer: { person, authority } } : authority
}

/** The repository that a person maintains under a name, and the role that lets them; or why they may not order anything there. */
export async function maintainedBy(
  shell: OrderShell,
  viewer: Viewer,
  repository: string,
): Promise<(KeptPolicy & { role: string }) | OrderRefused> {
  const found = await policyNamed(shell, repository)
  if (!found || !(await mayRead(shell, viewer, found.repositoryId))) return unknown(repository)
  const { role, maintains } = await permissionOf(shell, viewer, found)
  if (maintains) return { ...found, role }
  return {
    refused: `${viewer.login} has the role ${role} on ${repository}. This needs maintain or admin.`,
    status: 403,
  }
}

/**
 * The policy of the repository that has a name on GitHub now. A policy is kept with the name under which it was read: after a rename,
 * another repository may have that name, and its people have no say over this one. Where the App has lost its access, nothing is known.
 */
export async function policyNamed(
  { database, github }: Pick<OrderShell, 'database' | 'github'>,
  name: string,
): Promise<KeptPolicy | undefined> {
  for (const kept of await keptPolicies(database)) {
    if (!isSameName(`${kept.owner}/${kept.repo}`, name)) continue
    const { owner, repo } = kept
    const answer = await unlessGone(async () => {
      const client = await github(kept.installationId)
      return orAbsent(client.rest.repos.get({ owner, repo }))
    })
    if (answer?.data.id === kept.repositoryId) return kept
  }
  return undefined
}

/** What a person may do in a repository, read from GitHub now. */
export async function permissionOf(
  { github }: Pick<OrderShell, 'github'>,
  viewer: Pick<Viewer, 'id' | 'login'>,
  { installationId, owner, repo }: Pick<KeptPolicy, 'installationId' | 'owner' | 'repo'>,
): Promise<{ role: string; maintains: boolean }> {
  return authorityIn(await github(installationId), { owner, repo }, viewer)
}

/** Who reports an incident: whoever can write to the incident repository, so that nobody has to look for a maintainer first. */
export async function reporterOf(
  { github }: Pick<OrderShell, 'github'>,
  caller: Caller,
  { installationId, owner, repo }: { installationId: number; owner: string; repo: string },
): Promise<Orderer | OrderRefused> {
  if (caller.kind === 'operator') return { authority: 'operator token' }
  const { id, login } = caller.viewer
  const { role, writes } = await authorityIn(await github(installationId), { owner, repo }, { id, login })
  if (writes) return { person: { id, login }, authority: role }
  return { refused: `${login} has no write access to the incident repository.`, status: 403 }
}

/** The authority over one organization, or over every one that has a policy and where the App still is. */
async function organizationAuthority(
  shell: OrderShell,
  viewer: Viewer,
  kept: KeptPolicy[],
  organization: string | undefined,
): Promise<string | OrderRefused> {
  const owners = Map.groupBy(kept, ({ owner }) => owner.toLowerCase())
  if (organization !== undefined && !owners.has(organization.toLowerCase())) return unknownOwner(organization)
  const wanted = organization === undefined ? [...owners.keys()] : [organization.toLowerCase()]
  const found: string[] = []
  for (const owner of wanted) {
    const over = await askedOf(owners.get(owner) ?? [], (policy) => authorityOver(shell, viewer, policy))
    if (over?.answer) found.push(over.answer)
    else if (over || organization !== undefined) return refusedOver(viewer, organization)
  }
  return found.length > 0 ? found.join(', ') : refusedOver(viewer, organization)
}

/** What GitHub answers by the first installation of an account that the App still has; undefined where it has none. */
async function askedOf<Answer>(
  policies: KeptPolicy[],
  ask: (policy: KeptPolicy) => Promise<Answer>,
): Promise<{ policy: KeptPolicy; answer: Answer } | undefined> {
  for (const [policy] of Map.groupBy(policies, ({ installationId }) => installationId).values()) {
    const asked = policy && (await unlessGone(async () => ({ policy, answer: await ask(policy) })))
    if (asked) return asked
  }
  return undefined
}

/** Whose an organization is, and that a person owns it; or why they can order nothing that only an owner can. */
export async function ownedBy(
  { database, github }: Pick<OrderShell, 'database' | 'github'>,
  viewer: Viewer,
  organization: string,
): Promise<{ installationId: number; owner: string; authority: string } | OrderRefused> {
  // An organization whose only policy is gone is still one that another can be accepted for.
  const known = await keptPolicies(database, undefined, ['current', 'absent'])
  const kept = known.filter(({ owner }) => isSameName(owner, organization))
  if (kept.length === 0) return unknownOwner(organization)
  const role = await askedOf(kept, async (policy) =>
    roleOver(await github(policy.installationId), viewer, policy),
  )
  if (role?.answer !== 'owner')
    return { refused: `${viewer.login} is not an owner of ${organization}.`, status: 403 }
  const { installationId, owner } = role.policy
  return { installationId, owner, authority: `owner of ${owner}` }
}

/** An account that is a person's has one owner. */
async function roleOver(
  client: GitHub,
  viewer: Viewer,
  { owner, repo }: Pick<KeptPolicy, 'owner' | 'repo'>,
): Promise<'owner' | 'member' | 'none'> {
  if (!isSameName(owner, viewer.login)) return organizationRole(client, owner, viewer)
  const { role } = await authorityIn(client, { owner, repo }, viewer)
  return role === 'admin' ? 'owner' : 'none'
}

/** Undefined: none. */
async function authorityOver(
  { github, freezeTeams }: OrderShell,
  viewer: Viewer,
  { installationId, owner, repo }: KeptPolicy,
): Promise<string | undefined> {
  const client = await github(installationId)
  const role = await roleOver(client, viewer, { owner, repo })
  if (role === 'owner') return `owner of ${owner}`
  if (role === 'none') return undefined
  for (const name of freezeTeams) {
    const [org = '', slug = ''] = name.split('/')
    if (isSameName(org, owner) && (await isInTeam(client, { org, slug }, viewer))) return name
  }
  return undefined
}

function refusedOver({ login }: Viewer, organization: string | undefined): OrderRefused {
  const what = organization ?? 'every organization'
  return {
    refused: `${login} is neither an owner of ${what} nor in a team of it that FREEZE_TEAMS names.`,
    status: 403,
  }
}

function unknown(name: string): OrderRefused {
  return { refused: `release-gate does not know a policy for ${name}. Check the name.`, status: 404 }
}

function unknownOwner(name: string): OrderRefused {
  return { refused: `release-gate does not know a policy of ${name}. Check the name.`, status: 404 }
}
