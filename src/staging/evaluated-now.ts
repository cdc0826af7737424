import { LRUCache } from 'lru-cache'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { Evidence } from '../decision/snapshot.ts'
import { withGate } from '../regression/adjust-report.ts'
import { type Baseline, storedList, versionsOf } from '../regression/contract-check.ts'
import { contractGate } from '../regression/contract-gate.ts'
import {
  drillOf,
  isMeasured,
  lacksCalls,
  reachedLimits,
  settingsOfRun,
  underSettings,
} from '../regression/evaluate-again.ts'
import { type GateResult, type RunReport, runReportSchema } from '../regression/report-schema.ts'
import type { Suite } from '../regression/suite-schema.ts'
import type { ListedTool } from '../services/mcp.ts'
import type { StoredBaseline, StoredEvidence } from '../store/evidence.ts'
import { keptSuite } from './suites.ts'

/** `drill`: the folder of the runbooks that each run must have run, where the policy demands them. */
export type Demanded = RegressionSettings & { drill?: string | undefined }

type Standards = {
  settings: Demanded
  /** The list of tools of the newest release. */
  baseline: StoredBaseline | undefined
  at: Date
}
type Found = Partial<Pick<Evidence, 'verdict' | 'summary' | 'lacking' | 'waivedUntil'>>

/**
 * What a run found, by the standards of a time: from its report under other settings of the policy than it was evaluated by, and from
 * the list of tools that it stored against a newer release, or without a waiver that has expired. Where these do not say, it is lacking;
 * but what failed stays failed, since an older run that passed would count in its place.
 */
export async function evaluatedNow(run: StoredEvidence, standards: Standards): Promise<Found> {
  const evaluated = await byStandards(run, standards)
  const { drill } = standards.settings
  const isDrilled = drill === undefined || drillOf(run.settings) === drill
  const passed = (evaluated.verdict ?? run.verdict) === 'passed'
  const { lacking, ...found } =
    isDrilled || !passed ? evaluated : { lacking: 'its runbooks were not drilled', ...evaluated }
  if (lacking === undefined || found.verdict === 'failed') return found
  if (run.verdict !== 'failed') return { ...found, lacking }
  return found.waivedUntil === undefined ? {} : { waivedUntil: found.waivedUntil }
}

async function byStandards(run: StoredEvidence, standards: Standards): Promise<Found> {
  const waivedUntil = standards.baseline && (await endOfWaivers(run))
  // Neither its waivers nor what it makes of another release are known.
  if (waivedUntil === 'unread') return { lacking: 'its suite cannot be read' }
  return byReport(run, standards, waivedUntil)
}

async function byReport(
  run: StoredEvidence,
  { settings, baseline, at }: Standards,
  waivedUntil: Date | undefined,
): Promise<Found> {
  const kept: Found = waivedUntil ? { waivedUntil: waivedUntil.toISOString() } : {}
  const underOthers = run.settings !== settingsOfRun(settings, drillOf(run.settings))
  const otherContract =
    baseline !== undefined &&
    run.recorded !== null &&
    run.suiteText !== null &&
    (baseline.id !== run.baselineId || (waivedUntil !== undefined && waivedUntil <= at))
  if (!underOthers && !otherContract) return kept
  const read = runReportSchema.safeParse(JSON.parse(run.report))
  if (!read.success) return { ...kept, lacking: 'its report cannot be read' }
  const suite = run.suiteText === null ? undefined : await keptSuite(run.suiteText, run.suite)
  const recorded = run.recorded === null ? undefined : storedList(run.recorded)
  const own = underOthers ? reportUnder(settings, read.data, suite, recorded) : read.data
  if (!own) return { ...kept, lacking: 'its suite or its tools cannot be read' }
  const isCompared = otherContract && suite && recorded
  const report = isCompared ? withGate(own, contractNow(suite, recorded, { baseline, at })) : own
  const { verdict, summary } = report
  return { ...kept, verdict, summary, ...(lacksMore(report, underOthers) && { lacking: summary }) }
}

/** The report under other settings; undefined where what the run stored does not tell. */
function reportUnder(
  settings: RegressionSettings,
  report: RunReport,
  suite: Suite | undefined,
  recorded: Baseline | undefined,
): RunReport | undefined {
  if (!reachedLimits(report)) return report
  const tools = recorded?.tools as ListedTool[] | undefined
  if (!suite || !tools || !isMeasured(report, suite, tools)) return undefined
  return underSettings(report, suite, tools, settings)
}

/** By its own limits, a run with too few calls stays inconclusive: another one would have no more. */
function lacksMore(report: RunReport, underOthers: boolean): boolean {
  return underOthers && reachedLimits(report) && lacksCalls(report)
}

function contractNow(
  suite: Suite,
  recorded: Baseline,
  { baseline, at }: { baseline: StoredBaseline; at: Date },
): GateResult {
  const { gate } = contractGate(
    { suite, baseline: storedList(baseline.recorded) },
    {
      pinned: recorded.pinned as Parameters<typeof contractGate>[1]['pinned'],
      capabilities: recorded.capabilities,
    },
    { tools: recorded.tools, notes: [] } as Parameters<typeof contractGate>[2],
    { now: at, spoken: versionsOf(recorded), asked: recorded.asked },
  )
  return gate
}

/** The last day of the first waiver to expire, of runs that were read before. */
const lastDays = new LRUCache<string, { day: string | undefined } | 'unread'>({ max: 2_000 })

/** When the first waiver of a run's suite expires: with the end of its last day, in UTC. */
async function endOfWaivers({
  runId,
  suiteText,
  suite,
}: StoredEvidence): Promise<Date | 'unread' | undefined> {
  if (suiteText === null) return undefined
  const known = lastDays.get(runId) ?? lastDayOf(await keptSuite(suiteText, suite))
  lastDays.set(runId, known)
  if (known === 'unread') return known
  const start = Date.parse(`${known.day}T00:00:00Z`)
  return Number.isNaN(start) ? undefined : new Date(start + 24 * 60 * 60_000)
}

function lastDayOf(suite: Suite | undefined): { day: string | undefined } | 'unread' {
  return suite ? { day: suite.contract.waivers.map(({ expires }) => expires).sort()[0] } : 'unread'
}
