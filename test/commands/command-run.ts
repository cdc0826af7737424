import type { Command } from 'commander'
import { vi } from 'vitest'

/** What a command wrote, and its exit code. */
export type Ran = { out: string; err: string; code: number | undefined }

/** Runs a command as the command line does, with these variables and no others of ours. */
export async function runCommand(
  command: Command,
  words: string[],
  env: Record<string, string>,
): Promise<Ran> {
  const ran: Ran = { out: '', err: '', code: undefined }
  const before = process.exitCode
  process.exitCode = undefined
  for (const name of ['GITHUB_TOKEN', 'SLACK_BOT_TOKEN', 'DATABASE_URL', 'ALLOWED_ACCOUNTS'])
    vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const catching = (sink: 'out' | 'err') => (text: unknown) => {
    ran[sink] += String(text)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(catching('out'))
  vi.spyOn(process.stderr, 'write').mockImplementation(catching('err'))
  try {
    command.exitOverride()
    await command.parseAsync(words, { from: 'user' })
    ran.code = Number(process.exitCode ?? 0)
    return ran
  } finally {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    process.exitCode = before
  }
}
