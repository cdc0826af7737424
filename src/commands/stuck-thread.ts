import { writeSync } from 'node:fs'
import { Session } from 'node:inspector'
import { isMainThread, workerData } from 'node:worker_threads'
import type { Watched } from './stoppable.ts'

/** The program of the thread that `stoppable.ts` starts. */

/**
 * Counts the time of the processor since the main thread last had its turn. A process that was suspended, or waits until its output is
 * read, has had no turn either, but has not computed.
 */
function endWhenStuck({ turns, patience }: Watched): void {
  let seen = -1
  let since = process.cpuUsage()
  const timer = setInterval(() => {
    const now = Atomics.load(turns, 0)
    if (now !== seen) {
      seen = now
      since = process.cpuUsage()
    }
    const { user, system } = process.cpuUsage(since)
    if ((user + system) / 1_000 <= patience) return
    clearInterval(timer)
    printReason(patience)
    endProcess()
  }, patience / 4)
}

function printReason(patience: number): void {
  const what = 'an expression of the suite, or a schema or an answer of the server,'
  try {
    writeSync(2, `\nThe run was ended: ${what} takes longer than ${patience / 1_000} s to evaluate.\n`)
  } catch {
    // Nobody reads it.
  }
}

/**
 * A debugger interrupts even what never ends. So the main thread itself ends the servers that it started, and then the process, also where
 * SIGKILL has no effect: on the first process of a container.
 */
function endProcess(): void {
  const session = new Session()
  session.connectToMainThread()
  const expression = `process.emit('exit', 137); process.kill(process.pid, 'SIGKILL'); process.exit(137)`
  session.post('Runtime.evaluate', { expression })
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_000)
}

if (!isMainThread) endWhenStuck(workerData)
