import { code } from '../decision/markdown.ts'
import { covers } from '../decision/policy.ts'
import { type CommandContext, type Facts, type Outcome, readFacts, refused } from './command-context.ts'
import { holdAfterMerge, runHold, runUnhold } from './holding.ts'
import { markUrgent } from './marking-urgent.ts'
import { whyNot } from './why.ts'

/** Does what a command asks for, if whoever wrote it may. What it needs is read now. */
export async function runCommand(context: CommandContext): Promise<Outcome> {
  const facts = await readFacts(context)
  if (!facts) return refused('GitHub does not find this pull request.')
  const late = await holdAfterMerge(context, facts)
  if (late) return late
  const problem = notHere(context, facts)
  if (problem !== undefined) return refused(problem)
  switch (context.command.name) {
    case 'why':
      return { outcome: 'done', answer: await whyNot(context, facts) }
    case 'recheck':
      await context.shell.queue.enqueueEvaluate(context.pull)
      return { outcome: 'done' }
    case 'hold':
      return runHold(context, facts)
    case 'unhold':
      return runUnhold(context, facts)
    case 'urgent':
      return markUrgent(context, facts)
  }
}

function notHere({ applicable: { policy } }: CommandContext, { snapshot }: Facts): string | undefined {
  const { state, base } = snapshot
  if (state !== 'open') return 'This pull request is not open, so there is nothing to do.'
  return covers(policy, base.ref, base.defaultBranch)
    ? undefined
    : `The policy does not cover the branch ${code(base.ref)}, so there is nothing to do.`
}
