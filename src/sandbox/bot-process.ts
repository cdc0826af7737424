import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { programFile } from '../settings/package-files.ts'
import type { Role } from '../settings/role.ts'

/** The real bot, started as `npm start` does, under a clock that its parent moves. */
export type BotProcess = {
  url: string
  role: Role
  /** Moves the bot's clock. */
  setTime: (at: Date) => Promise<void>
  /** Whether nothing that is due is still to be done. */
  idle: () => Promise<boolean>
  /** Ends the process: SIGTERM lets it finish, SIGKILL does not. */
  end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Whether it was ended on purpose. */
  hasEnded: () => boolean
  /** What it has logged so far. */
  log: () => string
}

export type BotOptions = {
  env: Record<string, string>
  role?: Role
  /** The bot's time at its start. */
  at: Date
}

const main = fileURLToPath(programFile('main'))

/**
 * Flags of a process that lives for minutes, among others that keep all cores busy:
 * - V8 compiles WebAssembly, in which PGlite runs, once and quickly, and not a second time for speed, which takes longer than such
 *   a process ever saves by it.
 * - It collects garbage later, since most of these end before they hold 300 MB, and in one thread: helpers on a core that is busy
 *   cost more than they give. Together a tenth of the work of the tests of the database and the gate.
 */
export const shortLived = [
  '--liftoff-only',
  '--single-threaded-gc',
  '--min-semi-space-size=16',
  '--initial-old-space-size=300',
]

/** Nothing of the machine's own environment reaches a bot but where programs are, and where Node keeps what it has compiled. */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE: cache } = process.env
  return { PATH, HOME, ...(cache && { NODE_COMPILE_CACHE: cache }) }
}

/** Starts the bot in a process of its own. Only the channel to this parent can move its clock: no address can. */
export async function startBotProcess({ env, at, role = 'all' }: BotOptions): Promise<BotProcess> {
  const child = fork(main, ['start', '--role', role], {
    env: { ...bareEnvironment(), LOG_LEVEL: 'warn', ...env, PORT: '0', STORY_CLOCK: at.toISOString() },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--trace-deprecation', ...shortLived],
  })
  return botIn(child, role, async () => {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  })
}

/** The bot that starts in this process, once it is ready. `stop` lets it finish. */
export async function botIn(child: ChildProcess, role: Role, stop: () => Promise<void>): Promise<BotProcess> {
  const log = keepLog(child)
  const url = await ready(child, log.text)
  const ask = asker(child, log.text)
  let hasEnded = false
  return {
    url,
    role,
    hasEnded: () => hasEnded,
    setTime: async (time) => void (await ask({ setTime: time.toISOString() })),
    idle: () => ask({}),
    end: async (signal) => {
      const before = hasEnded
      hasEnded = true
      if (before || child.exitCode !== null || child.signalCode !== null) return
      await (signal === 'SIGKILL' ? kill(child) : stop())
      log.close()
    },
    log: log.text,
  }
}

function keepLog({ stdout, stderr }: ChildProcess) {
  let text = ''
  const note = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-200_000)
  }
  const streams = [stdout, stderr].filter((stream) => stream !== null)
  for (const stream of streams) stream.on('data', note)
  return {
    text: () => text,
    close: () => {
      for (const stream of streams) stream.off('data', note)
    },
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Sends a message and waits for the answer with its number: whether the bot is idle. */
function asker(child: ChildProcess, logged: () => string) {
  let sent = 0
  return async (message: { setTime?: string }): Promise<boolean> => {
    const id = ++sent
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    const gone = () => reject(new Error(`The bot ended:\n${logged().slice(-4_000)}`))
    const answer = (reply: { id?: number; idle?: boolean }) => {
      if (reply.id === id) resolve(reply.idle === true)
    }
    child.on('message', answer).once('exit', gone)
    try {
      child.send({ id, ...message }, (error) => error && gone())
      return await promise
    } finally {
      child.off('message', answer).off('exit', gone)
    }
  }
}

function ready(child: ChildProcess, logged: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error(`The bot did not start:\n${logged()}`))
    child.once('exit', gone).once('message', (message: { ready?: string }) => {
      child.off('exit', gone)
      resolve(message.ready ?? '')
    })
  })
}
