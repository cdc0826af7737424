import type { GitObject } from './git-loose-objects.ts'
import { objectReader } from './git-object-reader.ts'
import { type GitResult, type RunOptions, runGit } from './git-process.ts'

/** One bare repository on disk. Objects are read from their files or by one long-lived `git cat-file`, all else runs a `git`. */
export type Git = {
  folder: string
  run(args: string[], options?: RunOptions): Promise<string>
  /** Like `run`, and answers the exit code instead of throwing on it. */
  attempt(args: string[], options?: RunOptions): Promise<GitResult>
  /** One object by any name that git understands; undefined when there is none. */
  read(name: string): Promise<GitObject | undefined>
  /** What depends on object ids alone is worked out once. */
  remember<T>(key: string, work: () => Promise<T>): Promise<T>
  close(): void
}

const remembered = 2000

export function openGit(folder: string): Git {
  const memory = new Map<string, Promise<unknown>>()
  const reader = objectReader(folder)
  const attempt = (args: string[], options: RunOptions = {}) => runGit(folder, args, options)
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
