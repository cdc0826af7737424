import { Command, CommanderError } from 'commander'
import { vi } from 'vitest'
import { contractCommand } from '../../src/commands/contract.ts'
import { regressCommand } from '../../src/commands/regress.ts'

export type Ran = { code: number; out: string; err: string }

/** Runs one of the two commands in this process as the main program does, with nothing but `environment`. */
export async function runCommand(words: string[], environment: Record<string, string> = {}): Promise<Ran> {
  const before = [process.exitCode, process.env] as const
  const written = { out: '', err: '' }
  const into = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    written[stream] += String(text)
    return true
  }
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(into('out'))
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(into('err'))
  process.env = { PATH: process.env.PATH, ...environment }
  process.exitCode = 0
  try {
    await program().parseAsync(words, { from: 'user' })
  } catch (error) {
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2
    if (!(error instanceof CommanderError))
      written.err += error instanceof Error ? error.message : String(error)
  }
  const code = Number(process.exitCode)
  out.mockRestore()
  err.mockRestore()
  ;[process.exitCode, process.env] = before
  return { code, ...written }
}

function program(): Command {
  const made = new Command('release-gate')
    .enablePositionalOptions()
    .addCommand(regressCommand())
    .addCommand(contractCommand())
  overrideExit(made)
  return made
}

/** commander ends with 1 on wrong use; the main program makes it 2. */
function overrideExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) overrideExit(child)
}
