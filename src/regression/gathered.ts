import type { ListedTool, StagingSession } from '../services/mcp.ts'
import type { CallRecord } from './calls.ts'
import type { CaseResult, DataCheck, GateResult, RunReport } from './report-schema.ts'

/** What a run has collected so far. Filled along the way, so that a failed run can still be reported. */
export type Gathered = {
  startedAt: Date
  began: number
  session?: StagingSession
  /** More sessions, for concurrent calls. */
  others: StagingSession[]
  server?: StagingSession
  tools: ReadonlyMap<string, ListedTool>
  cases: CaseResult[]
  records: CallRecord[]
  data: DataCheck[]
  gates: GateResult[]
  /** What validating clients reject; unset until the list has been read. */
  refused?: string[]
  refusedBefore: ReadonlySet<string>
  /** Differences in sessions that were opened later. */
  meanwhile: string[]
  changes: RunReport['contract']['changes']
  contractNotes: string[]
  notes: string[]
  /** How often the server ended the session during the run. */
  sessionsEnded: number
  /** Why the run could not continue: unreachable, login failed, exited, stopped. */
  stopped?: string
}
