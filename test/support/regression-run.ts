import { suiteLimits } from '../../src/regression/limits.ts'
import { createRedactor } from '../../src/regression/redaction.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { type RunOutput, runRegression } from '../../src/regression/run.ts'
import type { RunInput } from '../../src/regression/run-input.ts'
import { readSuite } from '../../src/regression/suite-file.ts'
import type { Suite } from '../../src/regression/suite-schema.ts'
import type { Ledger, LedgerAnswer, LedgerRow } from '../../src/services/ledger.ts'
import { openStaging, type StagingTarget } from '../../src/services/mcp.ts'
import { formatProblem } from '../../src/yaml/yaml-file.ts'
import { type Script, type Scripted, startScripted } from './mcp-server.ts'

/** A suite that must be valid; floors of one sample unless it says otherwise. */
export function aSuite(cases: string, more = 'gates: { samples: { per_tool: 1, total: 1 } }'): Suite {
  const result = readSuite(`version: 1\n${more}\ncases:\n${cases}`, 'suite.yml')
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.value
}

export const readCase = '  - { name: it reads, tool: read }'

export function anInput(
  target: StagingTarget | string,
  suite: Suite,
  more: Partial<RunInput> = {},
): RunInput {
  const given: StagingTarget = typeof target === 'string' ? { kind: 'http', url: target } : target
  const { timeout, max_total: maxTotal, max_bytes: maxBytes, elicitation } = suite.defaults
  return {
    suite,
    runId: 'run-1',
    limits: suiteLimits(suite.gates),
    open: (signal) =>
      openStaging(given, { timeout, maxTotal, maxBytes, elicitation, ...(signal ? { signal } : {}) }),
    redactor: createRedactor(),
    variables: new Map(),
    writesAllowed: true,
    ...more,
  }
}

export type Ran = RunOutput & { server: Scripted; calls: () => string[] }

/** Runs a suite against a server written by hand, and closes it. */
export async function runAgainst(script: Script, suite: Suite, more: Partial<RunInput> = {}): Promise<Ran> {
  const server = await startScripted(script)
  try {
    const output = await runRegression(anInput(server.url, suite, more))
    const calls = () =>
      server.received
        .filter(({ method }) => method === 'tools/call')
        .map(({ params }) => String(params?.name))
    return { ...output, server, calls }
  } finally {
    await server.close()
  }
}

/** The verdict of one gate, or undefined where the report does not have it. */
export function gateOf(report: RunReport, name: string): string | undefined {
  return report.gates.find(({ gate }) => gate === name)?.verdict
}

/** A ledger of rows in memory, or one that answers with a fault. */
export function aLedger(rows: LedgerRow[] | LedgerAnswer<never>): Ledger & { asked: number } {
  const ledger = {
    asked: 0,
    rows: async (_table: string, _columns: string[], where: Record<string, unknown>) => {
      ledger.asked += 1
      if (!Array.isArray(rows)) return rows
      const matching = rows.filter((row) =>
        Object.entries(where).every(([column, value]) => row[column] === value),
      )
      return { ok: true as const, value: matching }
    },
    count: async () => (Array.isArray(rows) ? { ok: true as const, value: rows.length } : rows),
    newest: async (_table: string, column: string) =>
      Array.isArray(rows)
        ? {
            ok: true as const,
            value:
              rows
                .map((row) => row[column] ?? '')
                .sort()
                .at(-1) ?? null,
          }
        : rows,
  }
  return ledger
}
