import { type ChildProcess, fork } from 'node:child_process'
import { programFile } from '../../settings/package-files.ts'
import { gitEnvironment } from './git-environment.ts'

export type RunOptions = { input?: string | Buffer; env?: Record<string, string> }
export type GitResult = { code: number; stdout: string; stderr: string }

export type GitRequest = {
  id: number
  folder: string
  args: string[]
  env: Record<string, string>
  input: string | Uint8Array
}
export type GitAnswer = { id: number; result?: GitResult; problem?: string }

type Waiting = { resolve: (result: GitResult) => void; reject: (error: Error) => void }

let runner: ChildProcess | undefined
let asked = 0
const waiting = new Map<number, Waiting>()

/**
 * Runs `git` in a folder; the output as UTF-8 text. A small process of its own starts it, because starting one copies the
 * memory map of whoever does: 10 ms each time in a test or a demo of 250 MB, 2 ms there.
 */
export function runGit(folder: string, args: string[], options: RunOptions = {}): Promise<GitResult> {
  runner ??= startRunner()
  const { channel } = runner
  const id = ++asked
  const request: GitRequest = {
    id,
    folder,
    args,
    env: gitEnvironment(options.env),
    input: options.input ?? '',
  }
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    channel?.ref()
    runner?.send(request, (error) => error && settle({ id, problem: error.message }))
  })
}

/** It does not keep the process alive unless something waits for it. */
function startRunner(): ChildProcess {
  const started = fork(programFile('sandbox/github/git-runner'), { serialization: 'advanced', execArgv: [] })
  started.unref()
  started.channel?.unref()
  started.on('message', settle)
  started.once('exit', () => {
    runner = undefined
    for (const id of [...waiting.keys()]) settle({ id, problem: 'The process that runs git ended' })
  })
  return started
}

function settle({ id, result, problem }: GitAnswer): void {
  const waiter = waiting.get(id)
  waiting.delete(id)
  if (waiting.size === 0) runner?.channel?.unref()
  if (result) waiter?.resolve(result)
  else waiter?.reject(new Error(problem))
}
