import { Command, Option } from 'commander'
import type { Severity } from '../regression/contract/index.ts'
import { type ContractTarget, withServerOptions } from './server-options.ts'

/** `contract show | diff | record`: the list of tools that a server promises. */
export function contractCommand(): Command {
  return new Command('contract')
    .addCommand(showCommand())
    .addCommand(diffCommand())
    .addCommand(recordCommand())
}

function withTarget(command: Command): Command {
  return withServerOptions(command).addOption(
    new Option('--elicitation <kind>', 'as in the suite: tools/list may depend on it')
      .choices(['none', 'defaults'])
      .default('none'),
  )
}

function showCommand(): Command {
  return withTarget(new Command('show'))
    .description('print the tools of a server')
    .option('--json', 'print the list as the server sent it')
    .addHelpText(
      'after',
      '\nExit codes: 0 printed, 1 validating clients reject the list, 2 usage error,\n3 the server cannot be reached.',
    )
    .action(async (options: ContractTarget & { json?: boolean }) => (await actions()).show(options))
}

function recordCommand(): Command {
  return withTarget(new Command('record'))
    .description('write the tools of a server to a file, as a baseline for `regress --baseline`')
    .requiredOption('--out <file>', 'where to write it')
    .addHelpText(
      'after',
      '\nExit codes: 0 written, 1 written, but validating clients reject something new,\n2 usage error, 3 the server cannot be reached.',
    )
    .action(async (options: ContractTarget & { out: string }) => (await actions()).record(options))
}

function diffCommand(): Command {
  return new Command('diff')
    .description('show what changed between two lists of tools; exit code 1 if a change breaks callers')
    .argument('<old>', 'JSON written by `contract record`, or any tools/list result')
    .argument('<new>', 'the same')
    .option('--json', 'print the changes as JSON')
    .addOption(
      new Option(
        '--min-severity <severity>',
        'the least severe changes to print; the exit code counts all changes',
      )
        .choices(['breaking', 'warning', 'safe', 'info'])
        .default('info'),
    )
    .addHelpText('after', '\nExit codes: 0 nothing breaks, 1 something breaks, 2 usage error.')
    .action(async (before: string, after: string, options: { json?: boolean; minSeverity: Severity }) =>
      (await actions()).diff(before, after, options),
    )
}

/** Loaded only when one of them runs: the other commands need nothing of it. */
function actions() {
  return import('./contract-action.ts')
}
