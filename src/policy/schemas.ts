import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { fixedZoneProblem } from '../decision/calendar/fixed-zones.ts'
import { holidayPlaces } from '../decision/calendar/holidays.ts'
import { timeZone } from '../decision/calendar/written-values.ts'
import { policySchema } from '../decision/policy.ts'
import { snapshotSchema } from '../decision/snapshot.ts'

type JsonSchema = Record<string, unknown>

/** The JSON Schema of a policy file, for editors. A gate may stand without a value, which means the defaults, or be `off`. */
export function policyJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(policySchema, { io: 'input' }) as JsonSchema
  const { gates, overrides } = schema.properties as {
    gates: { properties: Record<string, JsonSchema> }
    overrides: { items: { properties: { gates: { properties: Record<string, JsonSchema> } } } }
  }
  listValues(gates.properties.release_window?.properties)
  const changed = overrides.items.properties.gates.properties
  for (const name of Object.keys(changed)) changed[name] = { $ref: `#/properties/gates/properties/${name}` }
  for (const [name, gate] of Object.entries(gates.properties))
    gates.properties[name] = { anyOf: [gate, { type: 'null' }, { const: 'off' }] }
  return { title: 'Policy of release-gate', ...schema }
}

/** Lists what editors complete: zones and places of which holidays are known. */
function listValues(settings: unknown): void {
  const { time_zone: zone, holidays } = settings as { time_zone: JsonSchema; holidays: JsonSchema }
  zone.enum = timeZones()
  holidays.enum = holidayPlaces()
}

const zonesFile = new URL('./time-zones.json', import.meta.url)

/**
 * The names of the IANA database, old ones included. They are kept in a file, since each version of Node knows others and
 * lists only one of several names of a zone (Asia/Calcutta for Asia/Kolkata).
 */
function timeZones(): string[] {
  return z.array(z.string()).parse(JSON.parse(readFileSync(zonesFile, 'utf8')))
}

/** Adds the zones that this version of Node knows, and drops what a policy may not name. */
function refreshTimeZones(): void {
  const names = new Set([...timeZones(), 'UTC', ...Intl.supportedValuesOf('timeZone')])
  const accepted = [...names].filter(
    (name) => timeZone.safeParse(name).success && fixedZoneProblem(name) === undefined,
  )
  writeFileSync(zonesFile, `${JSON.stringify(accepted.toSorted(), null, 2)}\n`)
}

/** Every schema that is generated, by its file under `schema/`. */
export function generatedSchemas(): Record<string, JsonSchema> {
  return {
    'policy.schema.json': policyJsonSchema(),
    'snapshot.schema.json': {
      title: 'Snapshot of a pull request',
      ...z.toJSONSchema(snapshotSchema, { io: 'input' }),
    },
  }
}

export function render(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}

if (import.meta.main) {
  refreshTimeZones()
  for (const [file, schema] of Object.entries(generatedSchemas())) {
    writeFileSync(new URL(`../../schema/${file}`, import.meta.url), render(schema))
  }
}
