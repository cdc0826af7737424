import { Command, CommanderError } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }

/**
 * Every command, in the order of the help. Only the command that is asked for is loaded: together they load half of the
 * project, which takes longer than most of them work.
 */
const commands: { name: string; description: string; load: () => Promise<Command> }[] = [
  {
    name: 'start',
    description: 'run the bot; without credentials, serve the page that creates the GitHub App',
    load: () => import('./start.ts').then(({ startCommand }) => startCommand()),
  },
  {
    name: 'demo',
    description:
      'play a release week on this machine, with a simulated GitHub on real git repositories and the real bot',
    load: () => import('./demo.ts').then(({ demoCommand }) => demoCommand()),
  },
  {
    name: 'window',
    description: 'show whether the release window is open, by the policy alone (see `status` for freezes)',
    load: () => import('./window.ts').then(({ windowCommand }) => windowCommand()),
  },
  {
    name: 'clocks',
    description: 'show when the first response and the resolution of an incident are due',
    load: () => import('./clocks.ts').then(({ clocksCommand }) => clocksCommand()),
  },
  {
    name: 'incident',
    description: 'open and end incidents, show them with their clocks, and print what to set up',
    load: () => import('./incident.ts').then(({ incidentCommand }) => incidentCommand()),
  },
  {
    name: 'decide',
    description:
      'print the check of a live pull request under another policy, at another time or with a label, or replay a stored snapshot',
    load: () => import('./decide.ts').then(({ decideCommand }) => decideCommand()),
  },
  {
    name: 'calendar',
    description: 'print the secret URL of the calendar feed of release windows and freezes',
    load: () => import('./calendar.ts').then(({ calendarCommand }) => calendarCommand()),
  },
  {
    name: 'policy',
    description: "check policy files, and accept another repository of an organization's policy",
    load: () => import('./policy.ts').then(({ policyCommand }) => policyCommand()),
  },
  {
    name: 'status',
    description: 'show the release window, freezes and open pull requests of every repository',
    load: () => import('./status.ts').then(({ statusCommand }) => statusCommand()),
  },
  {
    name: 'login',
    description:
      'sign in with GitHub at the running bot, for `status`, freezes, exemptions, incidents and `policy accept`',
    load: () => import('./login.ts').then(({ loginCommand }) => loginCommand()),
  },
  {
    name: 'logout',
    description: 'sign out of the command line',
    load: () => import('./login.ts').then(({ logoutCommand }) => logoutCommand()),
  },
  {
    name: 'freeze',
    description: 'block merges immediately, with a reason that every check shows',
    load: () => import('./freeze.ts').then(({ freezeCommand }) => freezeCommand()),
  },
  {
    name: 'unfreeze',
    description: 'end a freeze that was started with `freeze`',
    load: () => import('./freeze.ts').then(({ unfreezeCommand }) => unfreezeCommand()),
  },
  {
    name: 'exempt',
    description: 'exempt a pull request from freezes in advance, by two people',
    load: () => import('./exempt.ts').then(({ exemptCommand }) => exemptCommand()),
  },
  {
    name: 'audit',
    description: 'verify, export and prune the records, and print reports and dossiers',
    load: () => import('./audit.ts').then(({ auditCommand }) => auditCommand()),
  },
  {
    name: 'report',
    description: 'show the merges that a policy with `enforce: false` would have blocked, and by what',
    load: () => import('./report.ts').then(({ reportCommand }) => reportCommand()),
  },
  {
    name: 'notes',
    description: 'print release notes from the change records, of a month or of the last window',
    load: () => import('./notes.ts').then(({ notesCommand }) => notesCommand()),
  },
  {
    name: 'backup',
    description: 'write everything the bot knows to one file, also while it runs',
    load: () => import('./backup.ts').then(({ backupCommand }) => backupCommand()),
  },
  {
    name: 'restore',
    description: 'restore a backup into an empty database and verify its records',
    load: () => import('./backup.ts').then(({ restoreCommand }) => restoreCommand()),
  },
  {
    name: 'migrate',
    description: 'upgrade the database as its owner, for a bot whose role owns nothing',
    load: () => import('./migrate.ts').then(({ migrateCommand }) => migrateCommand()),
  },
  {
    name: 'queue',
    description: 'list waiting and failed jobs, and retry them',
    load: () => import('./queue.ts').then(({ queueCommand }) => queueCommand()),
  },
  {
    name: 'doctor',
    description: 'check for each repository whether GitHub enforces the gate, and who can bypass it',
    load: () => import('./doctor.ts').then(({ doctorCommand }) => doctorCommand()),
  },
  {
    name: 'setup',
    description: 'show what is left to enforce the gate on a repository; `--apply` does it',
    load: () => import('./setup.ts').then(({ setupCommand }) => setupCommand()),
  },
  {
    name: 'regress',
    description: 'run a regression suite against the tools of an MCP server, or write a first one',
    load: () => import('./regress.ts').then(({ regressCommand }) => regressCommand()),
  },
  {
    name: 'runbook',
    description: 'run the steps of a runbook against a server, or check every runbook',
    load: () => import('./runbook.ts').then(({ runbookCommand }) => runbookCommand()),
  },
  {
    name: 'contract',
    description: 'show, record and compare the tools that an MCP server offers',
    load: () => import('./contract.ts').then(({ contractCommand }) => contractCommand()),
  },
]

/** Runs the command line. Exit codes of every command: 0 yes or done, 1 no, 2 usage error, 3 GitHub, staging or the bot cannot be reached. */
export async function run(words: string[]): Promise<void> {
  process.stdout.on('error', endQuietly)
  try {
    const program = await programFor(words)
    overrideExit(program)
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = exitCodeOf(error)
    else {
      const { terminalLines } = await import('../decision/markdown.ts')
      const message = error instanceof Error ? error.message : String(error)
      process.stderr.write(`release-gate: ${terminalLines(message)}\n`)
      process.exitCode = error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : 2
    }
  }
}

/** `release-gate … | head` closes the pipe early. That is not an error. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}

async function programFor(words: string[]): Promise<Command> {
  const program = new Command('release-gate')
    .description('A GitHub App for change management: one required check that enforces your release policy.')
    .version(packageFile.version, '-V, --version', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    // So that `regress init` has options of its own that `regress` has, too.
    .enablePositionalOptions()
  const [wanted] = words.filter((word) => !word.startsWith('-') && word !== 'help')
  for (const { name, description, load } of commands) {
    const command = name === wanted ? await load() : new Command(name)
    program.addCommand(command.description(description))
  }
  return program
}

/** commander exits with 1 on a usage error; here 1 means that the answer is no. */
function exitCodeOf(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : 2
}

function overrideExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) overrideExit(child)
}
