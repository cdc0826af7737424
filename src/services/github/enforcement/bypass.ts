import type { GitHub } from '../client.ts'
import { statusOfError } from '../errors.ts'

/**
 * Who can bypass a rule, and how. `reach`: whether that is everyone with write access, or people who were chosen. GitHub adds
 * kinds of actors and modes over time: unknown ones are `unknown`, never assumed harmless.
 */
export type Bypass = {
  who: string
  mode: 'always' | 'pull_request' | 'exempt' | 'unknown'
  reach: 'writers' | 'administrators' | 'chosen' | 'unknown'
}

type Actor = {
  actor_id?: number | null
  actor_type: string
  bypass_mode?: string
}

type Names = { team: (id: number) => Promise<string>; user: (id: number) => Promise<string> }

/** GitHub's own roles by the ids that a bypass list names them by; an organization's custom roles have others. */
const roles: Record<number, Pick<Bypass, 'who' | 'reach'>> = {
  1: { who: 'everyone with read access', reach: 'writers' },
  2: { who: 'maintainers of the repository', reach: 'chosen' },
  3: { who: 'everyone with the triage role', reach: 'writers' },
  4: { who: 'everyone with write access', reach: 'writers' },
  5: { who: 'administrators of the repository', reach: 'administrators' },
}

/** Finds names of teams and people when a list holds any, once each; an id where GitHub does not tell. */
export function actorNames(github: GitHub, owner: string): Names {
  let teams: Promise<Map<number, string>> | undefined
  const readTeams = async () => {
    const rows = await github.paginate(github.rest.teams.list, { org: owner, per_page: 100 })
    return new Map(rows.map(({ id, slug }) => [id, slug]))
  }
  return {
    team: async (id) => {
      teams ??= orUnknown(readTeams(), new Map())
      const slug = (await teams).get(id)
      return slug ? `the team ${owner}/${slug}` : `the team with the id ${id}`
    },
    user: async (id) => {
      const unnamed = `the person with the id ${id}`
      const read = github.request('GET /user/{account_id}', { account_id: id })
      return orUnknown(
        read.then(({ data }) => `@${data.login}`),
        unnamed,
      )
    },
  }
}

/** Falls back to the id if the name cannot be read. */
async function orUnknown<Answer>(answer: Promise<Answer>, instead: Answer): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    if ([403, 404].includes(statusOfError(error) ?? 0)) return instead
    throw error
  }
}

export async function bypassOf(actors: Actor[], names: Names): Promise<Bypass[]> {
  return Promise.all(
    actors.map(async (actor) => ({ ...(await nameOf(actor, names)), mode: modeOf(actor.bypass_mode) })),
  )
}

const modes: readonly string[] = ['always', 'pull_request', 'exempt']

function modeOf(mode = 'always'): Bypass['mode'] {
  return modes.includes(mode) ? (mode as Bypass['mode']) : 'unknown'
}

async function nameOf(actor: Actor, names: Names): Promise<Pick<Bypass, 'who' | 'reach'>> {
  const id = actor.actor_id ?? 0
  switch (actor.actor_type) {
    case 'OrganizationAdmin':
      return { who: 'owners of the organization', reach: 'administrators' }
    case 'RepositoryRole':
      return roles[id] ?? { who: `everyone with the custom role ${id}`, reach: 'chosen' }
    case 'Team':
      return { who: await names.team(id), reach: 'chosen' }
    case 'User':
      return { who: await names.user(id), reach: 'chosen' }
    case 'DeployKey':
      return { who: 'deploy keys with write access', reach: 'chosen' }
    case 'Integration':
      return { who: `the App with the id ${id}`, reach: 'chosen' }
    case 'EnterpriseOwner':
      return { who: 'owners of the enterprise', reach: 'administrators' }
    case 'EnterpriseRole':
      return { who: `everyone with the enterprise role ${id}`, reach: 'chosen' }
    default:
      return { who: `${actor.actor_type} ${id}`, reach: 'unknown' }
  }
}
