import { spawn } from 'node:child_process'
import { gitEnvironment } from './git-environment.ts'
import { type GitObject, objectReader } from './git-object-reader.ts'

/** One bare repository on disk. Objects are read through one long-lived `git cat-file`, all else runs a `git`. */
export type Git = {
  folder: string
  run(args: string[], options?: RunOptions): Promise<string>
  /** Like `run`, and answers the exit code instead of throwing on it. */
  attempt(args: string[], options?: RunOptions): Promise<{ code: number; stdout: string; stderr: string }>
  /** One object by any name that git understands; undefined when there is none. */
  read(name: string): Promise<GitObject | undefined>
  /** What depends on object ids alone is worked out once. */
  remember<T>(key: string, work: () => Promise<T>): Promise<T>
  close(): void
}
export type RunOptions = { input?: string | Buffer; env?: Record<string, string> }

const remembered = 2000

export function openGit(folder: string): Git {
  const memory = new Map<string, Promise<unknown>>()
  const reader = objectReader(folder)
  const attempt = (args: string[], options: RunOptions = {}) => spawnGit(folder, args, options)
  return {
    folder,
    attempt,
    async run(args, options) {
      const { code, stdout, stderr } = await attempt(args, options)
      if (code !== 0) throw new Error(`git ${args.join(' ')} left with ${code}: ${stderr.trim()}`)
      return stdout
    },
    read: reader.read,
    remember<T>(key: string, work: () => Promise<T>) {
      const known = memory.get(key) as Promise<T> | undefined
      if (known) return known
      if (memory.size >= remembered) memory.delete(memory.keys().next().value ?? '')
      const fresh = work()
      memory.set(key, fresh)
      fresh.catch(() => memory.delete(key))
      return fresh
    },
    close: reader.close,
  }
}

/** Runs `git` in a folder; the output as UTF-8 text. */
export function spawnGit(folder: string, args: string[], options: RunOptions = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn('git', args, { cwd: folder, env: gitEnvironment(options.env) })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      }),
    )
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
