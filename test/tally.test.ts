import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'tally-'))
afterAll(() => rmSync(folder, { recursive: true }))

const tally = (file: string, ...failedSteps: string[]): Promise<{ code: number; last: string }> =>
  new Promise((resolve) => {
    const words = [join(import.meta.dirname, 'tally.ts'), file, ...failedSteps]
    execFile(process.execPath, words, (error, out) =>
      resolve({ code: Number(error?.code ?? 0), last: out.trimEnd().split('\n').at(-1) ?? '' }),
    )
  })

const results = (passed: number, failed: number, unloaded = 0, skipped = 0) => {
  const file = join(folder, `${passed}-${failed}-${unloaded}-${skipped}.json`)
  const withTests = {
    name: 'a.test.ts',
    status: failed + skipped > 0 ? 'failed' : 'passed',
    assertionResults: [
      ...Array(failed).fill({ status: 'failed', fullName: 'a test' }),
      ...Array(skipped).fill({ status: 'skipped', fullName: 'another test' }),
    ],
  }
  const broken = Array(unloaded).fill({ name: 'b.test.ts', status: 'failed', assertionResults: [] })
  writeFileSync(
    file,
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: [withTests, ...broken] }),
  )
  return file
}

describe('the last line of .ci/run', () => {
  test.each<[string, string, string[], number, string]>([
    ['all passed', results(12, 0), [], 0, '12 passed, 0 failed'],
    ['two tests failed', results(10, 2), [], 1, '10 passed, 2 failed'],
    ['a file could not be loaded', results(10, 0, 1), [], 1, '10 passed, 1 failed'],
    [
      'a suite could not be set up, so its tests did not run',
      results(10, 0, 0, 4),
      [],
      1,
      '10 passed, 4 failed',
    ],
    ['lint failed', results(12, 0), ['lint'], 1, '12 passed, 1 failed'],
    ['there are not results', join(folder, 'none.json'), [], 1, '0 passed, 1 failed'],
  ])('%s', async (_, file, steps, code, last) => {
    expect(await tally(file, ...steps)).toEqual({ code, last })
  })
})
