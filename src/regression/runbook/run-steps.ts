import type { Ledger } from '../../services/ledger.ts'
import { type ListedTool, type Outcome, textOf } from '../../services/mcp.ts'
import type { Receipts } from '../../services/receipts.ts'
import type { Call, Caller } from '../calls.ts'
import { captureFrom } from '../capture.ts'
import type { CaseContext } from '../case-context.ts'
import { cut } from '../cut.ts'
import { bodyOf, expectedStatuses, mismatches } from '../expectation.ts'
import { mayWrite } from '../read-only-tools.ts'
import { reconcile } from '../reconcile.ts'
import type { Redactor } from '../redaction.ts'
import type { RunVerdict } from '../report-schema.ts'
import { fillStep } from '../variables.ts'
import { type Verified, verifyLedger, verifyReceipt } from '../verification.ts'
import type { RunnableRunbook } from './runbook-file.ts'
import type { RunbookStep } from './runbook-schema.ts'

/** What one step found: lines of evidence, redacted. */
export type StepResult = { name: string; verdict: RunVerdict | 'skipped'; ms: number; seen: string[] }

export type StepContext = {
  caller: Pick<Caller, 'tools' | 'quietly' | 'session' | 'records' | 'own'>
  redactor: Redactor
  checkOutput: CaseContext['checkOutput']
  /** For each call, in milliseconds. */
  timeout: number
  ledger?: Ledger
  receipts?: Receipts
  readFile?: (path: string) => Promise<string | undefined>
  signal?: AbortSignal
}

type Found = Pick<StepResult, 'verdict' | 'seen'>
type Values = Map<string, string>

/**
 * Runs the steps in order, all of them: in an incident each answer counts. A step whose variable no earlier one captured is
 * inconclusive. Rejects only with `RunStopped`.
 */
export async function runSteps(
  { steps }: Pick<RunnableRunbook, 'steps'>,
  given: ReadonlyMap<string, string>,
  context: StepContext,
  { drill = false }: { drill?: boolean } = {},
): Promise<StepResult[]> {
  const values = new Map(given)
  const results: StepResult[] = []
  for (const step of steps) {
    const began = performance.now()
    const { verdict, seen } =
      drill && step.skip_drill !== undefined
        ? { verdict: 'skipped' as const, seen: [`not part of a drill: ${step.skip_drill}`] }
        : await runStep(step, values, context)
    const lines = seen.map((line) => cut(context.redactor.text(line), longest))
    results.push({ name: step.name, verdict, ms: Math.round(performance.now() - began), seen: lines })
  }
  return results
}

/** Of one line of evidence. Answers can contain anything. */
const longest = 2_000

/** No step that ran: nothing is known. */
export function verdictOfSteps(results: readonly StepResult[]): RunVerdict {
  const verdicts = results.map(({ verdict }) => verdict)
  if (verdicts.includes('failed')) return 'failed'
  return verdicts.includes('inconclusive') || !verdicts.includes('passed') ? 'inconclusive' : 'passed'
}

async function runStep(written: RunbookStep, values: Values, context: StepContext): Promise<Found> {
  const filled = fillStep(written, values)
  if (!filled.ok) return inconclusive(`not run: ${filled.missing.join(', ')} is not set`)
  const step = filled.value
  if (step.tool !== undefined) return callTool({ ...step, tool: step.tool }, values, context)
  if (step.ledger) return lookInLedger(step.ledger, context)
  if (step.receipt) return verified(await verifyReceipt(context.receipts, step.receipt, context.signal))
  return step.reconcile ? reconciled(step.name, step.reconcile, context) : inconclusive('nothing to do')
}

function inconclusive(...seen: string[]): Found {
  return { verdict: 'inconclusive', seen }
}

async function callTool(
  step: RunbookStep & { tool: string },
  values: Values,
  context: StepContext,
): Promise<Found> {
  const refusal = refusalOf(step.tool, context.caller.tools)
  if (refusal !== undefined) return { verdict: 'failed', seen: [refusal] }
  const { args = {}, expect = {}, capture = {}, timeout = context.timeout } = step
  const call: Call = { tool: step.tool, args, timeout, expected: expectedStatuses(expect) }
  const outcome = await context.caller.quietly(call)
  if (outcome.kind === 'transport_error') return inconclusive(`no answer: ${outcome.message}`)
  const { text, body } = answerOf(outcome)
  const found = mismatches(outcome, expect, text)
  if (outcome.kind === 'ok') {
    found.push(...context.checkOutput(context.caller.tools.get(step.tool), outcome.result))
    found.push(...captureFrom(outcome.result, capture, values, context.redactor))
  }
  const shown = `answer: ${JSON.stringify(context.redactor.value(body ?? text))}`
  return { verdict: found.length > 0 ? 'failed' : 'passed', seen: [shown, ...found.map(inWords)] }
}

/** A runbook is run in a hurry, against production too: whatever might write is never called. */
function refusalOf(name: string, tools: ReadonlyMap<string, ListedTool>): string | undefined {
  const tool = tools.get(name)
  if (!tool) return `the server does not list ${name}`
  if (!mayWrite(tool)) return undefined
  return `not called: ${name} does not declare readOnlyHint, and runbooks call only tools that read`
}

function answerOf(outcome: Outcome): { text: string; body: unknown } {
  if ('result' in outcome) return { text: textOf(outcome.result), body: bodyOf(outcome.result) }
  return { text: 'message' in outcome ? outcome.message : '', body: undefined }
}

function inWords({ where, expected, actual }: { where: string; expected: string; actual: string }): string {
  return `${where}: expected ${expected}, found ${actual}`
}

async function lookInLedger(
  { show, ...check }: NonNullable<RunbookStep['ledger']>,
  { ledger, redactor, signal }: StepContext,
): Promise<Found> {
  const found = verified(await verifyLedger(ledger, check, signal))
  if (!show || !ledger || found.verdict === 'inconclusive') return found
  const rows = await ledger.rows(check.table, show, check.where, rowsShown)
  if (!rows.ok) return inconclusive(...found.seen, rows.message)
  return { ...found, seen: [...found.seen, ...rows.value.map((row) => JSON.stringify(redactor.value(row)))] }
}

const rowsShown = 5

function verified(result: Verified): Found {
  if (result.verdict === 'inconclusive') return inconclusive(result.message)
  if (result.verdict === 'passed') return { verdict: 'passed', seen: [result.seen] }
  return { verdict: 'failed', seen: [result.seen, ...result.mismatches.map(inWords)] }
}

async function reconciled(
  name: string,
  entry: NonNullable<RunbookStep['reconcile']>,
  context: StepContext,
): Promise<Found> {
  const { caller, timeout, ledger, readFile } = context
  // Not measured: a runbook is not a sample of latency.
  const call: Caller['call'] = async (asked) => ({
    outcome: await caller.quietly(asked),
    ...{ ms: 0, attempts: 1, unanswered: false },
  })
  const sources = { ...(ledger ? { ledger } : {}), ...(readFile ? { readFile } : {}) }
  const { verdict, message } = await reconcile(
    { ...entry, name },
    { caller: { ...caller, call }, timeout, variables: new Map(), ...sources },
  )
  return { verdict, seen: [message] }
}
