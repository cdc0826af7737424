import { Command } from 'commander'
import type { Access } from '../doctor/access.ts'
import type { Probe } from '../doctor/probes.ts'

type Options = { repository?: string; token?: string; json?: boolean }

/** `doctor`: whether the gate is really enforced. It writes nothing. 0 all well, 1 drift, 2 wrong use, 3 GitHub gave no answer. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say for each repository whether the gate is really enforced, and who can go round it')
    .option('--repository <owner/name>', 'only this repository')
    .option(
      '--token <token>',
      'read rules as an administrator: only they see who may bypass (default: GITHUB_TOKEN)',
    )
    .option('--json', 'print {"ok","digest","diagnoses"} as JSON')
    .addHelpText(
      'after',
      '\nErrors and warnings are drift; what cannot be read from here, and what is only told, is none.\n' +
        'Exit codes: 0 all well, 1 drift found, 2 wrong use, 3 GitHub cannot be reached.',
    )
    .action(async (options: Options) => {
      const { orUnreachable } = await import('../doctor/unreachable.ts')
      await orUnreachable(() => run(options))
    })
}

async function run(options: Options): Promise<void> {
  const { openAccess, parseRepository } = await import('../doctor/access.ts')
  const only = options.repository === undefined ? undefined : parseRepository(options.repository)
  if (options.repository !== undefined && !only)
    return refuse([`--repository: ${JSON.stringify(options.repository)} is not a name like "acme/shop".`])
  const access = await openAccess(options)
  if ('mistakes' in access) return refuse(access.mistakes)
  const [{ gather }, { diagnose, isDrift }, text] = await Promise.all([
    import('../doctor/gather.ts'),
    import('../doctor/diagnose.ts'),
    import('../doctor/text.ts'),
  ])
  const { app, installation, person, serves } = access
  const outside = {
    app,
    installation,
    serves,
    now: () => new Date(),
    ...(person ? { administrator: person } : {}),
  }
  const facts = await gather({ ...outside, probes: await probesOf(access) }, only)
  const diagnoses = diagnose(facts)
  process.stdout.write(
    options.json ? text.asJson(diagnoses) : text.asTable(diagnoses, process.stdout.columns),
  )
  process.exitCode = diagnoses.some(isDrift) ? 1 : 0
}

/** Slack and staging are looked at only where they are used. */
async function probesOf({ settings }: Access): Promise<Probe[]> {
  const { stateProbes } = await import('../doctor/state-probes.ts')
  const { slackProbe } = await import('../doctor/slack-probe.ts')
  const { stagingProbes } = await import('../doctor/staging-probes.ts')
  const slack = settings.slack ? [slackProbe(settings.slack)] : []
  return [...stateProbes(settings), ...slack, ...stagingProbes(settings.servers)]
}

function refuse(mistakes: string[]): void {
  process.stderr.write(`release-gate doctor cannot run:\n${mistakes.map((one) => `  ${one}\n`).join('')}`)
  process.exitCode = 2
}
