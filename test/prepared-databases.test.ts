import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(root, 'test/run-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a run that used Postgres exits with 1 when a test failed', () => {
  const file = join(folder, 'fails.test.ts')
  const test = `
    import { expect, test } from 'vitest'
    import { aPostgresUrl } from '../support/databases.ts'
    test('x', async () => expect(await aPostgresUrl()).toBe('another'))`
  writeFileSync(file, test)
  const words = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', file]
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
  expect(stderr).toContain("expected 'postgres://")
  expect(status).toBe(1)
})
