import { effectivePolicy } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { Snapshot } from '../decision/snapshot.ts'
import type { Queryable } from '../store/database.ts'
import { healthFact } from './health-fact.ts'
import { incidentsFact } from './incidents-fact.ts'

export type KeptFacts = Pick<Snapshot, 'health' | 'incidents'>

type Evaluated = { snapshot: Snapshot; policy: Policy | undefined }

/**
 * The facts that the bot reads apart from pull requests, as of now: monitors every minute, incidents with each of their events.
 * What is decided again from stored facts is decided with these, since the stored ones are as old as the reading of the pull
 * request. Pull requests under one policy share what was read.
 */
export function keptFactsOf(db: Queryable, now: Date): (evaluated: Evaluated) => Promise<KeptFacts> {
  const known = new Map<string, Promise<KeptFacts>>()
  return ({ snapshot, policy: written }) => {
    const policy = written && effectivePolicy(written, snapshot)
    const { incidents, production_health: health } = policy?.gates ?? {}
    if (!incidents && !health) return Promise.resolve({})
    const { pull } = snapshot
    const key = JSON.stringify([pull.installationId, health, incidents && policy?.incidents?.repository])
    const facts = known.get(key) ?? readKept(db, pull, policy, now)
    known.set(key, facts)
    return facts
  }
}

async function readKept(
  db: Queryable,
  pull: Snapshot['pull'],
  policy: Policy | undefined,
  now: Date,
): Promise<KeptFacts> {
  return {
    ...(await healthFact(db, pull, policy)),
    ...(await incidentsFact(db, pull, policy, now)),
  }
}

/** As these facts will be then if nothing happens: they are read all the time. What was never read stays so. */
export function readUntil({ health, incidents }: KeptFacts, at: Date): KeptFacts {
  const then = (readAt: string | null) => (readAt === null ? null : at.toISOString())
  return {
    ...(health && {
      health: { monitors: health.monitors.map((one) => ({ ...one, readAt: then(one.readAt) })) },
    }),
    ...(incidents && { incidents: { ...incidents, readAt: then(incidents.readAt) } }),
  }
}
