import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Options = { cwd: string; env: Record<string, string>; input?: string | Uint8Array }
type Ended = { status: number; stdout: Buffer; stderr: string }

/**
 * Runs `git` and waits for it. A shell starts it, one for all: starting a process copies the memory map of whoever does, which
 * takes 20 to 60 ms in a worker of the tests and 1 ms in a shell.
 */
export function gitInAShell(args: readonly string[], { cwd, env, input }: Options): Ended {
  shell ??= openShell()
  const { folder } = shell
  const file = (name: string) => join(folder, name)
  if (input !== undefined) writeFileSync(file('in'), input)
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const command = ['env', '-i', ...words, 'git', ...args].map(quoted).join(' ')
  const ends = `<${input === undefined ? '/dev/null' : quoted(file('in'))} >${quoted(file('out'))} 2>${quoted(file('err'))}`
  const status = shell.run(`(cd ${quoted(cwd)} && exec ${command}) ${ends}`)
  return { status, stdout: readFileSync(file('out')), stderr: readFileSync(file('err'), 'utf8') }
}

let shell: ReturnType<typeof openShell> | undefined

/** It ends with this process: nobody can write to it any longer. */
function openShell() {
  const folder = mkdtempSync(join(tmpdir(), 'release-gate-shell-'))
  const [commands = '', answers = ''] = ['commands', 'answers'].map((name) => join(folder, name))
  execFileSync('mkfifo', [commands, answers])
  const script = 'sh -s <"$1/commands" >"$1/answers"; rm -rf "$1"'
  spawn('sh', ['-c', script, 'sh', folder], { stdio: 'ignore' }).unref()
  const to = openSync(commands, 'w')
  const from = openSync(answers, 'r')
  const answer = Buffer.alloc(16)
  return {
    folder,
    run(command: string): number {
      writeSync(to, `${command}; echo $?\n`)
      return Number(answer.toString('utf8', 0, readSync(from, answer)))
    },
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
