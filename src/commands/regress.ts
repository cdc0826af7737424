import { Command, InvalidArgumentError, Option } from 'commander'
import type { InitOptions, RegressOptions } from './regress-options.ts'
import { withServerOptions } from './server-options.ts'

/** `regress`: runs a suite against a server, as the bot does it before a release. */
export function regressCommand(): Command {
  return withServerOptions(new Command('regress'), false)
    .enablePositionalOptions()
    .addCommand(initCommand())
    .option(
      '--suite <file...>',
      'the suite, such as .github/mcp-regression.yml; or several files, globs or folders',
    )
    .option('--policy <file>', 'use the limits of this policy; the suite can only tighten them')
    .option(
      '--only <name...>',
      'run only these cases; the result then does not count as evidence for a release',
    )
    .option(
      '--baseline <file>',
      'the list of tools of the last release, written by --record or `contract record`',
    )
    .option('--base-suite <file...>', 'the suite of the base branch, to list removed cases and added waivers')
    .option(
      '--declared <file>',
      'JSON that describes what staging mirrors: {"tables": {"diners": {"rows": 12000, "newest": "2026-11-20T00:00:00Z"}}}',
    )
    .option(
      '--record <file>',
      'write the list of tools and the latencies of this run, as a baseline for the next',
    )
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--markdown <file>', 'write the report as Markdown, for example to $GITHUB_STEP_SUMMARY')
    .option('--annotate', 'print a line for each failed case that GitHub Actions shows in the suite file')
    .option('--json', 'print the report as JSON instead of text')
    .option('--writes', 'it is safe to write to this server: run the cases with `writes: true`')
    .option(
      '--update-snapshots',
      'store the answers of cases with `snapshot`, instead of comparing with the stored ones',
    )
    .addOption(
      new Option(
        '--concurrency <n>',
        'how many read-only cases to run at a time; latency is then measured under load',
      ).argParser(concurrency),
    )
    .option('--expect-version <sha>', 'the version that the server must report')
    .addHelpText('after', help)
    .action(async (options: RegressOptions, command: Command) => {
      // Not mandatory for commander, which would demand them of `init`, too.
      for (const name of ['suite', 'server'] as const) {
        const flags = command.options.find((option) => option.attributeName() === name)?.flags
        if (options[name] === undefined) command.error(`error: required option '${flags}' not specified`)
      }
      // Loaded only now: the other commands need nothing of it.
      const { regress } = await import('./regress-action.ts')
      await regress(options)
    })
}

function initCommand(): Command {
  return withServerOptions(new Command('init'))
    .description('write a first suite from the tools of a server, run it, and say what to do next')
    .option('--out <file>', 'where to write it', '.github/mcp-regression.yml')
    .option('--force', 'replace the file if it exists')
    .addHelpText(
      'after',
      '\nExit codes: 0 written, and what was run passed; 1 a case failed,\n2 usage error, 3 inconclusive.',
    )
    .action(async (options: InitOptions) => {
      const { regressInit } = await import('./regress-init.ts')
      await regressInit(options)
    })
}

const most = 64

function concurrency(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new InvalidArgumentError(`Write a whole number from 1 to ${most}.`)
}

const help = `
Exit codes: 0 passed, 1 failed, 2 usage error, 3 inconclusive.
Environment: STAGING_TOKEN, or STAGING_CLIENT_ID with STAGING_CLIENT_SECRET or
STAGING_PRIVATE_KEY (and STAGING_ISSUER, STAGING_SCOPE, STAGING_KEY_ALGORITHM);
LEDGER_URL with LEDGER_KEY; RECEIPTS_URL; SUITE_… for the suite's \${SUITE_…}.`
