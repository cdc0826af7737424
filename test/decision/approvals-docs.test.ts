import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const docs = readFileSync(join(root, 'docs/approvals.md'), 'utf8')

/** `file.test.ts`: "name", "name"; `other.test.ts`: "name" … */
function testsIn(cell: string): { file: string; names: string[] }[] {
  return [...cell.matchAll(/`([\w/-]+\.test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)].map(
    ([, file = '', names = '']) => ({
      file: join(root, 'test', file.includes('/') ? file : `decision/${file}`),
      names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
    }),
  )
}

describe('the table of known attacks in docs/approvals.md', () => {
  const attacks = docs.split('\n').filter((line) => line.includes('.test.ts'))

  it('has a row for each attack on approval bots that is known', () => {
    expect(attacks.length).toBeGreaterThan(20)
  })

  it.each(attacks.map((row) => [row.split('|')[1]?.trim() ?? '', row]))(
    'names tests that exist: %s',
    (_attack, row) => {
      const tests = testsIn(row.split('|').at(-2) ?? '')
      expect(tests.length).toBeGreaterThan(0)
      for (const { file, names } of tests) {
        const text = readFileSync(file, 'utf8').replaceAll("\\'", "'")
        for (const name of names) expect(text).toContain(name)
      }
    },
  )
})
