import { type ChildProcess, fork } from 'node:child_process'
import {
  type BotOptions,
  type BotProcess,
  bareEnvironment,
  botIn,
  shortLived,
} from '../../src/sandbox/bot-process.ts'

/**
 * The real bot in a process that has run others: to load the bot takes longer than most stories run. A process that is killed
 * or crashes is gone, as it is in production, and the next start is one from the beginning.
 */
export async function startWarmBot({ env, at, role = 'all' }: BotOptions): Promise<BotProcess> {
  const host = idle.pop() ?? startHost()
  hold(host, true)
  const start = { LOG_LEVEL: 'warn', ...env, PORT: '0', STORY_CLOCK: at.toISOString() }
  host.send({ start, role })
  return botIn(host, role, () => stop(host))
}

const idle: ChildProcess[] = []

function startHost(): ChildProcess {
  const host = fork(new URL('bot-host.ts', import.meta.url), {
    env: bareEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--trace-deprecation', ...shortLived],
  })
  host.once('exit', () => {
    const at = idle.indexOf(host)
    if (at >= 0) idle.splice(at, 1)
  })
  return host
}

/** One whose bot could not stop ends, and is not used again. */
async function stop(host: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const answer = (message: { stopped?: true }) => message.stopped && resolve()
  host.on('message', answer).once('exit', resolve).send({ stop: true })
  await promise
  host.off('message', answer).off('exit', resolve)
  if (!host.connected) return
  hold(host, false)
  idle.push(host)
}

/** An idle one does not keep the worker of the tests alive; it ends with it. */
function hold(host: ChildProcess, whether: boolean): void {
  const handles = [host, host.channel, host.stdout, host.stderr] as (NodeJS.RefCounted | null)[]
  for (const handle of handles) whether ? handle?.ref() : handle?.unref()
}
