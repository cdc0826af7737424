import type { Access, Person, Snapshot, TeamProblem } from '../../decision/snapshot.ts'
import { accessOf } from './access.ts'
import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'
import { personOf } from './people.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** A team that the policy names, nested teams included. One that cannot be read has no members. */
type Team = { name: string; members: Person[]; problem?: TeamProblem }

/** The members of each team, including nested teams. */
export function readTeams(github: GitHub, repository: RepositoryName, names: string[]): Promise<Team[]> {
  return Promise.all(names.map(async (name) => ({ name, ...(await readMembers(github, repository, name)) })))
}

async function readMembers(
  github: GitHub,
  { owner }: RepositoryName,
  name: string,
): Promise<Pick<Team, 'members' | 'problem'>> {
  const [slug = name, org = owner] = name.split('/').reverse()
  const options = { org, team_slug: slug, per_page: 100 }
  try {
    const listed = await github.paginate(github.rest.teams.listMembersInOrg, options)
    const members = listed.map(personOf).filter((person) => person !== null)
    return members.length > 0 ? { members } : { members, problem: 'empty' }
  } catch (error) {
    const status = statusOfError(error)
    if (status === 404) return { members: [], problem: 'absent' }
    if (status === 403) return { members: [], problem: 'unreadable' }
    throw error
  }
}

/** The teams as a snapshot holds them, with what keeps each team from ever acting. */
export async function teamFacts(
  github: GitHub,
  repository: RepositoryName,
  teams: Team[],
  access: Record<string, Access>,
): Promise<Pick<Snapshot, 'teams' | 'teamProblems'>> {
  const writers = writersOnce(github, repository)
  const problems = await Promise.all(
    teams.map(async (team): Promise<[string, TeamProblem][]> => {
      const problem = team.problem ?? (await withoutWriters(github, repository, team, access, writers))
      return problem ? [[team.name, problem]] : []
    }),
  )
  return {
    teams: Object.fromEntries(teams.map(({ name, members }) => [name, members.map(({ id }) => id)])),
    ...(problems.flat().length > 0 ? { teamProblems: Object.fromEntries(problems.flat()) } : {}),
  }
}

/**
 * Known access is enough where a member has approved. Otherwise one member is asked for, who usually has the team's role,
 * and only where that one cannot write are all people with access listed: never one request per member.
 */
async function withoutWriters(
  github: GitHub,
  repository: RepositoryName,
  { members }: Team,
  access: Record<string, Access>,
  writers: () => Promise<Set<number> | undefined>,
): Promise<TeamProblem | undefined> {
  if (members.some(({ id }) => access[id]?.write)) return undefined
  const [first, ...others] = members.filter(({ id }) => access[id] === undefined)
  if (first && (await accessOf(github, repository, first)).write) return undefined
  if (others.length === 0) return 'no_writers'
  const listed = await writers()
  return !listed || others.some(({ id }) => listed.has(id)) ? undefined : 'no_writers'
}

/** Lists who has write access, when first asked and once for all teams. Undefined: GitHub does not tell. */
function writersOnce(github: GitHub, repository: RepositoryName): () => Promise<Set<number> | undefined> {
  let listed: Promise<Set<number> | undefined> | undefined
  return () => {
    listed ??= readWriters(github, repository)
    return listed
  }
}

async function readWriters(github: GitHub, repository: RepositoryName): Promise<Set<number> | undefined> {
  try {
    const options = { ...nameOf(repository), per_page: 100 }
    const people = await github.paginate(github.rest.repos.listCollaborators, options)
    return new Set(people.filter(({ permissions }) => permissions?.push === true).map(({ id }) => id))
  } catch (error) {
    if ([403, 404].includes(statusOfError(error) ?? 0)) return undefined
    throw error
  }
}
