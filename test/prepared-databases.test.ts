import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(root, 'test/run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const runOf = (name: string, expected: string): number | null => {
  const file = join(folder, `${name}.test.ts`)
  writeFileSync(
    file,
    `import { expect, test } from 'vitest'
     import { aPostgresUrl } from '../support/databases.ts'
     test('x', async () => expect(await aPostgresUrl()).toMatch(${expected}))`,
  )
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  return spawnSync(process.execPath, [vitest, 'run', file], { cwd: root, stdio: 'ignore' }).status
}

test('a run that used Postgres exits with 1 when a test failed, and else with 0', () => {
  expect([runOf('passes', '/^postgres:/'), runOf('fails', '/^mysql:/')]).toEqual([0, 1])
})
