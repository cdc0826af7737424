import { openStaging, type StagingTarget } from '../services/staging.ts'
import type { Operator } from './operator.ts'
import type { RunInput } from './run.ts'
import type { Suite } from './suite-schema.ts'

/** How the sessions, the ledger and the receipts of a run are opened, for the command line and for the bot. */

export function sessionOptions({ defaults }: Pick<Suite, 'defaults'>) {
  const { timeout, max_total: maxTotal, max_bytes: maxBytes, elicitation } = defaults
  return { timeout, maxTotal, maxBytes, elicitation }
}

/** Loaded only where they are configured: most runs at an engineer's machine have no ledger. */
export async function sourcesOf(
  { ledger, receipts }: Operator,
  signal: AbortSignal,
): Promise<Pick<RunInput, 'ledger' | 'receipts'>> {
  const openLedger = ledger && (await import('../services/ledger.ts')).openLedger
  const openReceipts = receipts && (await import('../services/receipts.ts')).openReceipts
  return {
    ...(ledger && openLedger ? { ledger: openLedger({ ...ledger, signal }) } : {}),
    ...(receipts && openReceipts ? { receipts: openReceipts(receipts) } : {}),
  }
}

/** Whether the server still speaks a protocol version that it spoke at the last release. */
export function speaksAt(target: StagingTarget, suite: Suite): (version: string) => Promise<boolean> {
  return async (protocolVersion) => {
    const opened = await openStaging(target, { ...sessionOptions(suite), protocolVersion })
    if (!opened.ok) return false
    await opened.session.close()
    return opened.session.protocolVersion === protocolVersion
  }
}
