import { Worker } from 'node:worker_threads'
import type { RunReport } from '../regression/report-schema.ts'
import type { Progress } from '../regression/run-cases.ts'
import { programFile } from '../settings/package-files.ts'
import type { InputParts } from './input.ts'
import type { RunbookFiles } from './runbooks-of-head.ts'
import type { SuiteText } from './suites.ts'

/**
 * A run in a thread of its own. The head's suite and the server's schemas and answers decide what is evaluated, and an
 * expression or a schema may be written so that it never ends. The bot must revoke green checks meanwhile.
 */

/** What the thread is given: plain data. */
export type RunApart = Pick<
  InputParts,
  'settings' | 'server' | 'operator' | 'sha' | 'runId' | 'deployment' | 'baseline'
> & {
  /** The suites of the head, and of the default branch where there are any. */
  texts: SuiteText[]
  baseTexts: SuiteText[] | undefined
  runbooks: RunbookFiles | undefined
  at: Date
}

/** `recorded`: the list of tools as text, with numbers as the server wrote them. `suiteRead`: the suites are valid. */
export type Evaluated = { report: RunReport; recorded: string | undefined; suiteRead: boolean }

/** What the thread says. Any message shows that it is not stuck. */
export type FromRun =
  | { kind: 'alive' }
  | { kind: 'progress'; progress: Progress }
  | { kind: 'read'; id: number; path: string }
  | ({ kind: 'done' } & Evaluated)

export type ToRun =
  | { kind: 'run'; run: RunApart }
  | { kind: 'stop' }
  | { kind: 'file'; id: number; text: string | undefined; problem?: string }

export type Around = Pick<InputParts, 'readHead' | 'signal' | 'onProgress'> & {
  /** How long the thread may be silent, in milliseconds. */
  patience?: number | undefined
  startThread?: (() => RunThread) | undefined
}

/** A thread that evaluates what it is sent, one run after the other. `end` is called after a run: `done` if it gave its result. */
export type RunThread = { worker: Worker; end: (done: boolean) => Promise<unknown> }

const twentySeconds = 20_000
/** Nothing is evaluated while the thread starts, which takes longer on a busy machine. */
const toStart = 60_000
const mostMemory = 256

/** A thread for one run: nothing of a suite or a server is left for the next. */
export function newThread(): RunThread {
  const worker = new Worker(programFile('staging/run-thread'), {
    resourceLimits: { maxOldGenerationSizeMb: mostMemory },
  })
  return { worker, end: () => worker.terminate() }
}

/** Gives what the run found, or why it was ended. */
export async function runApart(
  run: RunApart,
  { readHead, signal, onProgress, patience = twentySeconds, startThread = newThread }: Around,
): Promise<Evaluated | { ended: string }> {
  const { worker, end } = startThread()
  const tell = (message: ToRun) => worker.postMessage(message)
  tell({ kind: 'run', run })
  let done = false
  const stop = () => tell({ kind: 'stop' })
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let silence: NodeJS.Timeout | undefined
  let unreadable: unknown
  const answer = async (id: number, path: string) => {
    try {
      tell({ kind: 'file', id, text: await readHead(path) })
    } catch (error) {
      unreadable ??= error
      tell({ kind: 'file', id, text: undefined, problem: String(error) })
    }
  }
  try {
    return await new Promise((resolve, reject) => {
      const listen = (milliseconds: number) => {
        clearTimeout(silence)
        silence = setTimeout(() => resolve({ ended: stuck(milliseconds) }), milliseconds)
      }
      listen(Math.max(toStart, patience))
      worker.on('message', (message: FromRun) => {
        listen(patience)
        if (message.kind === 'progress') onProgress(message.progress)
        if (message.kind === 'read') void answer(message.id, message.path)
        if (message.kind !== 'done') return
        const { kind: _kind, ...evaluated } = message
        done = true
        resolve(evaluated)
      })
      worker.on('error', (error) =>
        isOutOfMemory(error) ? resolve({ ended: tooLarge }) : reject(unreadable ?? error),
      )
      worker.on('exit', (code) => reject(new Error(`The thread of the run ended with ${code}.`)))
    })
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', stop)
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
    await end(done)
  }
}

function stuck(milliseconds: number): string {
  return `the run was ended: an expression of the suite, or a schema or an answer of the server, takes longer than ${milliseconds / 1_000} s to evaluate`
}

const tooLarge = `the run was ended: it needs more than ${mostMemory} MB of memory`

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}
