import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'manners-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const commands = [
  'start',
  'demo',
  'window',
  'decide',
  'calendar',
  'policy',
  'status',
  'freeze',
  'unfreeze',
  'exempt',
  'audit',
  'backup',
  'restore',
  'migrate',
  'queue',
  'doctor',
  'setup',
  'regress',
  'contract',
]

function run(words: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...env },
  })
}

describe.concurrent('the help', () => {
  test.each([[], ...commands.map((name) => [name])])(
    'of %s fits 80 columns and has no escape codes',
    (...words) => {
      const { status, stdout } = run([...words, '--help'])
      expect(status).toBe(0)
      expect(stdout).not.toContain('\u001b')
      const long = stdout.split('\n').filter((line) => line.length > 80)
      expect(long).toEqual([])
    },
  )
})

describe('a pipe', () => {
  test('that is closed early ends the command quietly', async () => {
    const child = spawn(process.execPath, [main, 'window', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let err = ''
    child.stderr.on('data', (data) => {
      err += String(data)
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect({ code: [0, 1].includes(Number(code)), err }).toEqual({ code: true, err: '' })
  })
})

describe('a user id without a name and without a home', () => {
  test.runIf(process.getuid?.() === 0)('does not keep freeze from reaching the bot', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, 'freeze', '--all', '--reason', 'x', '--url', 'http://127.0.0.1:9'],
      {
        encoding: 'utf8',
        uid: 54_321,
        cwd: '/',
        env: { PATH: process.env.PATH ?? '', OPERATOR_TOKEN: 'a-token-of-the-operator-0123456789' },
      },
    )
    expect(status).toBe(3)
    expect(stderr).toContain('Cannot reach the bot')
  })
})
