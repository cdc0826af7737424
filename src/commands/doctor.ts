import { Command } from 'commander'
import type { Access } from '../doctor/access.ts'
import type { Probe } from '../doctor/probes.ts'
import { repositoryProblem } from './repository-option.ts'

type Options = { repository?: string; token?: string; json?: boolean }

/** `doctor`: whether GitHub enforces the gate. Writes nothing. 0 enforced, 1 drift, 2 usage error, 3 GitHub cannot be reached. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .option('--repository <owner/name>', 'only this repository')
    .option(
      '--token <token>',
      'read rules as an administrator, who also sees the bypass lists (default: GITHUB_TOKEN)',
    )
    .option('--json', 'print {"ok","digest","diagnoses"} as JSON')
    .addHelpText(
      'after',
      '\nErrors and warnings count as drift. Notes and unreadable settings do not.\n' +
        'Exit codes: 0 no drift, 1 drift, 2 usage error, 3 GitHub cannot be reached.',
    )
    .action(async (options: Options) => {
      const { exitIfUnreachable } = await import('../doctor/unreachable.ts')
      await exitIfUnreachable(() => run(options))
    })
}

async function run(options: Options): Promise<void> {
  const { openAccess, parseRepository } = await import('../doctor/access.ts')
  const only = options.repository === undefined ? undefined : parseRepository(options.repository)
  if (options.repository !== undefined && !only) return refuse([repositoryProblem(options.repository)])
  const access = await openAccess(options)
  if ('mistakes' in access) return refuse(access.mistakes)
  const [{ gather }, { diagnose, isDrift }, text] = await Promise.all([
    import('../doctor/gather.ts'),
    import('../doctor/diagnose.ts'),
    import('../doctor/text.ts'),
  ])
  const { keptSharedOf } = await import('../doctor/kept-shared.ts')
  const { app, installation, person, serves } = access
  const clients = {
    app,
    installation,
    serves,
    now: () => new Date(),
    ...keptSharedOf(access.settings),
    ...(person ? { administrator: person } : {}),
  }
  const facts = await gather({ ...clients, probes: await probesOf(access) }, only)
  const diagnoses = diagnose(facts)
  process.stdout.write(
    options.json ? text.diagnosisJson(diagnoses) : text.diagnosisText(diagnoses, process.stdout.columns),
  )
  process.exitCode = diagnoses.some(isDrift) ? 1 : 0
}

/** Slack and staging are probed only where they are configured. */
async function probesOf({ settings }: Access): Promise<Probe[]> {
  const { stateProbes } = await import('../doctor/state-probes.ts')
  const { signInProbe } = await import('../doctor/sign-in-probe.ts')
  const { slackProbe } = await import('../doctor/slack-probe.ts')
  const { stagingProbes } = await import('../doctor/staging-probes.ts')
  const slack = settings.slack ? [slackProbe(settings.slack)] : []
  return [...stateProbes(settings), signInProbe(settings), ...slack, ...stagingProbes(settings.servers)]
}

function refuse(mistakes: string[]): void {
  process.stderr.write(`release-gate doctor cannot run:\n${mistakes.map((one) => `  ${one}\n`).join('')}`)
  process.exitCode = 2
}
