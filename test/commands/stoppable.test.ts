import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startScripted, textResult } from '../support/mcp-server.ts'

/** Commands in processes of their own, since what never ends would end the tests too. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stoppable-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(program: string) {
  const file = join(folder, 'program.mjs')
  writeFileSync(file, program)
  const child = spawn(process.execPath, [file], { timeout: 60_000 })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  )
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
