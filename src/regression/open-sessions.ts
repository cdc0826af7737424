import { type Opened, openStaging, type StagingTarget } from '../services/mcp.ts'
import type { Operator } from './operator.ts'
import type { Redactor } from './redaction.ts'
import type { RunInput } from './run-input.ts'
import type { Suite } from './suite-schema.ts'

/** Opens the sessions, the ledger and the receipts of a run, for the command line and for the bot. */

export function sessionOptions({ defaults }: Pick<Suite, 'defaults'>) {
  const { timeout, max_total: maxTotal, max_bytes: maxBytes, elicitation } = defaults
  return { timeout, maxTotal, maxBytes, elicitation }
}

/**
 * Opens sessions of a run. Tokens that a login obtains are as secret as its credentials. `prefix` is the prefix of the
 * operator's variables, for error messages.
 */
export function sessionsOf(
  target: StagingTarget,
  suite: Pick<Suite, 'defaults'>,
  redactor: Redactor,
  prefix = 'STAGING_',
): Pick<RunInput, 'open'> & { speaks: NonNullable<RunInput['speaks']> } {
  const options = { ...sessionOptions(suite), onSecret: redactor.hide }
  return {
    open: async (signal) =>
      advised(await openStaging(target, { ...options, ...(signal ? { signal } : {}) }), target, prefix),
    speaks: speaksAt(target, options),
  }
}

/** The error for a missing or rejected login names its variables. */
function advised(opened: Opened, target: StagingTarget, prefix: string): Opened {
  if (opened.ok || opened.fault.cause !== 'unauthorized' || target.kind !== 'http') return opened
  const advice = {
    none: `set ${prefix}TOKEN, or ${prefix}CLIENT_ID for an OAuth login`,
    bearer: `check the token in ${prefix}TOKEN`,
    client_credentials: `check ${prefix}CLIENT_ID and ${prefix}CLIENT_SECRET`,
    client_credentials_jwt: `check ${prefix}CLIENT_ID and ${prefix}PRIVATE_KEY`,
  }[target.login?.kind ?? 'none']
  return { ...opened, fault: { ...opened.fault, message: `${opened.fault.message}; ${advice}` } }
}

/** Loaded only if configured: most runs on an engineer's machine have no ledger. */
export async function sourcesOf(
  { ledger, ledgerKeysAs, receipts }: Operator,
  signal: AbortSignal,
): Promise<Pick<RunInput, 'ledger' | 'ledgersAs' | 'receipts'>> {
  const openLedger = ledger && (await import('../services/ledger.ts')).openLedger
  const openReceipts = receipts && (await import('../services/receipts.ts')).openReceipts
  return {
    ...(ledger && openLedger
      ? {
          ledger: openLedger({ ...ledger, signal }),
          ledgersAs: new Map(
            [...ledgerKeysAs].map(([name, as]) => [name, openLedger({ ...ledger, as, signal })]),
          ),
        }
      : {}),
    ...(receipts && openReceipts ? { receipts: openReceipts(receipts) } : {}),
  }
}

/**
 * Asks the server for a session in a protocol version. Undefined if the answer is not conclusive: only a server that refuses to
 * start a session, or offers another version, does not support it.
 */
export function speaksAt(
  target: StagingTarget,
  options: Parameters<typeof openStaging>[1],
): (version: string) => Promise<boolean | undefined> {
  return async (protocolVersion) => {
    const opened = await openStaging(target, { ...options, protocolVersion })
    if (!opened.ok) return opened.fault.cause === 'refused' ? false : undefined
    await opened.session.close()
    return opened.session.protocolVersion === protocolVersion
  }
}
