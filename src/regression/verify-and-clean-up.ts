import type { CaseContext } from './case-context.ts'
import type { CaseResult } from './report-schema.ts'
import type { SuiteCase } from './suite-schema.ts'
import { fillVariables } from './variables.ts'
import { type Verified, verifyLedger, verifyReceipt } from './verification.ts'

/**
 * Verifies what a case left in the ledger and on the chain. `lost`: a write got no reply. A check whose input no step captured
 * is inconclusive, and does not prevent the other checks.
 */
export async function verify(
  entry: SuiteCase,
  { ledger, receipts, signal }: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
  lost: boolean,
): Promise<void> {
  const wanted = entry.verify ?? {}
  const checks = [
    ...(await looked('the ledger', wanted.ledger, variables, (check) => verifyLedger(ledger, check, signal))),
    ...(await looked('the receipt', lost ? undefined : wanted.receipt, variables, (check) =>
      verifyReceipt(receipts, check, signal),
    )),
  ]
  if (checks.length > 0) delete result.unverified
  for (const check of checks) take(check, result, lost)
}

async function looked<Check>(
  what: string,
  check: Check | undefined,
  variables: Map<string, string>,
  look: (filled: Check) => Promise<Verified>,
): Promise<Verified[]> {
  if (check === undefined) return []
  const filled = fillVariables(check, variables)
  if (filled.ok) return [await look(filled.value)]
  const message = `${what} was not checked: ${filled.missing.join(', ')} is not set`
  return [{ verdict: 'inconclusive', message }]
}

function take(check: Verified, result: CaseResult, lost: boolean): void {
  if (check.verdict === 'inconclusive') {
    result.notes.push(check.message)
    result.unverified ??= check.message
    if (result.verdict === 'passed') result.verdict = 'inconclusive'
    return
  }
  result.notes.push(lost ? `the reply was lost; the ledger shows ${check.seen}` : check.seen)
  if (check.verdict === 'passed') return
  result.mismatches.push(...check.mismatches)
  result.gate = 'ledger'
}

/** Always tries to clean up. Leftovers are reported and do not affect the verdict. */
export async function cleanUp(
  steps: NonNullable<SuiteCase['cleanup']>,
  context: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
): Promise<void> {
  for (const { tool, args } of steps) {
    const filled = fillVariables(args, variables)
    if (!filled.ok) {
      result.notes.push(`not cleaned up with ${tool}: ${filled.missing.join(', ')} is not set`)
      continue
    }
    const { timeout } = context.suite.defaults
    const outcome = await context.caller.quietly({ tool, args: filled.value, timeout, expected: ['ok'] })
    if (outcome.kind !== 'ok') result.notes.push(`cleaning up with ${tool} failed (${outcome.kind})`)
  }
}
