import { writeSync } from 'node:fs'
import { isMainThread, workerData } from 'node:worker_threads'
import type { Watched } from './stoppable.ts'

/** The program of the thread that `stoppable.ts` starts. */

/** Seen twice in a row, since a process that was suspended has had no turn either. */
function endWhenStuck({ turns, patience }: Watched): void {
  let seen = -1
  let silent = 0
  setInterval(() => {
    const now = Atomics.load(turns, 0)
    silent = now === seen ? silent + 1 : 0
    seen = now
    if (silent < 2) return
    const what = 'an expression of the suite, or a schema or an answer of the server,'
    writeSync(2, `\nThe run was ended: ${what} takes longer than ${patience / 1_000} s to evaluate.\n`)
    // Nothing milder ends a process whose main thread is stuck.
    process.kill(process.pid, 'SIGKILL')
  }, patience / 2)
}

if (!isMainThread) endWhenStuck(workerData)
