import { isMainThread, parentPort } from 'node:worker_threads'
import { reportOfSkippedRun } from '../regression/adjust-report.ts'
import { limitsOfPolicy } from '../regression/policy-limits.ts'
import { runRegression } from '../regression/run.ts'
import { inputFor } from './input.ts'
import type { Evaluated, FromRun, RunApart, ToRun } from './run-apart.ts'
import { drillable } from './runbooks-of-head.ts'
import { readSuites } from './suites.ts'

/** The program of the thread that `run-apart.ts` starts. */

const everySecond = 1_000

type Tell = (message: FromRun) => void

/** What a run asks of the bot, and hears from it, while it goes on. */
function dialogue(tell: Tell) {
  const stopped = new AbortController()
  const reading = new Map<number, (message: Extract<ToRun, { kind: 'file' }>) => void>()
  return {
    signal: stopped.signal,
    readHead: async (path: string) => {
      const id = reading.size
      const { text, problem } = await new Promise<Extract<ToRun, { kind: 'file' }>>((resolve) => {
        reading.set(id, resolve)
        tell({ kind: 'read', id, path })
      })
      if (problem !== undefined) throw new Error(problem)
      return text
    },
    hear: (message: ToRun) => {
      if (message.kind === 'stop') stopped.abort()
      if (message.kind === 'file') reading.get(message.id)?.(message)
    },
  }
}

async function evaluate(
  run: RunApart,
  { signal, readHead }: Pick<ReturnType<typeof dialogue>, 'signal' | 'readHead'>,
  tell: Tell,
): Promise<Evaluated> {
  const { texts, baseTexts, runbooks, at, ...parts } = run
  const found = readSuites(texts)
  if ('wrong' in found) {
    const { errorRate } = limitsOfPolicy(run.settings)
    const result = { gate: 'suite', verdict: 'failed', message: found.wrong } as const
    return {
      report: reportOfSkippedRun(run.runId, at, errorRate, result),
      recorded: undefined,
      suiteRead: false,
    }
  }
  const base = baseTexts && readSuites(baseTexts)
  const input = await inputFor({
    ...{ ...parts, found, readHead, signal },
    base: base && 'suite' in base ? base.suite : undefined,
    runbooks: runbooks && drillable(runbooks, readHead),
    now: () => at,
    onProgress: (progress) => tell({ kind: 'progress', progress }),
  })
  const { report, recorded } = await runRegression(input)
  return { report, recorded: recorded && JSON.stringify(recorded), suiteRead: true }
}

if (!isMainThread && parentPort) {
  const port = parentPort
  const tell: Tell = (message) => port.postMessage(message)
  setInterval(() => tell({ kind: 'alive' }), everySecond).unref()
  tell({ kind: 'alive' })
  let current = dialogue(tell)
  port.on('message', async (message: ToRun) => {
    if (message.kind !== 'run') return current.hear(message)
    current = dialogue(tell)
    tell({ kind: 'done', ...(await evaluate(message.run, current, tell)) })
  })
}
