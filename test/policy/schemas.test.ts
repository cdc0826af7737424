import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { generatedSchemas, policyJsonSchema, render } from '../../src/policy/schemas.ts'

describe('the published schemas', () => {
  test.each(Object.entries(generatedSchemas()))('%s is fresh (else: npm run schema)', (file, schema) => {
    expect(readFileSync(new URL(`../../schema/${file}`, import.meta.url), 'utf8')).toBe(render(schema))
  })

  const validate = (() => {
    const ajv = new Ajv2020({ strict: false })
    addFormats.default(ajv)
    return ajv.compile(policyJsonSchema())
  })()

  test.each([
    ['gates named without settings', 'gates: { approvals: , release_window: {} }', true],
    ['an unknown gate', 'gates: { approval: {} }', false],
    ['a count of 0', 'gates: { approvals: { count: 0 } }', false],
    ['no gates', 'branches: [main]', false],
  ])('an editor is told of %s', (_, text, valid) => {
    expect(validate(parse(text))).toBe(valid)
  })
})
