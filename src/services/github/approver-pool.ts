import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** A team that a policy names. `writers`: its members with write access to the repository, child teams included. */
export type TeamFacts = { name: string } & (
  | { kind: 'absent' }
  | { kind: 'unreadable'; why: string }
  | { kind: 'read'; members: number; writers: number }
)

/** Who could approve in a repository. `writers`: how many people have write access; undefined where it cannot be read. */
export type ApproverPool = { writers: number | undefined; teams: TeamFacts[] }

/** Reads who has write access, and the teams that a policy names. */
export async function readApproverPool(
  github: GitHub,
  repository: RepositoryName,
  teams: string[],
): Promise<ApproverPool> {
  const writers = await readWriters(github, repository)
  return {
    writers: writers?.size,
    teams: await Promise.all(teams.map((team) => readTeam(github, repository, team, writers ?? new Set()))),
  }
}

async function readWriters(github: GitHub, repository: RepositoryName): Promise<Set<number> | undefined> {
  const read = await orRefused(
    github.paginate(github.rest.repos.listCollaborators, { ...nameOf(repository), per_page: 100 }),
  )
  if ('refused' in read) return undefined
  const people = read.value.filter(({ type, permissions }) => type === 'User' && permissions?.push === true)
  return new Set(people.map(({ id }) => id))
}

/** A team is written as its slug, or with its organization before a slash. */
async function readTeam(
  github: GitHub,
  { owner }: RepositoryName,
  name: string,
  writers: Set<number>,
): Promise<TeamFacts> {
  const [slug = name, org = owner] = name.split('/').reverse()
  const options = { org, team_slug: slug, per_page: 100 }
  const read = await orRefused(github.paginate(github.rest.teams.listMembersInOrg, options))
  if ('refused' in read)
    return read.refused === 404 ? { name, kind: 'absent' } : { name, kind: 'unreadable', why: read.why }
  const ids = read.value.map(({ id }) => id)
  return { name, kind: 'read', members: ids.length, writers: ids.filter((id) => writers.has(id)).length }
}

type OrRefused<Value> = { value: Value } | { refused: 403 | 404; why: string }

async function orRefused<Value>(request: Promise<Value>): Promise<OrRefused<Value>> {
  try {
    return { value: await request }
  } catch (error) {
    const status = statusOfError(error)
    const message = error instanceof Error ? error.message : String(error)
    if (status !== 403 && status !== 404) throw error
    return { refused: status, why: message }
  }
}
