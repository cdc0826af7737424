import { Command } from 'commander'
import type { Access } from '../doctor/access.ts'
import type { RepositoryName } from '../doctor/gather.ts'
import type { SetupPlan, SetupStep } from '../doctor/setup-plan.ts'
import type { GitHub } from '../services/github/client.ts'

type Options = { repository: string; apply?: boolean; token?: string }

/** A wrong use, or a lack of permission: nothing was done. */
type Refusal = { refusal: string[] }

/**
 * `setup`: what is left to do until the gate is enforced on a repository; with `--apply` and an administrator's token it is
 * done, as often as wanted. The content of the repository is never written. 0 nothing left, 1 something left, 2 wrong use.
 */
export function setupCommand(): Command {
  return new Command('setup')
    .description('show what enforces the gate on a repository: the ruleset, the labels, a policy; or do it')
    .requiredOption('--repository <owner/name>', 'the repository')
    .option('--apply', 'create the ruleset and the labels, as an administrator')
    .option('--token <token>', 'the token of an administrator of the repository (default: GITHUB_TOKEN)')
    .addHelpText(
      'after',
      '\nThe policy is shown and never pushed. Exit codes: 0 nothing is left to do, 1 something is, 2 wrong use.',
    )
    .action(async (options: Options) => {
      const refused = await run(options)
      if (!refused) return
      process.stderr.write(
        `release-gate setup cannot run:\n${refused.refusal.map((one) => `  ${one}\n`).join('')}`,
      )
      process.exitCode = 2
    })
}

async function run(options: Options): Promise<Refusal | undefined> {
  const { openAccess, parseRepository } = await import('../doctor/access.ts')
  const repository = parseRepository(options.repository)
  if (!repository) {
    return {
      refusal: [`--repository: ${JSON.stringify(options.repository)} is not a name like "acme/shop".`],
    }
  }
  const access = await openAccess(options)
  if ('mistakes' in access) return { refusal: access.mistakes }
  const person = options.apply ? await administrator(access, repository) : undefined
  if (person && 'refusal' in person) return person
  const plan = await readPlan(access, repository)
  if ('refusal' in plan) return plan
  const { planText, isByHand } = await import('../doctor/setup-text.ts')
  process.stdout.write(planText(options.repository, plan))
  process.exitCode = plan.steps.length + plan.unsayable.length > 0 ? 1 : 0
  if (!person) return undefined
  const refused = await carryOut(
    person,
    repository,
    plan.steps.filter((step) => !isByHand(step)),
  )
  if (refused) return refused
  process.exitCode = plan.steps.some(isByHand) || plan.unsayable.length > 0 ? 1 : 0
  return undefined
}

async function administrator(access: Access, repository: RepositoryName): Promise<GitHub | Refusal> {
  const name = `${repository.owner}/${repository.repo}`
  const { person } = access
  if (!person) {
    return {
      refusal: [
        '--apply needs the token of an administrator: give --token, or set GITHUB_TOKEN. Nothing was done.',
      ],
    }
  }
  const { isAdministrator } = await import('../services/github/enforcement/writes.ts')
  const { statusOfError } = await import('../services/github/client.ts')
  try {
    if (await isAdministrator(person, repository)) return person
  } catch (error) {
    if (statusOfError(error) !== 401) throw error
    return { refusal: ['--token: GitHub does not know this token. Nothing was done.'] }
  }
  return { refusal: [`--token: this person is no administrator of ${name}. Nothing was done.`] }
}

/** Rules are read as the person where there is one: a second run must see what the first has done. */
async function readPlan(access: Access, repository: RepositoryName): Promise<SetupPlan | Refusal> {
  const [{ gather }, { planSetup }] = await Promise.all([
    import('../doctor/gather.ts'),
    import('../doctor/setup-plan.ts'),
  ])
  const { app, installation, serves, person } = access
  const outside = { app, installation, serves, probes: [], ...(person ? { administrator: person } : {}) }
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

/** The ruleset first: where the token may not make it, nothing is done at all. */
async function carryOut(
  person: GitHub,
  repository: RepositoryName,
  steps: SetupStep[],
): Promise<Refusal | undefined> {
  const { statusOfError } = await import('../services/github/client.ts')
  for (const [index, step] of steps.entries()) {
    try {
      process.stdout.write(`${await carryOutOne(person, repository, step)}\n`)
    } catch (error) {
      if (![403, 404, 422].includes(statusOfError(error) ?? 0)) throw error
      const says = error instanceof Error ? error.message : String(error)
      const done = index === 0 ? 'Nothing was done.' : `${index} of ${steps.length} steps were done.`
      return {
        refusal: [
          `GitHub refuses: ${says}`,
          `The token needs the permissions Administration: write and Issues: write on the repository. ${done}`,
        ],
      }
    }
  }
  return undefined
}

async function carryOutOne(person: GitHub, repository: RepositoryName, step: SetupStep): Promise<string> {
  const { createLabel, createRuleset, updateRuleset } = await import(
    '../services/github/enforcement/writes.ts'
  )
  switch (step.kind) {
    case 'create-ruleset':
      await createRuleset(person, repository, step.body)
      return `Created the ruleset "${step.body.name}".`
    case 'update-ruleset':
      await updateRuleset(person, repository, step.id, step.body)
      return `Changed the ruleset "${step.body.name}".`
    case 'create-label':
      await createLabel(person, repository, step.label)
      return `Created the label "${step.label.name}".`
    default:
      return ''
  }
}
