import { Command } from 'commander'
import { regressCommand } from '/work/main/src/commands/regress.ts'
import { contractCommand } from '/work/main/src/commands/contract.ts'
await new Command('x').addCommand(regressCommand()).addCommand(contractCommand()).parseAsync()
