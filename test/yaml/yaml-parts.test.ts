import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { maximumYamlBytes, maximumYamlParts, problemsIn, readYaml } from '../../src/yaml/yaml-file.ts'

const parsed = (text: string) => readYaml(text, 'policy.yml', z.unknown(), { least: {} as never })
const many = (count: number, part: (n: number) => string, between = '\n') =>
  Array.from({ length: count }, (_, n) => part(n)).join(between)

describe('a YAML file', () => {
  test.each([
    ['keys, one per line', many(3_500, (n) => `k${n}:`)],
    ['keys in braces', `{${many(3_500, (n) => `k${n}: `, ',')}}`],
    ['quoted keys', many(1_700, (n) => `"k${n}": 'v'`)],
    ['list items', many(3_500, () => '-')],
    ['lists in lists', '['.repeat(3_500)],
  ])('with too many parts is refused before it is parsed: %s', (_, text) => {
    expect(Buffer.byteLength(text)).toBeLessThan(maximumYamlBytes)
    expect(parsed(text)).toMatchObject({
      ok: false,
      problems: [
        {
          line: 1,
          column: 1,
          message: expect.stringMatching(/^the file has \d+ keys and values; the limit is 3000/),
        },
      ],
    })
  })

  test('with as many as are allowed is read, also with long texts and comments', () => {
    const pairs = many(maximumYamlParts / 2, (n) => `k${n}: v`)
    expect(parsed(pairs)).toMatchObject({ ok: true })
    expect(parsed(`# ${'- [{"'.repeat(1_000)}\ntext: ${'a - b [c] '.repeat(1_000)}`)).toMatchObject({
      ok: true,
    })
  })
})

test('problems with its values are placed without parsing it again for each of them', {
  timeout: 30_000,
}, () => {
  const at = problemsIn(
    many(1_000, (n) => `k${n}: v`),
    'policy.yml',
  )
  const places = Array.from({ length: 5_000 }, (_, n) => at([`k${n % 1_000}`], 'is wrong'))
  expect(places[2_345]).toEqual({ file: 'policy.yml', line: 346, column: 7, message: '`k345`: is wrong' })
  expect(new Set(places.map(({ line }) => line)).size).toBe(1_000)
})
