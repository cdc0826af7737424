import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { type Line, lineReader, readLine } from './stdio-lines.ts'
import { TOO_LARGE } from './trace.ts'

export type Command = { file: string; args: string[]; cwd?: string; env?: Record<string, string> }

export type StdioTransport = Transport & {
  /** The last lines that the server wrote to stderr: the reason, when it dies. */
  stderr: () => string
  /** How the server ended, once it has. */
  ended: () => string | undefined
}

const STDERR_KEPT = 4096
const GRACE_MS = 400

/**
 * A server started as a command. The SDK's own stdio transport signals only the direct child, which leaves behind
 * what `npx` or a shell started; here the child leads a process group of its own, and the whole group is ended. Its
 * stderr is drained always, since a full pipe would stop the server.
 */
export function stdioTransport(
  command: Command,
  maxBytes: number,
  onLine: (line: Buffer, read: Line) => void,
): StdioTransport {
  let child: ChildProcess | undefined
  let errors = ''
  let ending: string | undefined

  const transport: StdioTransport = {
    stderr: () => errors,
    ended: () => ending,
    async start() {
      child = launch(command)
      child.stderr?.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString('utf8')).slice(-STDERR_KEPT)
      })
      child.stdout?.on('data', (chunk: Buffer) => receive(chunk))
      child.stdin?.on('error', (error) => transport.onerror?.(error))
      child.once('close', (code, signal) => {
        ending = signal ? `ended by ${signal}` : `ended with exit code ${code}`
        transport.onclose?.()
      })
      await once(child, 'spawn')
    },
    async send(message) {
      if (!child?.stdin?.writable || ending) throw new Error('Connection closed')
      if (!child.stdin.write(`${JSON.stringify(message)}\n`)) await once(child.stdin, 'drain')
    },
    async close() {
      if (child) await endGroup(child)
    },
  }

  const read = lineReader(maxBytes, (line) => {
    const result = readLine(line)
    onLine(line, result)
    if (result.kind === 'message') transport.onmessage?.(result.message)
  })

  function receive(chunk: Buffer): void {
    if (read(chunk)) return
    transport.onerror?.(new Error(`${TOO_LARGE} ${maxBytes} bytes`))
    if (child) void endGroup(child)
  }

  return transport
}

/** They lead groups of their own, so nothing else ends them where this process ends without closing them. */
const running = new Set<ChildProcess>()
const endAll = () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
}

function launch({ file, args, cwd, env }: Command): ChildProcess {
  if (running.size === 0) process.once('exit', endAll)
  const child = spawn(file, args, {
    env: { ...getDefaultEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(cwd ? { cwd } : {}),
  })
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', endAll)
  })
  return child
}

/** End of input, then SIGTERM, then SIGKILL, each to the whole group, each with a short grace. */
async function endGroup(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  if (await gone(child)) return signalGroup(child, 'SIGKILL')
  signalGroup(child, 'SIGTERM')
  if (await gone(child)) return signalGroup(child, 'SIGKILL')
  signalGroup(child, 'SIGKILL')
  await gone(child)
}

async function gone(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true
  const cancel = new AbortController()
  const exited = once(child, 'exit', { signal: cancel.signal }).then(() => true)
  const late = wait(GRACE_MS, false, { signal: cancel.signal })
  const result = await Promise.race([exited, late])
  cancel.abort()
  await Promise.allSettled([exited, late])
  return result
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}
