import { asRetry, type GitHub, statusOfError } from '../client.ts'

/** Who may pass a rule over, and how. `reach`: whether that is everybody who may write, or people who were chosen. */
export type Bypass = {
  who: string
  mode: 'always' | 'pull_request' | 'exempt'
  reach: 'writers' | 'administrators' | 'chosen'
}

type Actor = {
  actor_id?: number | null
  actor_type: 'Integration' | 'OrganizationAdmin' | 'RepositoryRole' | 'Team' | 'DeployKey' | 'User'
  bypass_mode?: Bypass['mode']
}

type Names = { team: (id: number) => Promise<string>; user: (id: number) => Promise<string> }

/** GitHub's own roles by the ids that a bypass list names them by; an organisation's custom roles have others. */
const roles: Record<number, Pick<Bypass, 'who' | 'reach'>> = {
  1: { who: 'everybody who may read', reach: 'writers' },
  2: { who: 'maintainers of the repository', reach: 'chosen' },
  3: { who: 'everybody with the triage role', reach: 'writers' },
  4: { who: 'everybody who may write', reach: 'writers' },
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

/** A name is a courtesy: where it may not be read, its id does. */
async function orUnknown<Answer>(answer: Promise<Answer>, instead: Answer): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    const isLimit = asRetry(error, new Date()) !== error
    if (!isLimit && [403, 404].includes(statusOfError(error) ?? 0)) return instead
    throw error
  }
}

export async function bypassOf(actors: Actor[], names: Names): Promise<Bypass[]> {
  return Promise.all(
    actors.map(async (actor) => ({ ...(await nameOf(actor, names)), mode: actor.bypass_mode ?? 'always' })),
  )
}

async function nameOf(actor: Actor, names: Names): Promise<Pick<Bypass, 'who' | 'reach'>> {
  const id = actor.actor_id ?? 0
  switch (actor.actor_type) {
    case 'OrganizationAdmin':
      return { who: 'owners of the organisation', reach: 'administrators' }
    case 'RepositoryRole':
      return roles[id] ?? { who: `everybody with the custom role ${id}`, reach: 'chosen' }
    case 'Team':
      return { who: await names.team(id), reach: 'chosen' }
    case 'User':
      return { who: await names.user(id), reach: 'chosen' }
    case 'DeployKey':
      return { who: 'deploy keys that may write', reach: 'chosen' }
    case 'Integration':
      return { who: `the App with the id ${id}`, reach: 'chosen' }
  }
}
