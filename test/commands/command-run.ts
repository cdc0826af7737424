import type { Command } from 'commander'
import { vi } from 'vitest'
import { run } from '../../src/commands/program.ts'

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

/** What `release-gate … --help` prints, run in this process: to start another one takes longer than all of its work. */
export async function helpOf(...words: string[]): Promise<string> {
  const before = { code: process.exitCode, listeners: process.stdout.listeners('error') }
  process.exitCode = undefined
  let help = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    help += String(text)
    return true
  })
  try {
    await run([...words, '--help'])
    if (process.exitCode) throw new Error(`--help of ${words.join(' ')} ends with ${process.exitCode}`)
    return help
  } finally {
    vi.restoreAllMocks()
    process.exitCode = before.code
    for (const listener of process.stdout.listeners('error'))
      if (!before.listeners.includes(listener)) process.stdout.off('error', listener as () => void)
  }
}

/** The names of the commands that a help lists. */
export function commandsIn(help: string): string[] {
  if (!help.includes('Commands:')) return []
  const names = help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)
  return [...names].flatMap(([, name]) => (name === undefined || name === 'help' ? [] : [name]))
}
