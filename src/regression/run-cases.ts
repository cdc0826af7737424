import type { Caller } from './calls.ts'
import type { CaseContext } from './case-context.ts'
import { runCase, toolsOf } from './case-run.ts'
import { expectedStatuses } from './expectation.ts'
import type { Limits } from './limits.ts'
import { casesToRun, isRepeatable, measuredTools } from './repeatable.ts'
import type { CaseResult } from './report-schema.ts'
import { plannedCalls } from './steps.ts'
import type { Suite, SuiteCase } from './suite-schema.ts'
import { isError, latencies } from './tool-rows.ts'
import { fillVariables } from './variables.ts'

/** Progress of a run: cases done of all, then the repeats for the samples. */
export type Progress = { phase: 'cases' | 'samples'; done: number; total: number; name: string }

export type PassInput = {
  suite: Suite
  limits: Limits
  only?: string[]
  onProgress?: (progress: Progress) => void
}

/** One context per concurrent call. Only the first one runs cases that may write. */
export type Contexts = readonly [CaseContext, ...CaseContext[]]

/**
 * Warms up, runs every case once, and then repeats the passing read-only cases until there are enough samples. With one context
 * the cases run in order, one call at a time; with several, the read-only cases come first and share them. Results are added to
 * `results` as they arrive, so that a failed run keeps them.
 */
export async function runCases(input: PassInput, contexts: Contexts, results: CaseResult[]): Promise<void> {
  const [main] = contexts
  const cases = casesToRun(input)
  await warmUp(cases, main)
  const run = async (entry: SuiteCase, context: CaseContext) => {
    input.onProgress?.({ phase: 'cases', done: results.length, total: cases.length, name: entry.name })
    results.push(await runCase(entry, context))
  }
  const shared = contexts.length > 1 ? cases.filter((entry) => isRepeatable(entry, main.caller.tools)) : []
  try {
    await inParallel(contexts, shared, run)
    for (const entry of cases) if (!shared.includes(entry)) await run(entry, main)
  } finally {
    const places = new Map(cases.map(({ name }, index) => [name, index]))
    results.sort((one, other) => (places.get(one.name) ?? 0) - (places.get(other.name) ?? 0))
  }
  input.onProgress?.({ phase: 'cases', done: cases.length, total: cases.length, name: '' })
  await fillSamples(input, cases, contexts, results)
}

/** Each context takes the next item when it is done with one. After a failure, none starts another. */
async function inParallel<Item>(
  contexts: Contexts,
  items: readonly Item[],
  work: (item: Item, context: CaseContext) => Promise<void>,
): Promise<void> {
  const waiting = [...items]
  const drain = async (context: CaseContext) => {
    try {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item, context)
    } catch (error) {
      waiting.length = 0
      throw error
    }
  }
  const ended = await Promise.allSettled(contexts.map(drain))
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
}

/** One uncounted call per read-only tool, since the first one often pays for caches and connections. */
async function warmUp(cases: SuiteCase[], context: CaseContext): Promise<void> {
  const warm = new Set<string>()
  for (const entry of cases) {
    const [first] = plannedCalls(entry)
    if (!first || warm.has(first.tool) || !isRepeatable(entry, context.caller.tools)) continue
    const filled = fillVariables(first.args, context.variables)
    if (!filled.ok) continue
    warm.add(first.tool)
    const { timeout } = context.suite.defaults
    await context.caller.quietly({ tool: first.tool, args: filled.value, timeout, expected: ['ok'] })
  }
}

type Candidate = { entry: SuiteCase; result: CaseResult }

