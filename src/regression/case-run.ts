import { closestMatches } from '../decision/did-you-mean.ts'
import { type Outcome, type RawResult, textOf } from '../services/mcp.ts'
import { captureFrom } from './capture.ts'
import type { CaseContext } from './case-context.ts'
import { describeBlocks } from './content-check.ts'
import { cut } from './cut.ts'
import { bodyOf, expectedStatuses, mismatches } from './expectation.ts'
import type { Mismatch } from './mismatch.ts'
import { caseMayWrite, saysThatItWrites } from './read-only-tools.ts'
import type { Redactor } from './redaction.ts'
import type { CaseResult } from './report-schema.ts'
import { mask, snapshotMismatches } from './snapshots.ts'
import { type Planned, plannedCalls } from './steps.ts'
import type { SuiteCase } from './suite-schema.ts'
import { fillStep } from './variables.ts'
import { cleanUp, verify } from './verify-and-clean-up.ts'

/** Runs a case once. Rejects only with `RunStopped`. */
export async function runCase(entry: SuiteCase, context: CaseContext): Promise<CaseResult> {
  const result = emptyResult(entry)
  const refusal = refuse(entry, context)
  if (refusal) return { ...result, ...refusal }
  const variables = new Map(context.variables)
  const lost = await runSteps(entry, context, variables, result)
  if (entry.verify && (result.mismatches.length === 0 || lost))
    await verify(entry, context, variables, result, lost)
  if (entry.cleanup) await cleanUp(entry.cleanup, context, variables, result)
  return sealed(result, context.redactor)
}

function emptyResult(entry: SuiteCase): CaseResult {
  return {
    name: entry.name,
    tools: toolsOf(entry),
    verdict: 'passed',
    flaky: false,
    attempts: 1,
    runs: 1,
    ms: 0,
    mismatches: [],
    gate: 'answers',
    notes: [],
    ...(verifies(entry) ? { unverified: 'it failed before' } : {}),
  }
}

export function toolsOf(entry: SuiteCase): string[] {
  return [...new Set(plannedCalls(entry).map(({ tool }) => tool))]
}

/** Whether a case verifies anything in the ledger or on the chain. */
export function verifies({ verify }: SuiteCase): boolean {
  return verify?.ledger !== undefined || verify?.receipt !== undefined
}

function refuse(entry: SuiteCase, { caller, writesAllowed }: CaseContext): Partial<CaseResult> | undefined {
  const steps = plannedCalls(entry).filter(
    ({ tool, expect }) => caller.tools.has(tool) || !expectsUnknown(expect),
  )
  const names = [...steps, ...(entry.cleanup ?? [])].map(({ tool }) => tool)
  const unlisted = names.find((name) => !caller.tools.has(name))
  if (unlisted !== undefined) {
    return failed({ where: 'tool', expected: unlisted, actual: notListed(unlisted, caller.tools.keys()) })
  }
  const writing = names.find((name) => caseMayWrite(entry, caller.tools.get(name)))
  if (writing !== undefined && !entry.writes) {
    const says = saysThatItWrites(caller.tools.get(writing))
    return failed({
      where: 'writes',
      expected: says
        ? 'writes: true'
        : 'writes: true; or, if it only reads, the tool under `reads` of the suite',
      actual: `${writing} ${says ? `declares ${says}` : 'does not declare readOnlyHint'}`,
    })
  }
  if (!entry.writes || writesAllowed) return undefined
  const why = 'not run: this server is not marked as safe to write to'
  return { verdict: 'skipped', notes: [why], ...(verifies(entry) ? { unverified: why } : {}) }
}

/** Such a step may name a tool that the server does not list. */
function expectsUnknown(expect: Planned['expect']): boolean {
  return expectedStatuses(expect).every((status) => status === 'unknown_tool')
}

/** A misspelled name must not pass as a test of an error, so such a test uses `unknown_tool`. */
function notListed(name: string, listed: Iterable<string>): string {
  const near = closestMatches(name, listed)
  const hint = near.length > 0 ? `; the nearest: ${near.join(', ')}` : ''
  return `the server does not list this tool${hint}`
}

