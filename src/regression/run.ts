import type { StagingSession } from '../services/mcp.ts'
import { buildReport } from './build-report.ts'
import { type Caller, type CallerOptions, createCaller, isRunStopped } from './calls.ts'
import type { CaseContext } from './case-context.ts'
import { type Baseline, baselineOf } from './contract-check.ts'
import { contractGate } from './contract-gate.ts'
import type { Gathered } from './gathered.ts'
import { outputChecker } from './output-check.ts'
import { refusedBefore, refusedInList } from './protocol-gate.ts'
import { readsNotes, withReads } from './read-only-tools.ts'
import { reconcile } from './reconcile.ts'
import { createSessionReopener } from './reopen-session.ts'
import type { RunReport } from './report-schema.ts'
import { runCases } from './run-cases.ts'
import { changedMeanwhile, confirmInNewSession, differences, listWatcher } from './run-changes.ts'
import type { RunInput } from './run-input.ts'
import { askVersions, connect, list } from './run-session.ts'
import { snapshotKeys } from './snapshots.ts'
import { checkIsolated, checkMirror, checkSanitized } from './staging-data.ts'
import { problemsOf } from './suite-problems.ts'

export type RunOutput = {
  report: RunReport
  /** The list as read in this run, to store as the next baseline; absent if it could not be read. */
  recorded?: Baseline
}

const anHour = 3_600_000

/** Runs a suite against a server. Never rejects: any failure becomes a verdict. */
export async function runRegression(given: RunInput): Promise<RunOutput> {
  const { longest = anHour, now = () => new Date() } = given
  const deadline = AbortSignal.timeout(longest)
  const input = { ...given, signal: given.signal ? AbortSignal.any([given.signal, deadline]) : deadline }
  const gathered: Gathered = {
    startedAt: now(),
    began: performance.now(),
    cases: [],
    records: [],
    data: [],
    gates: [],
    notes: (input.refusedLimits ?? []).map(
      (limit) => `the suite asks for a looser ${limit} than the policy; the policy applies`,
    ),
    changes: [],
    contractNotes: [],
    sessionsEnded: 0,
    others: [],
    refusedBefore: new Set(),
    meanwhile: [],
    tools: new Map(),
  }
  const suiteProblems = problemsOf(input)
  if (suiteProblems.length > 0) {
    gathered.gates.push({ gate: 'suite', verdict: 'failed', message: suiteProblems.join('; ') })
    return { report: buildReport(input, gathered) }
  }
  const recorded = await gather(input, gathered, now).catch((error: unknown) => {
    gathered.stopped = input.redactor.text(
      deadline.aborted && !given.signal?.aborted
        ? `the run took longer than ${longest / 1_000} s`
        : whyStopped(error, input.signal),
    )
    return undefined
  })
  await Promise.all([gathered.session, ...gathered.others].map((session) => session?.close()))
  const report = buildReport(input, gathered)
  if (!recorded) return { report }
  const refused = input.redactor.value([...new Set(gathered.refused)]) as string[]
  return { report, recorded: { ...recorded, latency: latencyOf(report), refused } }
}

function whyStopped(error: unknown, signal: AbortSignal): string {
  if (isRunStopped(error)) return error.message
  return signal.aborted ? 'the run was stopped' : `the run failed: ${String(error)}`
}

/** Latency under load cannot be compared with a run without load, so it is not recorded. */
function latencyOf({ tools, concurrency = 1 }: RunReport): Record<string, number> {
  if (concurrency > 1) return {}
  return Object.fromEntries(tools.flatMap(({ tool, p95 }) => (p95 === undefined ? [] : [[tool, p95]])))
}

