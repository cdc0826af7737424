import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { beginningOf } from '../../decision/markdown.ts'
import type { StagingSession, StagingTarget } from '../../services/mcp.ts'
import { createCaller, isRunStopped, runStopped } from '../calls.ts'
import { sessionsOf, sourcesOf } from '../open-sessions.ts'
import type { Operator } from '../operator.ts'
import { outputChecker } from '../output-check.ts'
import { withReads } from '../read-only-tools.ts'
import type { Redactor } from '../redaction.ts'
import { verdictSchema } from '../report-schema.ts'
import { suiteSchema } from '../suite-schema.ts'
import { runSteps, type StepContext, verdictOfSteps } from './run-steps.ts'
import type { RunnableRunbook } from './runbook-file.ts'

const stepResult = z.strictObject({
  name: z.string().max(200),
  verdict: z.enum(['passed', 'failed', 'inconclusive', 'skipped']),
  ms: z.int().nonnegative(),
  seen: z.array(z.string().max(2_100)).max(200),
})

/** What a run of a runbook found, as it is recorded. Everything in it is redacted. */
export const evidenceSchema = z.strictObject({
  runId: z.string().max(100),
  runbook: z.string().max(100),
  file: z.string().max(500),
  /** SHA-256 of the file. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  server: z.strictObject({ name: z.string().max(200), version: z.string().max(200) }).nullable(),
  startedAt: z.iso.datetime(),
  drill: z.boolean(),
  variables: z.record(z.string().max(100), z.string().max(1_000)),
  verdict: verdictSchema,
  /** Why the run could not continue. */
  stopped: z.string().max(1_000).optional(),
  steps: z.array(stepResult).max(50),
})
export type Evidence = z.output<typeof evidenceSchema>

export type ServerInput = {
  target: StagingTarget
  operator: Operator
  redactor: Redactor
  /** Tools that the operator declares read-only. */
  reads: string[]
  signal: AbortSignal
}

type Values = { ok: true; value: ReadonlyMap<string, string> } | { ok: false; message: string }

/**
 * Runs a runbook against a server, with the values that `valuesOf` gives. Never rejects for the server's sake: whatever could
 * not be reached makes the evidence inconclusive.
 */
export async function runOnServer(
  runbook: RunnableRunbook,
  input: ServerInput,
  valuesOf: (sources: Pick<StepContext, 'ledger'>) => Promise<Values>,
  { drill, readFile }: { drill: boolean; readFile: NonNullable<StepContext['readFile']> },
): Promise<Evidence> {
  const { redactor } = input
  const evidence: Evidence = {
    runId: randomUUID(),
    ...{ runbook: runbook.name, file: runbook.file, hash: runbook.hash },
    ...{ server: null, startedAt: new Date().toISOString(), drill, variables: {} },
    ...{ verdict: 'inconclusive', steps: [] },
  }
  let session: StagingSession | undefined
  try {
    const sources = await sourcesOf(input.operator, input.signal)
    const values = await valuesOf(sources)
    if (!values.ok) throw runStopped(values.message)
    const own = Object.keys(runbook.variables).map((name) => [name, values.value.get(name) ?? ''])
    evidence.variables = redactor.value(Object.fromEntries(own)) as Evidence['variables']
    session = await connect(input)
    evidence.server = redactor.value(session.server) as Evidence['server']
    const context = { ...(await contextOf(session, input)), ...sources, readFile }
    const given = new Map([...values.value, ['run.id', evidence.runId]])
    evidence.steps = await runSteps(runbook, given, context, { drill })
    evidence.verdict = verdictOfSteps(evidence.steps)
  } catch (error) {
    const why = isRunStopped(error)
      ? error.message
      : input.signal.aborted
        ? 'the run was stopped'
        : String(error)
    evidence.stopped = beginningOf(redactor.text(why), 1_000)
  } finally {
    await session?.close()
  }
  return evidenceSchema.parse(evidence)
}

const { defaults } = suiteSchema.parse({ version: 1, cases: [{ name: 'any', tool: 'any' }] })

async function connect({ target, redactor, signal }: ServerInput): Promise<StagingSession> {
  const opened = await sessionsOf(target, { defaults }, redactor).open(signal)
  if (opened.ok) return opened.session
  throw runStopped(opened.fault.message)
}

async function contextOf(session: StagingSession, input: ServerInput): Promise<StepContext> {
  const { redactor, reads, signal } = input
  const listed = await session.listTools()
  if (!listed.ok)
    throw runStopped(
      `tools/list could not be read: ${'message' in listed.outcome ? listed.outcome.message : listed.outcome.kind}`,
    )
  const caller = createCaller({
    session,
    tools: withReads(listed.listing.tools, reads),
    reopen: async () => undefined,
    maxTotal: defaults.max_total,
    signal,
  })
  return { caller, redactor, checkOutput: outputChecker(), timeout: defaults.timeout, signal }
}
