import { Command } from 'commander'
import type { Access } from '../doctor/access.ts'
import type { RepositoryName } from '../doctor/gather.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Refusal } from '../setup/setup-apply.ts'
import type { SetupPlan } from '../setup/setup-plan.ts'

type Options = { repository: string; apply?: boolean; token?: string }

/**
 * `setup`: what is left to do until the gate is enforced on a repository; with `--apply` and an administrator's token it is
 * done, as often as wanted. The content of the repository is never written. 0 nothing left, 1 something left, 2 wrong use, 3 GitHub gave no answer.
 */
export function setupCommand(): Command {
  return new Command('setup')
    .description('show what enforces the gate on a repository: the ruleset, the labels, a policy; or do it')
    .requiredOption('--repository <owner/name>', 'the repository')
    .option('--apply', 'create the ruleset and the labels, as an administrator')
    .option('--token <token>', 'the token of an administrator of the repository (default: GITHUB_TOKEN)')
    .addHelpText(
      'after',
      '\nThe policy is shown and never pushed.\n' +
        'Exit codes: 0 nothing is left to do, 1 something is, 2 wrong use, 3 GitHub cannot be reached.',
    )
    .action(async (options: Options) => {
      const { orUnreachable } = await import('../doctor/unreachable.ts')
      await orUnreachable(async () => tell(await run(options)))
    })
}

function tell(outcome: 0 | 1 | Refusal): void {
  process.exitCode = typeof outcome === 'number' ? outcome : 2
  if (typeof outcome === 'number') return
  const lines = outcome.refusal.map((line) => `  ${line}\n`)
  process.stderr.write(`release-gate setup cannot run:\n${lines.join('')}`)
}

/** The exit code, or why it cannot run. */
async function run(options: Options): Promise<0 | 1 | Refusal> {
  const { openAccess, parseRepository } = await import('../doctor/access.ts')
  const repository = parseRepository(options.repository)
  if (!repository) {
    return {
      refusal: [`--repository: ${JSON.stringify(options.repository)} is not a name like "acme/shop".`],
    }
  }
  const access = await openAccess(options)
  if ('mistakes' in access) return { refusal: access.mistakes }
  const { asAdministrator } = await import('../setup/setup-apply.ts')
  const person = options.apply ? await asAdministrator(access.person, repository) : undefined
  if (person && 'refusal' in person) return person
  const plan = await readPlan(access, repository)
  if ('refusal' in plan) return plan
  const { planText } = await import('../setup/setup-text.ts')
  process.stdout.write(planText(options.repository, plan))
  if (person) return carryOut(person, repository, plan)
  return plan.steps.length + plan.unsayable.length > 0 ? 1 : 0
}

async function carryOut(
  person: GitHub,
  repository: RepositoryName,
  plan: SetupPlan,
): Promise<0 | 1 | Refusal> {
  const { applySteps } = await import('../setup/setup-apply.ts')
  const { isByHand } = await import('../setup/setup-text.ts')
  const steps = plan.steps.filter((step) => !isByHand(step))
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  const refused = await applySteps(person, repository, steps, say)
  return refused ?? (steps.length < plan.steps.length || plan.unsayable.length > 0 ? 1 : 0)
}

/** Rules are read as the person where there is one: a second run must see what the first has done. */
async function readPlan(access: Access, repository: RepositoryName): Promise<SetupPlan | Refusal> {
  const { gather } = await import('../doctor/gather.ts')
  const { planSetup } = await import('../setup/setup-plan.ts')
  const { app, installation, serves, person } = access
  const administrator = person ? { administrator: person } : {}
  const outside = { app, installation, serves, ...administrator, probes: [], now: () => new Date() }
  const facts = await gather(outside, repository)
  const found = facts.repositories[0]
  if (found?.kind === 'read') return planSetup(found, facts.app.id)
  const why = found?.kind === 'unreadable' ? found.why : facts.installations[0]?.unreadable
  if (why !== undefined) return { refusal: [`The repository cannot be read: ${why}`] }
  if (facts.installations.length > 0) {
    return { refusal: ['The installation is suspended, or its account is not in ALLOWED_ACCOUNTS.'] }
  }
  return { refusal: [`The App ${facts.app.slug} is not installed on this repository: install it first.`] }
}
