import type { Worker } from 'node:worker_threads'
import { startBot } from '../../src/bot/bot.ts'
import { createLog } from '../../src/bot/log.ts'
import type { BotOptions, BotProcess } from '../../src/sandbox/bot-process.ts'
import { metrics } from '../../src/services/metrics.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { newThread, type RunThread } from '../../src/staging/run-apart.ts'

/**
 * The real bot, in the process of the tests: to start a process and load the bot into it takes longer than most stories run. It is
 * stopped as by SIGTERM, and cannot be killed.
 */
export async function startBotInProcess({ env, at, role = 'all' }: BotOptions): Promise<BotProcess> {
  const read = readSettings({ LOG_LEVEL: 'warn', ...env, PORT: '0', STORY_CLOCK: at.toISOString() })
  if (!read.ok) throw new Error(read.problems.join('\n'))
  metrics.resetMetrics()
  const log = keepLog()
  const { RUN_PATIENCE: patience } = env
  const threads = { startThread: warmThread, ...(patience && { patience: Number(patience) }) }
  const bot = await startBot(read.settings, createLog(read.settings, log), role, { threads })
  let hasEnded = false
  return {
    url: bot.url,
    role,
    setTime: bot.setTime,
    idle: bot.idle,
    hasEnded: () => hasEnded,
    log: log.text,
    end: async (signal) => {
      if (signal === 'SIGKILL')
        throw new Error('A bot in the process of the tests cannot be killed: see `killable`')
      if (hasEnded) return
      hasEnded = true
      await bot.stop()
      log.close()
    },
  }
}

/** What the bot writes, and what Node warns of meanwhile, as both are in the output of a process. */
function keepLog() {
  let text = ''
  const write = (line: string) => {
    text = (text + line).slice(-200_000)
  }
  const warn = ({ stack }: Error) => write(`${stack}\n`)
  process.on('warning', warn)
  return { write, text: () => text, close: () => void process.off('warning', warn) }
}

const idle: Worker[] = []

/** One that has evaluated another run: to load what a run needs takes longer than most of them. One that did not finish is ended. */
function warmThread(): RunThread {
  const worker = idle.pop()?.removeAllListeners('exit') ?? newThread().worker
  worker.ref()
  const end = async (done: boolean) => {
    if (!done) {
      await worker.terminate()
      return
    }
    worker.unref()
    worker.once('exit', () => idle.splice(idle.indexOf(worker), 1))
    idle.push(worker)
  }
  return { worker, end }
}
