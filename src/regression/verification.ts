import { setTimeout as wait } from 'node:timers/promises'
import Big from 'big.js'
import type { Ledger, LedgerAnswer, LedgerRow } from '../services/ledger.ts'
import type { Receipts } from '../services/receipts.ts'
import { numberText } from './exact.ts'
import type { Mismatch } from './mismatch.ts'
import type { LedgerCheck, ReceiptCheck } from './suite-schema.ts'

/** The result of checking the ledger or the chain: correct, wrong, or inconclusive. */
export type Verified =
  | { verdict: 'passed'; seen: string }
  | { verdict: 'failed'; mismatches: Mismatch[]; seen: string }
  | { verdict: 'inconclusive'; message: string }

const POLL_MS = 250

/** How long exact rows and sums must stay as expected: a duplicate may arrive late. */
const SETTLING_MS = 1_000

/** Whether waiting longer cannot change the result. */
const hopeless: ReadonlySet<string> = new Set(['refused', 'missing', 'too_many'])

/**
 * Polls the ledger until it has the expected rows, for at most `within`, and keeps them for a second from then on. Too many rows fail immediately; missing
 * rows may still arrive. An unreadable ledger is inconclusive.
 */
export async function verifyLedger(
  ledger: Ledger | undefined,
  check: LedgerCheck,
  signal?: AbortSignal,
): Promise<Verified> {
  if (!ledger) return { verdict: 'inconclusive', message: 'no ledger is configured for this server' }
  const { rows, sum } = check.expect
  const settling = rows === undefined && sum === undefined ? 0 : SETTLING_MS
  return poll({ ...check, settling }, signal, async () => {
    const columns = [...new Set([...Object.keys(check.expect.sum ?? {}), ...Object.keys(check.where)])]
    const read =
      columns.length > 0
        ? await ledger.rows(check.table, columns, check.where)
        : await countRows(ledger, check)
    if (!read.ok) return { done: hopeless.has(read.cause), result: unread(read) }
    return compareRows(read.value, check)
  })
}

/** Without a column to read, only the number of rows counts. */
async function countRows(ledger: Ledger, check: LedgerCheck): Promise<LedgerAnswer<LedgerRow[]>> {
  const count = await ledger.count(check.table, check.where)
  return count.ok ? { ok: true, value: Array.from({ length: count.value }, () => ({})) } : count
}

function compareRows(rows: LedgerRow[], { table, expect }: LedgerCheck): Polled {
  const seen = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} in ${table}`
  const mismatches: Mismatch[] = []
  if (expect.rows !== undefined && rows.length !== expect.rows) {
    mismatches.push({
      where: `ledger ${table}`,
      expected: `${expect.rows} rows`,
      actual: `${rows.length} rows`,
    })
  }
  if (expect.at_least !== undefined && rows.length < expect.at_least) {
    mismatches.push({
      where: `ledger ${table}`,
      expected: `at least ${expect.at_least} rows`,
      actual: `${rows.length} rows`,
    })
  }
  for (const [column, wanted] of Object.entries(expect.sum ?? {})) {
    const actual = sumOf(rows, column)
    const expected = typeof wanted === 'string' ? wanted : numberText(wanted)
    if (actual === undefined) {
      mismatches.push({ where: `ledger ${table}.${column}`, expected: 'numbers', actual: 'something else' })
    } else if (!actual.eq(expected)) {
      mismatches.push({
        where: `ledger sum of ${table}.${column}`,
        expected,
        actual: actual.toFixed(),
      })
    }
  }
  if (mismatches.length === 0) return { done: false, result: { verdict: 'passed', seen } }
  const tooMany = expect.rows !== undefined && rows.length > expect.rows
  return { done: tooMany, result: { verdict: 'failed', mismatches, seen } }
}

/** The exact decimal sum of a column, since token amounts do not fit into a JavaScript number. */
export function sumOf(rows: LedgerRow[], column: string): Big | undefined {
  let sum = new Big(0)
  for (const row of rows) {
    const value = row[column]
    if (value === null || value === undefined) continue
    if (!/^-?\d+(\.\d+)?(e[+-]?\d{1,3})?$/i.test(value.trim())) return undefined
    sum = sum.plus(value.trim())
  }
  return sum
}

/** Polls the chain until it has the receipt, for at most `within`. */
export async function verifyReceipt(
  receipts: Receipts | undefined,
  { hash, status, within }: ReceiptCheck,
  signal?: AbortSignal,
): Promise<Verified> {
  if (!receipts) return { verdict: 'inconclusive', message: 'no chain endpoint is configured' }
  return poll({ within, settling: 0 }, signal, async () => {
    const read = await receipts.status(hash)
    if (!read.ok) return { done: read.cause === 'refused', result: unread(read) }
    if (read.status === status)
      return { done: true, result: { verdict: 'passed', seen: `receipt ${status}` } }
    const mismatches = [{ where: 'receipt', expected: status, actual: read.status }]
    return { done: read.status !== 'pending', result: { verdict: 'failed', mismatches, seen: read.status } }
  })
}

function unread({ message }: { message: string }): Verified {
  return { verdict: 'inconclusive', message }
}

/** `done`: waiting longer changes nothing. What passed must settle before that. */
type Polled = { done: boolean; result: Verified }

async function poll(
  { within, settling }: { within: number; settling: number },
  signal: AbortSignal | undefined,
  look: () => Promise<Polled>,
): Promise<Verified> {
  const deadline = performance.now() + within
  let passedSince: number | undefined
  for (;;) {
    const { done, result } = await look()
    const now = performance.now()
    passedSince = result.verdict === 'passed' ? (passedSince ?? now) : undefined
    const settled = passedSince !== undefined && now - passedSince >= settling
    const until = passedSince === undefined ? deadline : Math.max(deadline, passedSince + settling + POLL_MS)
    if (done || settled || now + POLL_MS > until) return result
    await wait(POLL_MS, undefined, signal ? { signal } : {})
  }
}
