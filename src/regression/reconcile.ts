import Big from 'big.js'
import type { Ledger, LedgerRow } from '../services/ledger.ts'
import type { Caller } from './calls.ts'
import { isJsonNumber, numberText } from './exact.ts'
import { bodyOf, describe } from './expectation.ts'
import { queryJson } from './json-path.ts'
import { mayWrite } from './read-only-tools.ts'
import type { DataCheck } from './report-schema.ts'
import type { Suite } from './suite-schema.ts'
import { fillVariables } from './variables.ts'
import { sumOf } from './verification.ts'

type Reconciliation = Suite['reconcile'][number]

export type ReconcileContext = {
  caller: Caller
  timeout: number
  variables: ReadonlyMap<string, string>
  ledger?: Ledger
  /** Reads a file next to the suite; undefined if there is none. */
  readFile?: (path: string) => Promise<string | undefined>
}

/** Checks that a total returned by a tool equals the sum over the ledger or an export, within a tolerance. */
export async function reconcile(entry: Reconciliation, context: ReconcileContext): Promise<DataCheck> {
  const { verdict, message } = await evaluate(entry, context)
  return { kind: 'reconcile', name: entry.name, verdict, message }
}

type Evaluated = Pick<DataCheck, 'verdict' | 'message'>
type Total = { ok: true; value: Big; source: string } | { ok: false; message: string }

async function evaluate(entry: Reconciliation, context: ReconcileContext): Promise<Evaluated> {
  const filled = fillVariables({ args: entry.args, equals: entry.equals }, context.variables)
  if (!filled.ok) return { verdict: 'failed', message: `${filled.missing.join(', ')} is not set` }
  const { args, equals } = filled.value
  const refusal = refuse(entry.tool, context.caller)
  if (refusal) return refusal
  const call = { tool: entry.tool, args, timeout: context.timeout, expected: ['ok'] }
  const { outcome } = await context.caller.call(call)
  if (outcome.kind !== 'ok') return { verdict: 'failed', message: describe(outcome, 'no total') }
  const [found, ...others] = queryJson(bodyOf(outcome.result), entry.value)
  if (others.length > 0)
    return {
      verdict: 'failed',
      message: `the tool returns ${others.length + 1} values at ${entry.value}; a total is one`,
    }
  const told = asNumber(found)
  if (!told) return { verdict: 'failed', message: `the tool returns no number at ${entry.value}` }
  const total = equals.ledger
    ? await ledgerTotal(equals.ledger, context)
    : await csvTotal(equals.csv, context)
  if (!total.ok) return { verdict: 'inconclusive', message: total.message }
  return compare(told, total.value, entry.tolerance, total.source)
}

/** A tool that may write is never called for a total, since no operator has allowed it. */
function refuse(name: string, { tools }: Caller): Evaluated | undefined {
  const tool = tools.get(name)
  if (!tool) return { verdict: 'failed', message: `the server does not list ${name}` }
  if (!mayWrite(tool)) return undefined
  const message = `${name} does not declare readOnlyHint and is not under "reads"; reconcile calls only read-only tools, so it was not called`
  return { verdict: 'failed', message }
}

function compare(told: Big, total: Big, tolerance: Reconciliation['tolerance'], source: string): Evaluated {
  const [allowed, of] = allowance(total, tolerance)
  const within = told.minus(total).abs().times(of).lte(allowed)
  const message = `the tool tells ${told.toFixed()}, ${source} ${total.toFixed()}, tolerance ${allowed.div(of).toFixed()}`
  return { verdict: within ? 'passed' : 'failed', message }
}

/** The allowed difference of the totals, as a fraction: a division would have to round. */
function allowance(total: Big, tolerance: Reconciliation['tolerance']): [Big, Big] {
  if ('amount' in tolerance) return [new Big(numberText(tolerance.amount)), new Big(1)]
  const { numerator, denominator } = tolerance.share
  return [total.abs().times(String(numerator)), new Big(String(denominator))]
}

function asNumber(value: unknown): Big | undefined {
  if (!isJsonNumber(value) && typeof value !== 'string') return undefined
  const text = isJsonNumber(value) ? numberText(value) : value
  return /^-?\d+(\.\d+)?(e[+-]?\d{1,3})?$/i.test(text) ? new Big(text) : undefined
}

async function ledgerTotal(
  { table, where, sum }: NonNullable<Reconciliation['equals']['ledger']>,
  { ledger }: ReconcileContext,
): Promise<Total> {
  if (!ledger) return { ok: false, message: 'no ledger is configured for this server' }
  if (sum === undefined) {
    const count = await ledger.count(table, where)
    return count.ok ? { ok: true, value: new Big(count.value), source: `rows of ${table}` } : count
  }
  const rows = await ledger.rows(table, [sum], where)
  return rows.ok ? totalOf(rows.value, sum, `the sum of ${table}.${sum}`) : rows
}

async function csvTotal(
  csv: Reconciliation['equals']['csv'],
  { readFile }: ReconcileContext,
): Promise<Total> {
  const text = csv && (await readFile?.(csv.file))
  if (csv === undefined || text === undefined)
    return { ok: false, message: `${csv?.file ?? 'the export'} cannot be read` }
  const { parse } = await import('csv-parse/sync')
  let rows: LedgerRow[]
  let header: string[] = []
  const columns = (names: string[]) => {
    header = names
    return names
  }
  try {
    rows = parse<LedgerRow>(text, { columns, bom: true, skip_empty_lines: true, trim: true })
  } catch (error) {
    return {
      ok: false,
      message: `${csv.file} is not a CSV: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
  const unknown = [...Object.keys(csv.where), ...(csv.sum === undefined ? [] : [csv.sum])].find(
    (column) => !header.includes(column),
  )
  if (unknown !== undefined) return { ok: false, message: `${csv.file} has no column ${unknown}` }
  const matching = rows.filter((row) =>
    Object.entries(csv.where).every(([column, value]) => row[column] === value),
  )
  if (csv.sum === undefined)
    return { ok: true, value: new Big(matching.length), source: `rows of ${csv.file}` }
  return totalOf(matching, csv.sum, `the sum of ${csv.sum} in ${csv.file}`)
}

function totalOf(rows: LedgerRow[], column: string, source: string): Total {
  const value = sumOf(rows, column)
  return value ? { ok: true, value, source } : { ok: false, message: `${source} is not made of numbers` }
}
