import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { policySchema } from '../decision/policy.ts'
import { snapshotSchema } from '../decision/snapshot.ts'

type JsonSchema = Record<string, unknown>

/** The JSON Schema of a policy file, for editors. A gate may stand without a value: `approvals:` means the defaults. */
export function policyJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(policySchema, { io: 'input' }) as JsonSchema
  const { gates } = schema.properties as { gates: { properties: JsonSchema } }
  for (const [name, gate] of Object.entries(gates.properties))
    gates.properties[name] = { anyOf: [gate, { type: 'null' }] }
  return { title: 'Policy of release-gate', ...schema }
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
  for (const [file, schema] of Object.entries(generatedSchemas())) {
    writeFileSync(new URL(`../../schema/${file}`, import.meta.url), render(schema))
  }
}
