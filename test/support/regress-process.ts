import { Command } from 'commander'
import { regressCommand } from '../../src/commands/regress.ts'

/** The command in a process of its own, to be measured and to be sent signals. */
await new Command('release-gate').addCommand(regressCommand()).parseAsync()
