import type { Ledger } from '../services/ledger.ts'
import type { Opened } from '../services/mcp.ts'
import type { Receipts } from '../services/receipts.ts'
import type { Baseline } from './contract-check.ts'
import type { Limits } from './limits.ts'
import type { Redactor } from './redaction.ts'
import type { Progress } from './run-cases.ts'
import type { Runbooks } from './runbook/drill.ts'
import type { Snapshots } from './snapshots.ts'
import type { Declaration } from './staging-data.ts'
import type { SuiteChanges } from './suite-file.ts'
import type { Suite } from './suite-schema.ts'

/** The input of a run. Nothing is read from the environment here. */
export type RunInput = {
  suite: Suite
  runId: string
  limits: Limits
  /** Limits of the suite that are looser than the policy's and therefore ignored. */
  refusedLimits?: string[]
  open: (signal?: AbortSignal) => Promise<Opened>
  redactor: Redactor
  variables: ReadonlyMap<string, string>
  /** The operator marked this server as safe to write to. */
  writesAllowed: boolean
  ledger?: Ledger
  /** The ledger with the keys of other tenants, by their names. */
  ledgersAs?: ReadonlyMap<string, Ledger>
  receipts?: Receipts
  baseline?: Baseline
  declaration?: Declaration
  readFile?: (path: string) => Promise<string | undefined>
  /** The head's sha where the server itself must report it as its version (`identity: server`). */
  expectVersion?: string
  /** The deployment, described for the report. */
  deployment?: string
  suiteChanges?: SuiteChanges
  /** Absent where none are stored. */
  snapshots?: Snapshots
  /** Drilled after the cases. */
  runbooks?: Runbooks
  /** How many calls of read-only cases run at a time. Default: 1. */
  concurrency?: number
  /** Names of the only cases to run. */
  only?: string[]
  /** Whether the server supports a protocol version; undefined if it could not be asked. */
  speaks?: (protocolVersion: string) => Promise<boolean | undefined>
  signal?: AbortSignal
  /** After how many milliseconds the run is ended as inconclusive. Default: an hour. */
  longest?: number
  onProgress?: (progress: Progress) => void
  now?: () => Date
}
