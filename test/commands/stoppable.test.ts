import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startScripted, textResult } from '../support/mcp-server.ts'

/** Commands in processes of their own, since what never ends would end the tests too. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stoppable-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

type How = { under?: string[]; whileItRuns?: (child: ChildProcessWithoutNullStreams) => Promise<void> }

async function run(program: string, { under = [], whileItRuns }: How = {}) {
  const file = join(folder, 'program.mjs')
  writeFileSync(file, program)
  const [command = '', ...args] = [...under, process.execPath, file]
  const child = spawn(command, args, { timeout: 15_000, killSignal: 'SIGABRT' })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
  await whileItRuns?.(child)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { out, err, ...(await ended) }
}
const imported = (name: string, file: string) =>
  `import { ${name} } from ${JSON.stringify(new URL(`../../src/commands/${file}`, import.meta.url).href)}\n`
const stoppable = imported('stoppable', 'stoppable.ts')

test('a command that hears nothing is ended, and says why', async () => {
  const ended = await run(`${stoppable} await stoppable(async () => { for (;;); }, 500)`)
  expect(ended).toMatchObject({ code: null, signal: 'SIGKILL' })
  expect(ended.err).toContain('longer than 0.5 s to evaluate')
})

test('a command that takes long, but hears what comes, is not', async () => {
  const busy = `let isOver = false
    setTimeout(() => { isOver = true }, 2_000)
    while (!isOver) await new Promise(setImmediate)
    return 'done'`
  const ended = await run(`${stoppable} console.log(await stoppable(async () => { ${busy} }, 500))`)
  expect(ended).toEqual({ code: 0, signal: null, out: 'done\n', err: '' })
})

const stuck = `${stoppable} await stoppable(async () => { for (;;); }, 500)`

test('a command that waits until somebody reads what it writes is not', async () => {
  const pipe = join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  const program = `import { openSync } from 'node:fs'\n${stoppable}
    await stoppable(async () => openSync(${JSON.stringify(pipe)}, 'w'), 500)`
  const readLate = async () => {
    await wait(2_000)
    closeSync(openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK))
  }
  const ended = await run(program, { whileItRuns: readLate })
  expect(ended).toEqual({ code: 0, signal: null, out: '', err: '' })
})

test('a stuck command is also ended where nobody reads why', async () => {
  const file = join(folder, 'unheard.mjs')
  writeFileSync(file, stuck)
  const child = spawn(process.execPath, [file], { timeout: 15_000, killSignal: 'SIGABRT' })
  child.stderr.destroy()
  const signal = await new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  expect(signal).toBe('SIGKILL')
})

/** As the first process of a container, which SIGKILL of its own does not end. Not every machine lets one be made. */
const first = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child']
test.skipIf(spawnSync('unshare', [...first.slice(1), 'true']).status !== 0)(
  'a stuck command is also ended as the first process of a container',
  async () => {
    const ended = await run(stuck, { under: first })
    expect(ended).toMatchObject({ code: 137, signal: null })
    expect(ended.err.match(/The run was ended/g)).toHaveLength(1)
  },
)

test('the server that a stuck command started is ended with it', async () => {
  const pidFile = join(folder, 'pid')
  const server = `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); console.log('{}'); setInterval(() => {}, 1_000)`
  const command = JSON.stringify({ file: process.execPath, args: ['-e', server] })
  const ended = await run(`${imported('stdioTransport', '../services/mcp/stdio.ts')}${stoppable}
    await stoppable(() => new Promise((resolve, reject) => {
      stdioTransport(${command}, 1_000, () => { for (;;); }).start().catch(reject)
    }), 500)`)
  expect(ended.signal).toBe('SIGKILL')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'))
})

test('a signal stops what listens to it', async () => {
  const listening = `(signal) => new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('stopped'))
    setInterval(() => undefined, 1_000).unref()
    process.kill(process.pid, 'SIGINT')
  })`
  const ended = await run(`${stoppable} console.log(await stoppable(${listening}))`)
  expect(ended).toEqual({ code: 0, signal: null, out: 'stopped\n', err: '' })
})

test('regress is ended where an expression of its suite never ends', async () => {
  const server = await startScripted({ call: () => textResult(JSON.stringify([{ x: 'a'.repeat(50) }])) })
  const suite = join(folder, 'suite.yml')
  const json = `{ "$[?search(@.x, '^(a|a)*b$')]": { absent: true } }`
  writeFileSync(suite, `version: 1\ncases:\n  - { name: it reads, tool: read, expect: { json: ${json} } }\n`)
  try {
    const options = JSON.stringify({ suite: [suite], server: server.url })
    const ended = await run(`${imported('regress', 'regress-action.ts')} await regress(${options}, 3_000)`)
    expect(ended).toMatchObject({ code: null, signal: 'SIGKILL', out: '' })
    expect(ended.err).toContain('longer than 3 s to evaluate')
  } finally {
    await server.close()
  }
})
