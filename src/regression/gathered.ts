import type { ListedTool, StagingSession } from '../services/mcp.ts'
import type { CallRecord } from './calls.ts'
import type { CaseResult, DataCheck, GateResult, RunReport } from './report-schema.ts'

/** What a run has seen so far; filled as it goes, so that a run that dies can still be told. */
export type Gathered = {
  startedAt: Date
  began: number
  session?: StagingSession
  /** Further sessions, where several calls may be under way at a time. */
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
  /** What differed in sessions that were opened later. */
  meanwhile: string[]
  changes: RunReport['contract']['changes']
  contractNotes: string[]
  notes: string[]
  /** How often the server ended the session during the run. */
  sessionsEnded: number
  /** Why the run could not go on: unreachable, login failed, died, stopped. */
  stopped?: string
}
