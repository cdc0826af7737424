import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gitEnvironment } from './git-environment.ts'
import { openShell, type Shell } from './git-shell.ts'

export type RunOptions = { input?: string | Buffer; env?: Record<string, string> }
export type GitResult = { code: number; stdout: string; stderr: string }

const atOnce = Math.max(2, availableParallelism())
const idle: Shell[] = []
const waiting: ((shell: Shell) => void)[] = []
let open = 0

/**
 * Runs `git` in a folder; the output as UTF-8 text. A small shell starts it, because starting a process copies the memory map
 * of whoever does: 20 ms each in a test or a demo of 250 MB, 1 ms there.
 */
export async function runGit(folder: string, args: string[], options: RunOptions = {}): Promise<GitResult> {
  const shell = await freeShell()
  try {
    const result = await runIn(shell, folder, args, options)
    // What the shell says itself: git was not found, or not allowed to run.
    if (result.code === 126 || result.code === 127) throw new Error(result.stderr.trim())
    return result
  } finally {
    release(shell)
  }
}

async function runIn(shell: Shell, folder: string, args: string[], { input, env = {} }: RunOptions) {
  const file = (name: string) => join(shell.folder, name)
  if (input !== undefined) writeFileSync(file('in'), input)
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)} && `)
  const words = ['git', ...args].map(quoted).join(' ')
  const from = input === undefined ? '/dev/null' : quoted(file('in'))
  const ends = `<${from} >${quoted(file('out'))} 2>${quoted(file('err'))}`
  const code = await shell.run(`(cd ${quoted(folder)} && ${exports.join('')}exec ${words}) ${ends}`)
  return { code, stdout: readFileSync(file('out'), 'utf8'), stderr: readFileSync(file('err'), 'utf8') }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

async function freeShell(): Promise<Shell> {
  const shell = idle.pop()
  if (shell) return shell
  if (open >= atOnce) return new Promise((resolve) => waiting.push(resolve))
  open += 1
  return openShell(mkdtempSync(join(tmpdir(), 'sandbox-git-')), gitEnvironment())
}

function release(shell: Shell): void {
  if (shell.ended()) open -= 1
  else idle.push(shell)
  const next = waiting.shift()
  if (next) void freeShell().then(next)
}
