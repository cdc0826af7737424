import type { IncidentSettings } from '../decision/incidents/settings.ts'
import { type IncidentTask, incidentTaskSchema } from '../decision/incidents/task.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Policy } from '../decision/policy.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { alertDelivery } from '../store/alerts.ts'
import type { Queryable } from '../store/database.ts'
import { nameInPolicies } from '../store/incident-repositories.ts'
import { keptPolicies } from '../store/policies.ts'

/** A repository whose policy names an incident repository. */
export type Governing = { governedBy: RepositoryRef; settings: IncidentSettings; policy: Policy }

/** An incident repository, by its name, and those whose policies name it. */
export type IncidentRepository = {
  installationId: number
  owner: string
  repo: string
  governing: Governing[]
}

/** Every incident repository that a valid policy names. */
export async function incidentRepositories(
  db: Queryable,
  installationId?: number,
): Promise<IncidentRepository[]> {
  const places = new Map<string, IncidentRepository>()
  for (const kept of await keptPolicies(db, installationId)) {
    if (!kept.text.includes('incidents')) continue
    const read = parsePolicy(kept.text)
    if (!read.ok || !read.policy.incidents) continue
    const { text: _, blob: __, ...governedBy } = kept
    const settings = read.policy.incidents
    const [owner = '', repo = ''] = settings.repository.split('/')
    const key = `${kept.installationId}/${settings.repository.toLowerCase()}`
    const place = places.get(key) ?? { installationId: kept.installationId, owner, repo, governing: [] }
    place.governing.push({ governedBy, settings, policy: read.policy })
    places.set(key, place)
  }
  return [...places.values()]
}

/** The place that a repository is, by its name or, after it was renamed, by its id; undefined: no policy names it. */
export async function findIncidentRepository(
  db: Queryable,
  repository: Pick<RepositoryRef, 'installationId' | 'owner' | 'repo'> & { repositoryId?: number },
): Promise<IncidentRepository | undefined> {
  const { installationId, repositoryId } = repository
  const places = await incidentRepositories(db, installationId)
  const named = places.find((one) => isSame(one, repository))
  if (named || repositoryId === undefined) return named
  const name = await nameInPolicies(db, { installationId, repositoryId })
  const [owner = '', repo = ''] = name?.split('/') ?? []
  return places.find((one) => isSame(one, { owner, repo }))
}

function isSame(one: { owner: string; repo: string }, other: { owner: string; repo: string }): boolean {
  return `${one.owner}/${one.repo}`.toLowerCase() === `${other.owner}/${other.repo}`.toLowerCase()
}

/** Whose policy counts for an incident: that of the incident repository itself where it has one, else the first by name. */
export function governingPolicy(place: IncidentRepository): Governing | undefined {
  return place.governing.find(({ governedBy }) => isSame(place, governedBy)) ?? place.governing[0]
}

/**
 * The repository whose policy counts for the incident or the alert of a job: an incident repository needs no policy of its own. Undefined:
 * the job is about neither, or no policy names their repository anymore.
 */
export async function governingOfTask(db: Queryable, data: object): Promise<RepositoryRef | undefined> {
  const { data: task } = incidentTaskSchema.safeParse(data)
  const repository = task && (await incidentRepositoryOf(db, task))
  const place = repository && (await findIncidentRepository(db, repository))
  return place && governingPolicy(place)?.governedBy
}

async function incidentRepositoryOf(db: Queryable, task: IncidentTask) {
  switch (task.task) {
    case 'alert':
      return (await alertDelivery(db, task.source, task.delivery))?.repository
    case 'look':
    case 'mirror':
    case 'post-mortem':
      return task.repository
    case 'read all':
      return task
    default:
      return undefined
  }
}
