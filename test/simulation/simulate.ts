import { type Breach, breachesOf } from './invariants.ts'
import { drawPlan, type Plan, type Size } from './plan.ts'
import { play } from './world.ts'

/** What came of a plan. The counts tell whether it could have found anything. */
export type Result = {
  breaches: Breach[]
  /** The story of each repository, one line a step. */
  stories: string[][]
  seen: { merges: number; greens: number; exceptions: number; deliveries: number; looks: number }
}

export function simulate(seed: number, size: Size, url: string): Promise<Result> {
  return simulatePlan(drawPlan(seed, size), url)
}

/** Plays a plan on an empty database, and holds what happened to each promise. */
export async function simulatePlan(plan: Plan, url: string): Promise<Result> {
  const world = await play(plan, url)
  try {
    const { witnesses, bots, github } = world
    const [{ exceptions } = { exceptions: 0 }] = await bots.query<{ exceptions: number }>(
      `SELECT count(*)::int AS exceptions FROM release_gate.audit_records WHERE kind = 'exception'`,
    )
    const quiet = witnesses.flatMap((witness) => witness.quiet)
    return {
      breaches: await breachesOf(world, url),
      stories: witnesses.map(({ story }) => story),
      seen: {
        merges: witnesses.flatMap(({ merges }) => merges).length,
        greens: quiet.reduce((sum, { green }) => sum + green.size, 0),
        exceptions,
        deliveries: github.deliveries.log.length,
        looks: quiet.length,
      },
    }
  } finally {
    await world.close()
  }
}

/** A breach and the story that leads to it. */
export function told({ history, promise, what }: Breach, stories: string[][]): string {
  return [`Broken: ${promise}`, what, ...(stories[history] ?? [])].join('\n')
}
