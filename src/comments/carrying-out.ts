import { code } from '../decision/markdown.ts'
import { covers } from '../decision/policy.ts'
import { type Doing, type Facts, type Outcome, readFacts, refused } from './doing.ts'
import { hold, holdAfterMerge, unhold } from './holding.ts'
import { markUrgent } from './marking-urgent.ts'
import { whyNot } from './why.ts'

/** Does what a command asks for, if whoever wrote it may. What it needs is read now. */
export async function carryOut(doing: Doing): Promise<Outcome> {
  const facts = await readFacts(doing)
  if (!facts) return refused('GitHub does not find this pull request.')
  const late = await holdAfterMerge(doing, facts)
  if (late) return late
  const problem = notHere(doing, facts)
  if (problem !== undefined) return refused(problem)
  switch (doing.command.name) {
    case 'why':
      return { outcome: 'done', answer: await whyNot(doing, facts) }
    case 'recheck':
      await doing.shell.queue.enqueueEvaluate(doing.pull)
      return { outcome: 'done' }
    case 'hold':
      return hold(doing, facts)
    case 'unhold':
      return unhold(doing, facts)
    case 'urgent':
      return markUrgent(doing, facts)
  }
}

function notHere({ applicable: { policy } }: Doing, { snapshot }: Facts): string | undefined {
  const { state, base } = snapshot
  if (state !== 'open') return 'This pull request is not open, so there is nothing to do.'
  return covers(policy, base.ref, base.defaultBranch)
    ? undefined
    : `The policy does not cover the branch ${code(base.ref)}, so there is nothing to do.`
}
