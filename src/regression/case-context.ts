import type { Ledger } from '../services/ledger.ts'
import type { ListedTool, Outcome } from '../services/mcp.ts'
import type { Receipts } from '../services/receipts.ts'
import type { Caller } from './calls.ts'
import type { Mismatch } from './mismatch.ts'
import type { Redactor } from './redaction.ts'
import type { Snapshots } from './snapshots.ts'
import type { Suite } from './suite-schema.ts'

export type CaseContext = {
  suite: Suite
  caller: Caller
  redactor: Redactor
  variables: ReadonlyMap<string, string>
  checkOutput: (
    tool: ListedTool | undefined,
    result: Extract<Outcome, { kind: 'ok' }>['result'],
  ) => Mismatch[]
  snapshots?: Snapshots
  /** The operator marked this server as safe to write to. */
  writesAllowed: boolean
  ledger?: Ledger
  receipts?: Receipts
  signal?: AbortSignal
}
