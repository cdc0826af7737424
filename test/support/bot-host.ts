import type { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import { type Bot, startBot } from '../../src/bot/bot.ts'
import { metrics } from '../../src/services/metrics.ts'
import type { Role } from '../../src/settings/role.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { newThread, type RunThread } from '../../src/staging/run-apart.ts'

/** A process that runs one bot after the other, each as `start` does: see `warm-bot.ts`. */
type Message =
  | { start: Record<string, string>; role: Role }
  | { stop: true }
  | { id: number; setTime?: string }

let bot: Bot | undefined
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

async function start(env: Record<string, string>, role: Role): Promise<void> {
  const read = readSettings(env)
  if (!read.ok) throw new Error(read.problems.join('\n'))
  metrics.resetMetrics()
  const redact = ['*.headers.authorization', '*.privateKey', '*.token']
  const { RUN_PATIENCE: patience } = env
  const log = pino({ level: read.settings.logLevel, redact })
  const threads = { startThread: warmThread, ...(patience && { patience: Number(patience) }) }
  bot = await startBot(read.settings, log, role, { threads })
  process.send?.({ ready: bot.url })
}

async function stop(): Promise<void> {
  await bot?.stop()
  bot = undefined
  process.send?.({ stopped: true })
}

async function answer(id: number, setTime?: string): Promise<void> {
  if (setTime) await bot?.setTime(new Date(setTime))
  const idle = await bot?.idle()
  process.send?.({ id, idle })
}

process.on('message', (message: Message) => {
  if ('start' in message) void start(message.start, message.role)
  else if ('stop' in message) void stop()
  else void answer(message.id, message.setTime)
})
process.once('disconnect', () => process.exit())
