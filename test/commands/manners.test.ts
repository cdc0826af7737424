import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { commandsIn, helpOf } from './command-run.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'manners-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the help of every command, and of each of its own, fits 80 columns and has no escape codes', async () => {
  const asked: string[] = []
  const check = async (...words: string[]): Promise<void> => {
    const help = await helpOf(...words)
    asked.push(words.join(' '))
    expect(help).not.toContain('\u001b')
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
    for (const name of commandsIn(help)) await check(...words, name)
  }
  await check()
  expect(asked).toEqual(
    expect.arrayContaining(['', 'start', 'audit urgent-share', 'policy accept', 'contract diff']),
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