async function gather(input: RunInput, gathered: Gathered, now: () => Date): Promise<Baseline> {
  const session = await connect(input, gathered)
  gathered.session = session
  const onSessionEnded = () => {
    gathered.sessionsEnded += 1
  }
  const reopen = createSessionReopener(input, (next) => {
    gathered.session = next
    gathered.meanwhile.push(...differences(session, next))
  })
  const listing = await list(session, { reopen, onSessionEnded })
  gathered.tools = withReads(listing.tools, input.suite.reads)
  gathered.notes.push(
    ...obsoleteNotes(input),
    ...readsNotes(input.suite, new Map(listing.tools.map((tool) => [tool.name, tool]))),
  )
  // Redacted before any case runs: what a suite captures must not change the list that is compared and kept.
  const versions = await askVersions(session, input)
  const recorded = baselineOf(session, listing, input.redactor, now(), versions)
  const contract = contractGate(
    input,
    session,
    { ...listing, tools: recorded.tools },
    { now: now(), ...versions },
  )
  const refused = refusedInList(session, listing, session.capabilities)
  gathered.refused = refused
  gathered.refusedBefore = refusedBefore(session, input.baseline)
  gathered.gates.push(contract.gate)
  gathered.changes = contract.changes
  gathered.contractNotes = contract.notes
  const confirmList = listWatcher(listing)
  const shared = {
    tools: gathered.tools,
    records: gathered.records,
    onSessionEnded,
    onRefused: (problem: string) => void refused.push(problem),
    afterCall: confirmList.ifAnnounced,
    maxTotal: input.suite.defaults.max_total,
    ...(input.signal ? { signal: input.signal } : {}),
  }
  const context = caseContext(input, createCaller({ ...shared, session: gathered.session, reopen }))
  const others = await openOthers(input, gathered, session, shared)
  await runCases(input, [context, ...others.map((caller) => ({ ...context, caller }))], gathered.cases)
  await checkData(input, context, gathered)
  if (gathered.meanwhile.length > 0) throw changedMeanwhile(gathered.meanwhile)
  await confirmList.atEnd(gathered.session, { reopen, onSessionEnded })
  if (session.transport !== 'stdio') await confirmInNewSession(input, session, confirmList.inOther)
  return recorded
}

/** One session per concurrent call, so that no session has two calls at once. */
async function openOthers(
  input: RunInput,
  gathered: Gathered,
  first: StagingSession,
  shared: Omit<CallerOptions, 'session' | 'reopen'>,
): Promise<Caller[]> {
  const callers: Caller[] = []
  for (let place = 0; place < (input.concurrency ?? 1) - 1; place += 1) {
    const session = await connect(input, gathered)
    gathered.others[place] = session
    gathered.meanwhile.push(...differences(first, session))
    const reopen = createSessionReopener(input, (next) => {
      gathered.others[place] = next
      gathered.meanwhile.push(...differences(first, next))
    })
    callers.push(createCaller({ ...shared, session, reopen }))
  }
  return callers
}

/** Snapshots that no case uses anymore. */
function obsoleteNotes({ suite, snapshots }: RunInput): string[] {
  const wanted = new Set(suite.cases.flatMap(snapshotKeys))
  const left = [...(snapshots?.known.keys() ?? [])].filter((key) => !wanted.has(key))
  return left.length === 0 ? [] : [`unused snapshots: ${left.join(', ')}; --update-snapshots removes them`]
}

function caseContext(input: RunInput, caller: CaseContext['caller']): CaseContext {
  const { suite, redactor, writesAllowed, ledger, receipts } = input
  return {
    suite,
    caller,
    redactor,
    variables: new Map([...input.variables, ['run.id', input.runId]]),
    checkOutput: outputChecker(),
    writesAllowed,
    ...(input.snapshots ? { snapshots: input.snapshots } : {}),
    ...(ledger ? { ledger } : {}),
    ...(receipts ? { receipts } : {}),
    ...(input.signal ? { signal: input.signal } : {}),
  }
}

/** Skipped when only named cases run, since those say nothing about the data. */
async function checkData(input: RunInput, context: CaseContext, gathered: Gathered): Promise<void> {
  if (input.only) return
  const { suite, ledger, readFile, declaration } = input
  const shared = { caller: context.caller, timeout: suite.defaults.timeout, variables: context.variables }
  const sources = { ...shared, ...(ledger ? { ledger } : {}), ...(readFile ? { readFile } : {}) }
  for (const entry of suite.reconcile) gathered.data.push(await reconcile(entry, sources))
  for (const entry of suite.mirror) gathered.data.push(await checkMirror(entry, ledger, declaration))
  for (const entry of suite.sanitized) gathered.data.push(await checkSanitized(entry, ledger))
  for (const entry of suite.isolated)
    gathered.data.push(
      await checkIsolated(entry, { own: ledger, as: input.ledgersAs, variables: context.variables }),
    )
  if (!input.runbooks) return
  const { drillAll } = await import('./runbook/drill.ts')
  const { variables, ...steps } = { ...context, timeout: suite.defaults.timeout }
  gathered.data.push(...(await drillAll(input.runbooks, variables, steps)))
}
