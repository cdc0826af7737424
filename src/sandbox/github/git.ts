import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

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
export type GitObject = { id: string; type: 'commit' | 'tree' | 'blob' | 'tag'; content: Buffer }
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

/** Nothing of the machine's own git settings reaches the sandbox. */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    ...extra,
  }
}

/** Runs `git` in a folder; output as latin-1-safe UTF-8 text. */
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

type Waiting = { resolve: (object: GitObject | undefined) => void; reject: (error: Error) => void }

/** `git cat-file --batch` answers in the order asked, so a queue of waiting readers is enough. */
function objectReader(folder: string) {
  let child: ChildProcessWithoutNullStreams | undefined
  let waiting: Waiting[] = []
  let chunks: Buffer[] = []
  let held = 0
  let wanted = 0

  const drain = () => {
    while (waiting.length > 0 && held >= wanted) {
      const buffer = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      const parsed = parseAnswer(buffer)
      chunks = [buffer]
      if (typeof parsed === 'number') {
        wanted = parsed
        return
      }
      chunks = parsed.length < buffer.length ? [buffer.subarray(parsed.length)] : []
      held -= parsed.length
      wanted = 0
      waiting.shift()?.resolve(parsed.object)
      if (held === 0) return
    }
  }
  const start = () => {
    const started = spawn('git', ['cat-file', '--batch'], { cwd: folder, env: gitEnvironment() })
    started.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      held += chunk.length
      drain()
    })
    started.stdin.on('error', () => undefined)
    started.on('close', () => {
      if (child === started) child = undefined
      for (const reader of waiting) reader.reject(new Error('git cat-file ended'))
      waiting = []
      chunks = []
      held = 0
      wanted = 0
    })
    return started
  }
  return {
    read(name: string) {
      if (name.includes('\n')) return Promise.resolve(undefined)
      child ??= start()
      const { stdin } = child
      return new Promise<GitObject | undefined>((resolve, reject) => {
        waiting.push({ resolve, reject })
        stdin.write(`${name}\n`)
      })
    },
    close() {
      child?.stdin.end()
      child = undefined
    },
  }
}

/** One whole answer at the start of the buffer, or the number of bytes that must be there to go on. */
function parseAnswer(buffer: Buffer): { length: number; object: GitObject | undefined } | number {
  const end = buffer.indexOf(10)
  if (end < 0) return buffer.length + 1
  const header = buffer.subarray(0, end).toString('utf8')
  const found = /^([0-9a-f]{40}) (commit|tree|blob|tag) (\d+)$/.exec(header)
  if (!found) return { length: end + 1, object: undefined }
  const [, id = '', type, size] = found
  const length = end + 1 + Number(size) + 1
  if (buffer.length < length) return length
  const content = buffer.subarray(end + 1, length - 1)
  return { length, object: { id, type: type as GitObject['type'], content } }
}
