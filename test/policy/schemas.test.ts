import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parsePolicy } from '../../src/policy/policy-file.ts'
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
    ['a zone', 'gates: { release_window: { time_zone: America/New_York } }', true],
    ['UTC', 'gates: { release_window: { time_zone: UTC } }', true],
    ['the new name of a zone', 'gates: { release_window: { time_zone: Asia/Kolkata } }', true],
    ['an old name of a zone', 'gates: { release_window: { time_zone: US/Pacific } }', true],
    ['a misspelled zone', 'gates: { release_window: { time_zone: America/New_Yrok } }', false],
    ['an abbreviation', 'gates: { release_window: { time_zone: EST } }', false],
    ['a fixed offset', 'gates: { release_window: { time_zone: Etc/GMT+8 } }', false],
    ['a country', 'gates: { release_window: { holidays: JP } }', true],
    ['a state', 'gates: { release_window: { holidays: US-CA } }', true],
    ['a region', 'gates: { release_window: { holidays: DE-BY-A } }', true],
    ['an unknown country', 'gates: { release_window: { holidays: XX } }', false],
    ['a state of another country', 'gates: { release_window: { holidays: JP-CA } }', false],
  ])('an editor gets %s', (_, text, valid) => {
    expect(validate(parse(text))).toBe(valid)
  })

  const valuesOf = (setting: 'time_zone' | 'holidays'): string[] => {
    const schema = JSON.parse(render(policyJsonSchema()))
    return schema.properties.gates.properties.release_window.anyOf[0].properties[setting].enum
  }

  test.each(['time_zone', 'holidays'] as const)(
    'every listed value of %s is one that a policy may name',
    (setting) => {
      const values = valuesOf(setting)
      expect(values.length).toBeGreaterThan(400)
      const refused = values.filter(
        (value) => !parsePolicy(`gates: { release_window: { ${setting}: "${value}" } }`).ok,
      )
      expect(refused).toEqual([])
      expect(values).toEqual([...new Set(values)])
    },
  )
})
