import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const image = mkdtempSync(join(tmpdir(), 'release-gate-image-'))
afterAll(() => rmSync(image, { recursive: true, force: true }))

/** Copies what the Dockerfile copies and `.dockerignore` lets through. The packages are those of this checkout. */
beforeAll(() => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean)
  const isIgnored = (path: string) => ignored.some((entry) => path === join(root, entry))
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^COPY (.+) (\S+)$/gm)
  for (const [, sources = '', target = ''] of lines)
    for (const source of sources.split(' ')) {
      const to = target.endsWith('/') ? join(image, target, source) : join(image, target)
      cpSync(join(root, source), to, { recursive: true, filter: (path) => !isIgnored(path) })
    }
  symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'))
})

function inImage(...words: string[]) {
  const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'production' }
  return spawnSync(process.execPath, ['src/main.ts', ...words], { cwd: image, env, encoding: 'utf8' })
}

describe('the container image', () => {
  test('contains the bot and not the sandbox', () => {
    expect(existsSync(join(image, 'src/bot/bot.ts'))).toBe(true)
    expect(existsSync(join(image, 'src/sandbox'))).toBe(false)
  })

  test('without credentials says what is missing, and serves no setup page', () => {
    const { status, stdout, stderr } = inImage('start')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('APP_ID: is not set')
  })

  test('says that the demo needs a checkout', () => {
    const { status, stdout, stderr } = inImage('demo')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('does not contain the sandbox. Run it from a checkout of the repository')
  })

  test.each(['audit', 'calendar', 'contract', 'doctor', 'freeze', 'regress', 'setup', 'status', 'window'])(
    'has what %s needs to start',
    (command) => {
      expect(inImage(command, '--help')).toMatchObject({ status: 0, stderr: '' })
    },
  )
})
