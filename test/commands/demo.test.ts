import { type ChildProcess, spawn } from 'node:child_process'
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

function demo(env: Record<string, string | undefined>) {
  const child = spawn(process.execPath, [main, 'demo'], { env: { HOME: home, ...env } })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (said.out += chunk))
  child.stderr.on('data', (chunk) => (said.err += chunk))
  return { said, closed: once(child, 'close').then(([code]) => Number(code)) }
}

test.each([
  ['no git', undefined, 'git was not found'],
  ['an old git', 'git version 2.37.9', 'git is version 2.37'],
])('with %s it says what it needs, starts nothing and ends with 2', async (_, version, says) => {
  const bin = mkdtempSync(join(home, 'bin-'))
  if (version) writeFileSync(join(bin, 'git'), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })
  const { said, closed } = demo({ PATH: bin })
  expect(await closed).toBe(2)
  expect(said).toEqual({
    out: '',
    err: expect.stringContaining(`${says}. The demo needs git 2.38 or newer.`),
  })
})

test('where something is not as described it ends with 1 and says what: here git fails', async () => {
  const bin = mkdtempSync(join(home, 'bin-'))
  const git = `#!/bin/sh\n[ "$1" = --version ] && echo 'git version 2.50.0' && exit 0\necho 'the disk is full' >&2\nexit 128\n`
  writeFileSync(join(bin, 'git'), git, { mode: 0o755 })
  const { said, closed } = demo({ PATH: bin })
  expect(await closed).toBe(1)
  expect(said.err).toContain('the disk is full')
  expect(said.out).not.toContain('unbroken')
})
