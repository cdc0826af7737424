import { z } from 'zod'

/** Row-level security as a policy file declares it, and what differs in the database. */

const name = z.string().min(1).max(63)
const tableName = z
  .string()
  .max(127)
  .regex(/^[^.\s]+\.[^.\s]+$/, 'write a table with its schema, such as public.reward_ledger')

const declaredPolicy = z.strictObject({
  name,
  command: z.enum(['all', 'select', 'insert', 'update', 'delete']).default('all').describe('What it is for.'),
  roles: z.array(name).min(1).default(['public']).describe('The roles that it applies to.'),
  permissive: z.boolean().default(true).describe('false: a restrictive policy.'),
  using: z
    .string()
    .max(5_000)
    .optional()
    .describe('The expression of USING, as pg_policies shows it; not compared where it is left out.'),
  check: z.string().max(5_000).optional().describe('The expression of WITH CHECK, in the same way.'),
})

const declaredTable = z.strictObject({
  table: tableName,
  enabled: z.boolean().default(true).describe('Whether row-level security is on.'),
  forced: z.boolean().default(false).describe('Whether it also applies to the owner of the table.'),
  policies: z.array(declaredPolicy).max(50).default([]).describe('All policies of the table.'),
})

export const rowSecuritySettings = z.strictObject({
  server: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,29}$/, 'write the name of a server of the operator, such as "production"')
    .describe("The server's name in the operator's environment, which has the address of its database."),
  schemas: z.array(name).min(1).max(20).default(['public']).describe('Whose tables all have to be listed.'),
  tables: z.array(declaredTable).max(200).default([]),
})

export type RowSecuritySettings = z.output<typeof rowSecuritySettings>

/** A table as Postgres has it. */
export type ActualTable = {
  table: string
  enabled: boolean
  forced: boolean
  policies: {
    name: string
    command: string
    roles: string[]
    permissive: boolean
    using: string | null
    check: string | null
  }[]
}

/** A difference; `about` stays the same while it lasts, whatever the values are. */
export type RowSecurityDrift = { about: string; what: string }

/** What differs: a table that is not listed, is gone, or has other settings or policies than declared. */
export function rowSecurityDrift({ tables }: RowSecuritySettings, actual: ActualTable[]): RowSecurityDrift[] {
  const found = new Map(actual.map((table) => [table.table, table]))
  const listed = new Set(tables.map(({ table }) => table))
  const unlisted = actual
    .filter(({ table }) => !listed.has(table))
    .map(({ table, enabled }) => ({
      about: table,
      what: `The table ${table} is not declared; its row-level security is ${onOff(enabled)}.`,
    }))
  return [...tables.flatMap((table) => differences(table, found.get(table.table))), ...unlisted]
}

type Declared = RowSecuritySettings['tables'][number]

function differences(declared: Declared, actual: ActualTable | undefined): RowSecurityDrift[] {
  const { table } = declared
  if (!actual) return [{ about: table, what: `The declared table ${table} is not in the database.` }]
  const flag = (what: string, wanted: boolean, is: boolean) =>
    wanted === is
      ? []
      : [
          {
            about: `${table} ${what}`,
            what: `Row-level security of ${table}: ${what} is ${onOff(is)}, declared ${onOff(wanted)}.`,
          },
        ]
  const isDeclared = (name: string) => declared.policies.some((one) => one.name === name)
  return [
    ...flag('enabled', declared.enabled, actual.enabled),
    ...flag('forced', declared.forced, actual.forced),
    ...declared.policies.flatMap((policy) => policyDrift(table, policy, actual)),
    ...actual.policies
      .filter((one) => !isDeclared(one.name))
      .map((one) => ({
        about: `${table} policy ${one.name}`,
        what: `The policy ${one.name} on ${table} is not declared.`,
      })),
  ]
}

function policyDrift(
  table: string,
  declared: Declared['policies'][number],
  actual: ActualTable,
): RowSecurityDrift[] {
  const about = `${table} policy ${declared.name}`
  const found = actual.policies.find((one) => one.name === declared.name)
  if (!found)
    return [{ about, what: `The policy ${declared.name} on ${table} is declared and not in the database.` }]
  const differs = [
    ...(found.command === declared.command ? [] : ['its command']),
    ...(sameNames(found.roles, declared.roles) ? [] : ['its roles']),
    ...(found.permissive === declared.permissive ? [] : ['whether it is permissive']),
    ...(sameText(declared.using, found.using) ? [] : ['its USING']),
    ...(sameText(declared.check, found.check) ? [] : ['its WITH CHECK']),
  ]
  if (differs.length === 0) return []
  return [
    {
      about,
      what: `The policy ${declared.name} on ${table} differs from the declared one in ${differs.join(', ')}.`,
    },
  ]
}

function sameNames(one: string[], other: string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted())
}

/** What is not declared is not compared. Postgres breaks long expressions into lines. */
function sameText(declared: string | undefined, actual: string | null): boolean {
  const plain = (text: string) => text.replace(/\s+/g, ' ').trim()
  return declared === undefined || plain(declared) === plain(actual ?? '')
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off'
}
