import ms from 'ms'
import { RE2JS } from 're2js'
import { z } from 'zod'
import type { Ledger, LedgerRow } from '../services/ledger.ts'
import { compareRatios, percent, type Ratio } from './ratio.ts'
import type { DataCheck } from './report-schema.ts'
import type { Suite } from './suite-schema.ts'
import { fillVariables, type Variables } from './variables.ts'

/** What the operator declares about the data that staging mirrors. It never comes from a repository. */
export const declarationSchema = z.strictObject({
  tables: z.record(
    z.string(),
    z.strictObject({
      rows: z.int().nonnegative().optional(),
      newest: z.iso.datetime({ offset: true }).optional(),
    }),
  ),
})
export type Declaration = z.output<typeof declarationSchema>

type Evaluated = Pick<DataCheck, 'verdict' | 'message'>

/** Checks that the staging data has as many rows, and as recent ones, as the operator declares. */
export async function checkMirror(
  entry: Suite['mirror'][number],
  ledger: Ledger | undefined,
  declared: Declaration | undefined,
): Promise<DataCheck> {
  const evaluated = await evaluateMirror(entry, ledger, declared?.tables[entry.table])
  return { kind: 'mirror', name: entry.table, ...evaluated }
}

async function evaluateMirror(
  entry: Suite['mirror'][number],
  ledger: Ledger | undefined,
  facts: Declaration['tables'][string] | undefined,
): Promise<Evaluated> {
  if (!ledger) return { verdict: 'inconclusive', message: 'no ledger is configured for this server' }
  if (!facts) return { verdict: 'inconclusive', message: 'the operator declares nothing about this table' }
  const evaluated = [
    await evaluateCount(entry, ledger, facts.rows),
    await evaluateNewest(entry, ledger, facts.newest),
  ]
  const said = evaluated.filter((one) => one !== undefined)
  const worst =
    said.find(({ verdict }) => verdict === 'failed') ?? said.find(({ verdict }) => verdict !== 'passed')
  if (said.length === 0) return { verdict: 'inconclusive', message: 'the suite names nothing to compare' }
  return { verdict: worst?.verdict ?? 'passed', message: said.map(({ message }) => message).join('; ') }
}

async function evaluateCount(
  { table, rows_within: within }: Suite['mirror'][number],
  ledger: Ledger,
  declared: number | undefined,
): Promise<Evaluated | undefined> {
  if (within === undefined) return undefined
  if (declared === undefined)
    return { verdict: 'inconclusive', message: 'the operator declares no row count' }
  const count = await ledger.count(table, {})
  if (!count.ok) return { verdict: 'inconclusive', message: count.message }
  const verdict = isWithin(count.value, declared, within) ? 'passed' : 'failed'
  return { verdict, message: `${count.value} rows, declared ${declared} ± ${percent(within)}` }
}

function isWithin(count: number, declared: number, { numerator, denominator }: Ratio): boolean {
  const difference = { numerator: BigInt(Math.abs(count - declared)), denominator: 1n }
  return compareRatios(difference, { numerator: BigInt(declared) * numerator, denominator }) <= 0
}

async function evaluateNewest(
  { table, newest: column, behind }: Suite['mirror'][number],
  ledger: Ledger,
  declared: string | undefined,
): Promise<Evaluated | undefined> {
  if (column === undefined || behind === undefined) return undefined
  if (declared === undefined)
    return { verdict: 'inconclusive', message: 'the operator declares no newest row' }
  const read = await ledger.newest(table, column)
  if (!read.ok) return { verdict: 'inconclusive', message: read.message }
  if (read.value === null) return { verdict: 'failed', message: 'the table is empty' }
  const time = Date.parse(hasZone(read.value) ? read.value : `${read.value}Z`)
  if (Number.isNaN(time)) return { verdict: 'inconclusive', message: `${column} holds no time` }
  const lag = Date.parse(declared) - time
  const message = `the newest row is ${lag > 0 ? ms(lag, { long: true }) : '0 ms'} behind, at most ${ms(behind, { long: true })}`
  return { verdict: lag <= behind ? 'passed' : 'failed', message }
}