function failed(mismatch: Mismatch): Partial<CaseResult> {
  return { verdict: 'failed', mismatches: [mismatch] }
}

/** True when the reply to a write was lost. The ledger then shows whether it happened; it is never retried. */
async function runSteps(
  entry: SuiteCase,
  context: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
): Promise<boolean> {
  for (const [index, step] of plannedCalls(entry).entries()) {
    const label = entry.steps ? `step ${index + 1}: ` : ''
    const { outcome, found } = await runStep(step, context, variables, result)
    if (result.verdict === 'inconclusive') return true
    result.mismatches.push(...found.map((mismatch) => ({ ...mismatch, where: label + mismatch.where })))
    if (found.length === 0) continue
    return outcome?.kind === 'transport_error' && caseMayWrite(entry, context.caller.tools.get(step.tool))
  }
  return false
}

async function runStep(
  step: Planned,
  context: CaseContext,
  variables: Map<string, string>,
  result: CaseResult,
): Promise<{ outcome?: Outcome; found: Mismatch[] }> {
  const filled = fillStep({ args: step.args, expect: step.expect }, variables)
  if (!filled.ok) {
    const missing = filled.missing.join(', ')
    return { found: [{ where: 'variables', expected: `a value for ${missing}`, actual: 'not set' }] }
  }
  const { args, expect } = filled.value
  const timeout = step.timeout ?? context.suite.defaults.timeout
  const called = await context.caller.call({
    tool: step.tool,
    args,
    timeout,
    expected: expectedStatuses(expect),
    reads: step.reads,
  })
  const { outcome } = called
  if (called.unanswered) return unanswered(step, result)
  result.ms += called.ms
  result.attempts = Math.max(result.attempts, called.attempts)
  const text = 'result' in outcome ? textOf(outcome.result) : 'message' in outcome ? outcome.message : ''
  const found = mismatches(outcome, expect, text)
  if (expect.snapshot && found.length === 0 && 'result' in outcome) {
    found.push(...compareSnapshot(step.key, expect.snapshot, outcome.result, text, context))
  }
  if (outcome.kind === 'ok') {
    found.push(...context.checkOutput(context.caller.tools.get(step.tool), outcome.result))
    found.push(...captureFrom(outcome.result, step.capture, variables, context.redactor))
  }
  if (found.length === 0 && called.attempts > 1) result.flaky = true
  return { outcome, found }
}

/** The answer without secret or masked parts: its JSON, its text, or a description of its blocks. */
function compareSnapshot(
  key: string,
  wanted: NonNullable<Planned['expect']['snapshot']>,
  result: RawResult,
  text: string,
  { redactor, snapshots }: CaseContext,
): Mismatch[] {
  const answer = bodyOf(result) ?? (text === '' ? describeBlocks(result) : text)
  const shown = redactor.value(mask(answer, wanted === true ? [] : wanted.mask))
  return snapshotMismatches(snapshots, key, shown)
}

/** Whether it happened is unknown. That is not a server error, since a server may end a session at any time. */
function unanswered({ tool }: Planned, result: CaseResult): { found: Mismatch[] } {
  result.verdict = 'inconclusive'
  result.notes.push(
    `the server ended the session instead of answering ${tool}, which may write, so it is not called again`,
  )
  return { found: [] }
}

const LONGEST = 500

/** The last step before anything is stored: redacts, truncates and evaluates. */
function sealed(result: CaseResult, redactor: Redactor): CaseResult {
  const clean = (text: string) => cut(redactor.text(text), LONGEST)
  const verdict = result.mismatches.length > 0 ? 'failed' : result.verdict
  return {
    ...result,
    verdict,
    notes: result.notes.map(clean),
    ...(result.unverified === undefined ? {} : { unverified: clean(result.unverified) }),
    mismatches: result.mismatches.map(({ where, expected, actual }) => ({
      where: clean(where),
      expected: clean(expected),
      actual: clean(actual),
    })),
  }
}
