import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { gitEnvironment } from './git-environment.ts'
import { type GitObject, knownObjects, readLoose } from './git-loose-objects.ts'

type Waiting = { resolve: (object: GitObject | undefined) => void; reject: (error: Error) => void }
type Answers = { waiting: Waiting[]; chunks: Buffer[]; held: number; wanted: number }

/**
 * Reads objects from their files, and what is in no file of its own through one `git cat-file --batch` of the repository: it
 * answers in the order asked, so a queue is enough.
 */
export function objectReader(folder: string) {
  let child: ChildProcessWithoutNullStreams | undefined
  let answers = noAnswers()
  let known = knownObjects()
  const start = () => {
    const started = spawn('git', ['cat-file', '--batch'], { cwd: folder, env: gitEnvironment() })
    const own = noAnswers()
    answers = own
    started.stdout.on('data', (chunk: Buffer) => {
      own.chunks.push(chunk)
      own.held += chunk.length
      handOut(own)
    })
    started.stdin.on('error', () => undefined)
    started.on('close', () => {
      if (child === started) child = undefined
      for (const reader of own.waiting.splice(0)) reader.reject(new Error('git cat-file ended'))
    })
    return started
  }
  return {
    read(name: string) {
      if (name.includes('\n')) return Promise.resolve(undefined)
      const loose = readLoose(folder, name, known)
      if (loose !== 'elsewhere') return Promise.resolve(loose)
      child ??= start()
      const { stdin } = child
      return new Promise<GitObject | undefined>((resolve, reject) => {
        answers.waiting.push({ resolve, reject })
        stdin.write(`${name}\n`)
      })
    },
    /** What is read afterwards is read anew: git may have thrown objects away. */
    close() {
      child?.stdin.end()
      child = undefined
      known = knownObjects()
    },
  }
}

function noAnswers(): Answers {
  return { waiting: [], chunks: [], held: 0, wanted: 0 }
}

/** Gives each whole answer to the reader that waits for it; `wanted` spares joining chunks of a large one again and again. */
function handOut(answers: Answers): void {
  while (answers.waiting.length > 0 && answers.held > 0 && answers.held >= answers.wanted) {
    const [only] = answers.chunks
    const buffer = answers.chunks.length === 1 && only ? only : Buffer.concat(answers.chunks)
    const parsed = parseAnswer(buffer)
    answers.chunks = [buffer]
    if (typeof parsed === 'number') {
      answers.wanted = parsed
      return
    }
    answers.chunks = [buffer.subarray(parsed.length)]
    answers.held -= parsed.length
    answers.wanted = 0
    answers.waiting.shift()?.resolve(parsed.object)
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