function hasZone(text: string): boolean {
  return /(Z|[+-]\d{2}(:?\d{2})?)$/i.test(text)
}

const MOST_ROWS = 20_000

/**
 * Checks that the listed columns contain no value that looks like a real email address, phone number or wallet. Values are
 * never shown.
 */
export async function checkSanitized(
  { table, columns, allow }: Suite['sanitized'][number],
  ledger: Ledger | undefined,
): Promise<DataCheck> {
  const base = { kind: 'sanitized', name: table } as const
  if (!ledger) return { ...base, verdict: 'inconclusive', message: 'no ledger is configured for this server' }
  const read = await ledger.rows(table, columns, {}, MOST_ROWS)
  if (!read.ok) return { ...base, verdict: 'inconclusive', message: read.message }
  // Loaded only here, because the phone number data is slow to load.
  const { personalDataKind: personal } = await import('./personal.ts')
  const found = countPersonal(read.value, columns, allow, personal)
  // Row-level security hides rows without an error.
  if (read.value.length === 0)
    return { ...base, verdict: 'inconclusive', message: 'the key finds no row, so nothing was checked' }
  const looked = `${read.value.length}${read.value.length === MOST_ROWS ? ' (the most that is read)' : ''} rows read`
  if (found.size === 0) return { ...base, verdict: 'passed', message: looked }
  const kinds = [...found].map(([kind, count]) => `${kind} in ${count} rows`).join(', ')
  return { ...base, verdict: 'failed', message: `${kinds}; ${looked}` }
}

function countPersonal(
  rows: LedgerRow[],
  columns: string[],
  allow: string | undefined,
  personal: (value: string) => string | undefined,
): Map<string, number> {
  const allowed = allow === undefined ? undefined : RE2JS.compile(allow)
  const found = new Map<string, number>()
  for (const [column, value] of rows.flatMap((row) =>
    columns.map((column) => [column, row[column]] as const),
  )) {
    const kind = value && !allowed?.matcher(value).matches() ? personal(value) : undefined
    if (kind) found.set(`${column}: ${kind}`, (found.get(`${column}: ${kind}`) ?? 0) + 1)
  }
  return found
}

type Ledgers = {
  own: Ledger | undefined
  as: ReadonlyMap<string, Ledger> | undefined
  variables: Variables
}

/**
 * Checks that another tenant's key finds none of the rows that the own key finds. Postgres hides rows without an error, so an
 * empty answer counts only where there is something to hide.
 */
export async function checkIsolated(
  entry: Suite['isolated'][number],
  { own, as, variables }: Ledgers,
): Promise<DataCheck> {
  const { table } = entry
  const say = (verdict: DataCheck['verdict'], message: string): DataCheck => ({
    ...{ kind: 'isolated', name: `${table} as ${entry.as}`, verdict, message },
  })
  const other = as?.get(entry.as)
  if (!own) return say('inconclusive', 'no ledger is configured for this server')
  if (!other)
    return say(
      'inconclusive',
      `no key of ${entry.as} is configured; set LEDGER_KEY_AS_${entry.as.toUpperCase()} (for the bot, with the prefix SERVER_<NAME>_)`,
    )
  const filled = fillVariables(entry.where, variables)
  if (!filled.ok) return say('failed', `${filled.missing.join(', ')} is not set`)
  const where = filled.value
  const [visible, leaked] = [await own.count(table, where), await other.count(table, where)]
  if (!visible.ok) return say('inconclusive', visible.message)
  if (!leaked.ok) return say('inconclusive', `as ${entry.as}: ${leaked.message}`)
  if (leaked.value > 0) return say('failed', `${entry.as} sees ${leaked.value} of ${visible.value} rows`)
  if (visible.value === 0)
    return say('inconclusive', 'the own key finds no row, so an empty answer to the other says nothing')
  return say('passed', `${entry.as} sees none of ${visible.value} rows`)
}
