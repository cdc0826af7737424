import { Command } from 'commander'
import { withRunOptions } from './runbook-options.ts'

/** `runbook run|check`: runs the steps of a runbook against a server, or checks that all of them can be read. */
export function runbookCommand(): Command {
  return new Command('runbook')
    .enablePositionalOptions()
    .addCommand(runCommand())
    .addCommand(checkCommand())
    .addHelpText(
      'after',
      '\nExit codes: 0 passed or no problems, 1 failed or problems,\n2 usage error, 3 inconclusive.',
    )
}

/** Variables of the runbook are options, too, which are known only once its file is read. */
function runCommand(): Command {
  return withRunOptions(new Command('run'))
    .description('run the steps of a runbook, print what they found and record it')
    .argument('<name>', 'its name, or the name of its file without .md')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_name: string, { runbooks }: { runbooks: string }, command: Command) => {
      const { runRunbook } = await import('./runbook-action.ts')
      // As they were written: what this command does not know is an option of the runbook.
      await runRunbook(command.parent?.args.slice(1) ?? [], runbooks)
    })
}

function checkCommand(): Command {
  return new Command('check')
    .description('check every runbook of a folder: its headings, and the steps of its block')
    .argument('[folder]', 'the folder with the runbooks (default: that of the policy)')
    .option('--policy <file>', 'the policy with the required headings (default: .github/release-gate.yml)')
    .option('--json', 'print the problems as JSON')
    .addHelpText('after', '\nExit codes: 0 no problems, 1 problems, 2 usage error.')
    .action(async (folder: string | undefined, options: { policy?: string; json?: boolean }) => {
      const { checkRunbooks } = await import('./runbook-check.ts')
      await checkRunbooks(folder, options)
    })
}
