#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { auditCommand } from './commands/audit.ts'
import { calendarCommand } from './commands/calendar.ts'
import { contractCommand } from './commands/contract.ts'
import { decideCommand } from './commands/decide.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { freezeCommands } from './commands/freeze.ts'
import { policyCommand } from './commands/policy.ts'
import { regressCommand } from './commands/regress.ts'
import { setupCommand } from './commands/setup.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { windowCommand } from './commands/window.ts'

/** The command line. Exit codes of every command: 0 yes or done, 1 no, 2 usage error, 3 GitHub or staging could not be reached. */
const program = new Command('release-gate')
  .description('A GitHub App for change management: one required check that enforces your release policy.')
  .version(packageFile.version, '-V, --version', 'print the version')
  .configureHelp({ showGlobalOptions: true })

for (const command of [
  startCommand(),
  demoCommand(),
  windowCommand(),
  decideCommand(),
  calendarCommand(),
  policyCommand(),
  statusCommand(),
  ...freezeCommands(),
  auditCommand(),
  doctorCommand(),
  setupCommand(),
  regressCommand(),
  contractCommand(),
]) {
  program.addCommand(command)
}

/** commander exits with 1 on a usage error; here 1 means that the answer is no. */
function exitCodeOf(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : 2
}

function overrideExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) overrideExit(child)
}

overrideExit(program)
try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = exitCodeOf(error)
  else {
    process.stderr.write(`release-gate: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}
