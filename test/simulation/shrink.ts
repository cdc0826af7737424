import type { Breach } from './invariants.ts'
import type { History, Plan } from './plan.ts'
import type { Result } from './simulate.ts'

/**
 * Looks for a shorter plan that breaks the same promise: the one history alone, then without its troubles, faults and acts, as
 * far as it still fails. The workers' order is not in the plan, so what fails only now and then ends longer than it could.
 */
export async function shrink(
  plan: Plan,
  { history, promise }: Breach,
  play: (plan: Plan) => Promise<Result>,
  tries = 40,
): Promise<{ plan: Plan; result: Result } | undefined> {
  let smallest: { plan: Plan; result: Result } | undefined
  let left = tries
  const keepIfBroken = async (shorter: Plan): Promise<boolean> => {
    if (left-- <= 0) return false
    const result = await play(shorter)
    const isBroken = result.breaches.some((breach) => breach.promise === promise)
    if (isBroken) smallest = { plan: shorter, result }
    return isBroken
  }
  if (!(await keepIfBroken({ ...plan, histories: plan.histories.slice(history, history + 1) })))
    return undefined
  for (const cut of cuts(plan.moments.length)) {
    const before = smallest?.plan
    const shorter = before && cut(before)
    if (shorter && JSON.stringify(shorter) !== JSON.stringify(before)) await keepIfBroken(shorter)
  }
  return smallest
}

type Cut = (plan: Plan) => Plan

/** From the largest cut to the smallest, the end of the story first. */
function cuts(moments: number): Cut[] {
  const indexes = Array.from({ length: moments }, (_, index) => moments - 1 - index)
  return [
    ({ moments: all, ...plan }) => ({ ...plan, moments: all.map(({ trouble: _, ...moment }) => moment) }),
    (plan) => ({ ...plan, bots: 1 }),
    onAll((moment) => ({ ...moment, faults: [] })),
    ...indexes.map((at) => onOne(at, () => ({ acts: [], faults: [] }))),
    ...indexes.map((at) => onOne(at, ({ acts, faults }) => ({ acts: acts.slice(1), faults }))),
    ...indexes.map((at) => onOne(at, ({ acts, faults }) => ({ acts: acts.slice(0, -1), faults }))),
  ]
}

type Step = History['moments'][number]

function onAll(change: (step: Step, index: number) => Step): Cut {
  return (plan) => ({
    ...plan,
    histories: plan.histories.map((history) => ({ ...history, moments: history.moments.map(change) })),
  })
}

function onOne(at: number, change: (step: Step) => Step): Cut {
  return onAll((step, index) => (index === at ? change(step) : step))
}
