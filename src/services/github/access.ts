import type { Access, Person } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** The permission of each person now. A former collaborator of a private repository is a 404: no access. */
export async function readAccess(
  github: GitHub,
  repository: RepositoryName,
  people: Person[],
): Promise<Record<string, Access>> {
  const distinct = [...new Map(people.map((person) => [person.id, person])).values()]
  const entries = await Promise.all(
    distinct.map(async (person) => [String(person.id), await accessOf(github, repository, person)] as const),
  )
  return Object.fromEntries(entries)
}

/** The permission of one person now. */
export async function accessOf(github: GitHub, repository: RepositoryName, person: Person): Promise<Access> {
  const none = { role: 'none', write: false }
  if (person.type !== 'User') return none
  const answer = await orAbsent(
    github.rest.repos.getCollaboratorPermissionLevel({ ...nameOf(repository), username: person.login }),
  )
  if (!answer) return none
  const { permission, role_name: role, user } = answer.data
  // The login may belong to somebody else now, so the id is compared.
  if (user?.id !== person.id) return none
  return { role: role || permission, write: permission === 'admin' || permission === 'write' }
}
