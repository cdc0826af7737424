import { verifies } from './case-run.ts'
import { pluralize } from './pluralize.ts'
import type { CaseResult, GateResult } from './report-schema.ts'
import type { SuiteCase } from './suite-schema.ts'

const MOST_NAMED = 3

/** Whether the cases left the expected rows and receipts, and which cases could not be verified. */
export function ledgerGate(cases: readonly SuiteCase[], results: readonly CaseResult[]): GateResult[] {
  const verifying = cases.filter(verifies)
  if (verifying.length === 0) return []
  const byName = new Map(results.map((result) => [result.name, result]))
  const open = verifying.flatMap(({ name }) => unverified(name, byName.get(name)))
  const wrong = results.filter(({ verdict, gate }) => verdict === 'failed' && gate === 'ledger')
  const verified = verifying.length - open.length
  const said = [
    ...(wrong.length > 0
      ? [`wrong rows or receipts in ${wrong.length} of ${pluralize(verifying.length, 'case', 'cases')}`]
      : verified > 0
        ? [`the rows are correct (${pluralize(verified, 'case', 'cases')} verified)`]
        : []),
    ...(open.length > 0 ? [`not verified: ${named(open)}`] : []),
  ]
  const verdict = wrong.length > 0 ? 'failed' : open.length > 0 ? 'inconclusive' : 'passed'
  return [{ gate: 'ledger', verdict, message: said.join('; ') }]
}

function unverified(name: string, result: CaseResult | undefined): string[] {
  if (!result) return [`${name} (not run)`]
  return result.unverified === undefined ? [] : [`${name} (${result.unverified})`]
}

function named(open: readonly string[]): string {
  const more = open.length - MOST_NAMED
  return `${open.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
