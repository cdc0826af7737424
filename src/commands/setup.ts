import { Command } from 'commander'
import type { Access } from '../doctor/access.ts'
import type { RepositoryName } from '../doctor/gather.ts'
import type { GitHub } from '../services/github/client.ts'
import type { Refusal } from '../setup/setup-apply.ts'
import type { SetupPlan } from '../setup/setup-plan.ts'
import { repositoryProblem } from './repository-option.ts'

type Options = { repository: string; apply?: boolean; token?: string; json?: boolean }

/**
 * `setup`: shows the steps that are left until the gate is enforced on a repository. `--apply` does them with an
 * administrator's token and can be repeated. Repository content is never written. 0 done, 1 steps left, 2 usage error,
 * 3 GitHub cannot be reached.
 */
export function setupCommand(): Command {
  return new Command('setup')
    .requiredOption('--repository <owner/name>', 'the repository')
    .option('--apply', "create the ruleset and the labels; needs an administrator's token")
    .option('--token <token>', "an administrator's token (default: GITHUB_TOKEN)")
    .option('--json', 'print the plan {"repository","steps","inexpressible"} as JSON')
    .addHelpText(
      'after',
      '\nYou commit the policy yourself.\n' +
        'Exit codes: 0 nothing left to do, 1 steps left, 2 usage error,\n3 GitHub cannot be reached.',
    )
    .action(async (options: Options) => {
      const { exitIfUnreachable } = await import('../doctor/unreachable.ts')
      await exitIfUnreachable(async () => printOutcome(await run(options)))
    })
}

function printOutcome(outcome: 0 | 1 | Refusal): void {
  process.exitCode = typeof outcome === 'number' ? outcome : 2
  if (typeof outcome === 'number') return
  const lines = outcome.refusal.map((line) => `  ${line}\n`)
  process.stderr.write(`release-gate setup cannot run:\n${lines.join('')}`)
}

/** The exit code, or the reason why it cannot run. */
async function run(options: Options): Promise<0 | 1 | Refusal> {
  const { openAccess, parseRepository } = await import('../doctor/access.ts')
  const repository = parseRepository(options.repository)
  if (!repository) {
    return {
      refusal: [repositoryProblem(options.repository)],
    }
  }
  const access = await openAccess(options)
  if ('mistakes' in access) return { refusal: access.mistakes }
  const { administratorClient } = await import('../setup/setup-apply.ts')
  const person = options.apply ? await administratorClient(access.person, repository) : undefined
  if (person && 'refusal' in person) return person
  const plan = await readPlan(access, repository)
  if ('refusal' in plan) return plan
  const { planText } = await import('../setup/setup-text.ts')
  const { repository: name, json } = options
  process.stdout.write(json ? `${JSON.stringify({ repository: name, ...plan })}\n` : planText(name, plan))
  if (person) return applyPlan(person, repository, plan, json ? process.stderr : process.stdout)
  return plan.steps.length + plan.inexpressible.length > 0 ? 1 : 0
}

async function applyPlan(
  person: GitHub,
  repository: RepositoryName,
  plan: SetupPlan,
  stream: NodeJS.WriteStream,
): Promise<0 | 1 | Refusal> {
  const { applySteps } = await import('../setup/setup-apply.ts')
  const { isManual } = await import('../setup/setup-text.ts')
  const steps = plan.steps.filter((step) => !isManual(step))
  const report = (line: string) => void stream.write(`${line}\n`)
  const refused = await applySteps(person, repository, steps, report)
  return refused ?? (steps.length < plan.steps.length || plan.inexpressible.length > 0 ? 1 : 0)
}

/** Reads the rules as the person where there is one, so that a second run sees what the first one did. */
async function readPlan(access: Access, repository: RepositoryName): Promise<SetupPlan | Refusal> {
  const { gather } = await import('../doctor/gather.ts')
  const { webUrl } = await import('../services/github/web-url.ts')
  const { planSetup } = await import('../setup/setup-plan.ts')
  const { app, installation, serves, person } = access
  const administrator = person ? { administrator: person } : {}
  const { keptSharedOf } = await import('../doctor/kept-shared.ts')
  const kept = keptSharedOf(access.settings)
  const clients = { app, installation, serves, ...administrator, ...kept, probes: [], now: () => new Date() }
  const facts = await gather(clients, repository)
  const found = facts.repositories[0]
  if (found?.kind === 'read') return planSetup(found, facts.app.id, webUrl(access.settings.apiUrl))
  const why = found?.kind === 'unreadable' ? found.why : facts.installations[0]?.unreadable
  if (why !== undefined) return { refusal: [`Cannot read the repository: ${why}`] }
  if (facts.installations.length > 0) {
    return { refusal: ['The installation is suspended, or its account is not in ALLOWED_ACCOUNTS.'] }
  }
  return { refusal: [`The App ${facts.app.slug} is not installed on this repository. Install it first.`] }
}
