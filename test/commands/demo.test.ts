import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../../src/main.ts')
const home = mkdtempSync(join(tmpdir(), 'demo-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true })
})

function demo(words: string[], env: Record<string, string | undefined>) {
  const child = spawn(process.execPath, [main, 'demo', ...words], { env: { HOME: home, ...env } })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (said.out += chunk))
  child.stderr.on('data', (chunk) => (said.err += chunk))
  return { child, said, closed: once(child, 'close').then(([code]) => Number(code)) }
}

test('the story is told to its end, keeps running, moves its clock when asked to, and ends with 0', async () => {
  const { child, said, closed } = demo(['--keep'], { PATH: process.env.PATH })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => /^ {2}olga +\S+$/m.test(said.out) && resolve())
    child.once('exit', () => reject(new Error(said.out + said.err)))
  })
  const shown = said.out.replace(/\s+/g, ' ')
  for (const sentence of [
    'Waiting for 2 approvals (in progress)',
    'Waiting for 1 more approval (in progress)',
    'Opens Wed, Nov 25, 10:00 AM PST (in progress)',
    'GitHub refuses: "Repository rule violations found',
    'Ready to merge (success)',
    'eva merges #1. GitHub lets it through.',
    'Ready to merge (success)',
    'ben merges #2. GitHub lets it through.',
    'chloe approved an older version',
    'The bot opens #3, "Review: #2 was released as urgent". Due Tue, Dec 1, 3:40 PM PST',
    '❌ Staging regression failed: contract: 3 breaking changes',
    'issue_reward /campaign: The required property campaign was added.',
    '✅ Staging regression passed: all gates passed',
    'Ready to merge (success)',
  ])
    expect(shown).toContain(sentence)
  const api = /GitHub's API +(http:\S+)/.exec(said.out)?.[1]
  const token = /^ {2}ana +(\S+)$/m.exec(said.out)?.[1]
  const pulls = await fetch(`${api}/repos/foodyepay/mcp-server/pulls`, {
    headers: { authorization: `token ${token}` },
  })
  const open = (await pulls.json()) as { title: string }[]
  expect(open.map(({ title }) => title)).toContain('Lower the minimum to 5')
  const [, secret = '', port = ''] = /export WEBHOOK_SECRET=(\S+)\s+export PORT=(\d+)/.exec(said.out) ?? []
  const env = { PATH: process.env.PATH, HOME: home, WEBHOOK_SECRET: secret, PORT: port }
  const status = spawnSync(process.execPath, [main, 'status'], { env, encoding: 'utf8' })
  expect(status).toMatchObject({ status: 0, stdout: expect.stringContaining('Lower the minimum to 5') })
  const before = said.out.length
  child.stdin.write('+1d\n')
  await new Promise<void>((resolve) => {
    child.stdout.on('data', () => /^It is .*UTC\)\.$/m.test(said.out.slice(before)) && resolve())
  })
  const later = spawnSync(process.execPath, [main, 'status', '--json'], { env, encoding: 'utf8' })
  const hours = (Date.parse(JSON.parse(later.stdout).at) - Date.parse('2026-12-09T18:00:00Z')) / 3_600_000
  expect(hours).toBeGreaterThanOrEqual(24)
  child.kill('SIGINT')
  expect(await closed).toBe(0)
  expect(said.out).toMatch(/The auditor checks the chain of records: \d+ records, unbroken\./)
  expect(said.err).toBe('')
})

test.each([
  ['no git', undefined, 'git was not found'],
  ['an old git', 'git version 2.37.9', 'git is version 2.37'],
])('with %s it says what it needs, starts nothing and ends with 2', async (_, version, says) => {
  const bin = mkdtempSync(join(home, 'bin-'))
  if (version) writeFileSync(join(bin, 'git'), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })
  const { said, closed } = demo([], { PATH: bin })
  expect(await closed).toBe(2)
  expect(said).toEqual({
    out: '',
    err: expect.stringContaining(`${says}. The demo needs git 2.38 or newer.`),
  })
})

test('where something is not as told it ends with 1 and says what: here git fails', async () => {
  const bin = mkdtempSync(join(home, 'bin-'))
  const git = `#!/bin/sh\n[ "$1" = --version ] && echo 'git version 2.50.0' && exit 0\necho 'the disk is full' >&2\nexit 128\n`
  writeFileSync(join(bin, 'git'), git, { mode: 0o755 })
  const { said, closed } = demo([], { PATH: bin })
  expect(await closed).toBe(1)
  expect(said.err).toContain('the disk is full')
  expect(said.out).not.toContain('unbroken')
})
