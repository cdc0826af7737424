import { Worker } from 'node:worker_threads'
import { programFile } from '../settings/package-files.ts'

const twentySeconds = 20_000

/**
 * Runs what Ctrl-C stops. A suite, a schema or an answer may be written so that evaluating it never ends, and then no signal is
 * handled either. A thread ends the process when it was stuck for longer than `patience`.
 */
export async function stoppable<Value>(
  run: (signal: AbortSignal) => Promise<Value>,
  patience = twentySeconds,
): Promise<Value> {
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const endWatch = watch(patience)
  try {
    return await run(stop.signal)
  } finally {
    endWatch()
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

/** What the thread reads: how often this one has had its turn. */
export type Watched = { turns: Int32Array; patience: number }

function watch(patience: number): () => void {
  const turns = new Int32Array(new SharedArrayBuffer(4))
  const turn = setInterval(() => Atomics.add(turns, 0, 1), patience / 20).unref()
  const workerData: Watched = { turns, patience }
  const worker = new Worker(programFile('commands/stuck-thread'), { workerData })
  worker.unref()
  return () => {
    clearInterval(turn)
    void worker.terminate()
  }
}
