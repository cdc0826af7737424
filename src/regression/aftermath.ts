import type { CaseContext } from './case-run.ts'
import type { CaseResult } from './report-schema.ts'
import type { SuiteCase } from './suite-schema.ts'
import { fill } from './variables.ts'
import { type Verified, verifyLedger, verifyReceipt } from './verification.ts'

/** Looks at what a case left in the ledger and on the chain. `lost` says that a write got no reply. */
export async function verify(
  entry: SuiteCase,
  context: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
  lost: boolean,
): Promise<void> {
  const { ledger, receipt } = entry.verify ?? {}
  const filled = fill({ ledger, receipt: lost ? undefined : receipt }, variables)
  if (!filled.ok) return void result.notes.push(`not verified: ${filled.missing.join(', ')} is not set`)
  const checks: Verified[] = []
  if (filled.value.ledger)
    checks.push(await verifyLedger(context.ledger, filled.value.ledger, context.signal))
  if (filled.value.receipt)
    checks.push(await verifyReceipt(context.receipts, filled.value.receipt, context.signal))
  for (const check of checks) {
    if (check.verdict === 'inconclusive') {
      result.notes.push(check.message)
      if (result.verdict === 'passed') result.verdict = 'inconclusive'
      continue
    }
    result.notes.push(lost ? `the reply was lost; the ledger shows ${check.seen}` : check.seen)
    if (check.verdict === 'passed') continue
    result.mismatches.push(...check.mismatches)
    result.gate = 'ledger'
  }
}

/** Cleaning up is tried always; what stays behind is said, and judges nothing. */
export async function cleanUp(
  steps: NonNullable<SuiteCase['cleanup']>,
  context: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
): Promise<void> {
  for (const { tool, args } of steps) {
    const filled = fill(args, variables)
    if (!filled.ok) {
      result.notes.push(`not cleaned up with ${tool}: ${filled.missing.join(', ')} is not set`)
      continue
    }
    const { timeout } = context.suite.defaults
    const outcome = await context.caller.quietly({ tool, args: filled.value, timeout, expected: ['ok'] })
    if (outcome.kind !== 'ok') result.notes.push(`cleaning up with ${tool} failed (${outcome.kind})`)
  }
}
