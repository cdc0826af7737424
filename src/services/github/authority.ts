import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

type Someone = { id: number; login: string }

/** What a person may do in a repository now. `role` is GitHub's name for it, which a custom role has of its own. */
export type RepositoryAuthority = { role: string; triages: boolean; writes: boolean; maintains: boolean }

/** Read by the App. Only maintain, admin and custom roles that are built on them may order something. */
export async function authorityIn(
  github: GitHub,
  repository: RepositoryName,
  person: Someone,
): Promise<RepositoryAuthority> {
  const none = { role: 'none', triages: false, writes: false, maintains: false }
  const answer = await orAbsent(
    github.rest.repos.getCollaboratorPermissionLevel({ ...nameOf(repository), username: person.login }),
  )
  if (!answer) return none
  const { permission, role_name, user } = answer.data
  // The login may belong to somebody else now, so the id is compared.
  if (user?.id !== person.id) return none
  const maintains = permission === 'admin' || role_name === 'maintain' || user.permissions?.maintain === true
  const writes = permission === 'admin' || permission === 'write'
  const triages = writes || maintains || role_name === 'triage' || user.permissions?.triage === true
  return { role: role_name || permission, triages, writes, maintains }
}

/** What a person is in an organization now. An invitation that was not accepted counts for nothing. */
export async function organizationRole(
  github: GitHub,
  org: string,
  person: Someone,
): Promise<'owner' | 'member' | 'none'> {
  const answer = await orAbsent(github.rest.orgs.getMembershipForUser({ org, username: person.login }))
  if (answer?.data.state !== 'active' || answer.data.user?.id !== person.id) return 'none'
  return answer.data.role === 'admin' ? 'owner' : 'member'
}

/** Whether a member of the organization belongs to one of its teams, or to a team below it. */
export async function isInTeam(
  github: GitHub,
  { org, slug }: { org: string; slug: string },
  { login }: Someone,
): Promise<boolean> {
  const answer = await orAbsent(
    github.rest.teams.getMembershipForUserInOrg({ org, team_slug: slug, username: login }),
  )
  return answer?.data.state === 'active'
}