async function fillSamples(
  input: PassInput,
  cases: SuiteCase[],
  contexts: Contexts,
  results: CaseResult[],
): Promise<void> {
  const [{ caller }] = contexts
  const candidates = cases
    .map((entry, index) => ({ entry, result: results[index] }))
    .filter(
      (one): one is Candidate => one.result?.verdict === 'passed' && isRepeatable(one.entry, caller.tools),
    )
  await inParallel(contexts, candidates, async (candidate, context) => {
    while (candidate.result.runs < (candidate.entry.repeat ?? 1)) await repeat(candidate, context)
  })
  const rotation = preferAnswers(candidates)
  // Found once: for a thousand cases, planning all of them before each repeat would take longer than the calls.
  const measured = measuredTools(cases, caller.tools)
  const repeated = new Set(rotation.flatMap(({ entry }) => toolsOf(entry)))
  const missing = () => missingSamples(input.limits, caller, measured, repeated)
  let idle = 0
  while (rotation.length > 0 && idle < IDLE_ROUNDS) {
    const before = missing().calls
    if (!(await fillRound(input, rotation, contexts, missing))) return
    idle = missing().calls < before ? 0 : idle + 1
  }
}

/** How many rounds in a row may add no sample that is still needed. Expected errors do not count for a tool that also answers. */
const IDLE_ROUNDS = 10

/** Runs each case once more whose tool still needs samples; false if none does. */
async function fillRound(
  { limits, onProgress }: PassInput,
  rotation: Candidate[],
  contexts: Contexts,
  missing: () => Missing,
): Promise<boolean> {
  let ran = false
  await inParallel(contexts, rotation, async (candidate, context) => {
    const { total, tools } = missing()
    if (total <= 0 && !toolsOf(candidate.entry).some((tool) => tools.has(tool))) return
    ran = true
    const done = context.caller.records.length
    onProgress?.({ phase: 'samples', done, total: Math.max(limits.total, done), name: candidate.entry.name })
    await repeat(candidate, context)
  })
  return ran
}

/** Only good answers count for a tool; its expected errors are repeated only if it has nothing else. */
function preferAnswers(candidates: Candidate[]): Candidate[] {
  const answers = candidates.filter(({ entry }) =>
    plannedCalls(entry).some(({ expect }) => expectedStatuses(expect).includes('ok')),
  )
  const answered = new Set(answers.flatMap(({ entry }) => toolsOf(entry)))
  const rest = candidates.filter(
    (one) => !answers.includes(one) && !toolsOf(one.entry).every((tool) => answered.has(tool)),
  )
  return [...answers, ...rest]
}

/** `calls`: how many samples all minimums together still need. */
type Missing = { total: number; tools: Set<string>; calls: number }

/** `measured`: the tools whose samples count toward the total. `repeated`: those of the cases that can be run again. */
function missingSamples(
  limits: Limits,
  { records }: Caller,
  measured: ReadonlySet<string>,
  repeated: ReadonlySet<string>,
): Missing {
  const byTool = Map.groupBy(records, ({ tool }) => tool)
  const samples = (tool: string) => latencies(byTool.get(tool) ?? []).length
  const total = limits.total - [...measured].reduce((sum, tool) => sum + samples(tool), 0)
  const tools = [...repeated].filter((tool) => samples(tool) < limits.perTool)
  const calls = tools.reduce((sum, tool) => sum + limits.perTool - samples(tool), Math.max(total, 0))
  return { total, tools: new Set(tools), calls }
}

/**
 * Measures a passing case once more. An error counts toward the error rate, which may allow some. A wrong answer always fails
 * the case, however rare.
 */
async function repeat({ entry, result }: Candidate, context: CaseContext): Promise<void> {
  const { own } = context.caller
  const before = own.length
  const again = await runCase(entry, context)
  result.runs += 1
  result.flaky ||= again.flaky
  result.attempts = Math.max(result.attempts, again.attempts)
  const last = own.slice(before).at(-1)
  const isCounted = last !== undefined && isError(last)
  if (again.verdict !== 'failed' || isCounted || result.verdict === 'failed') return
  result.verdict = 'failed'
  result.mismatches = again.mismatches
  result.notes.push(`passed at first, failed in run ${result.runs}`)
}
