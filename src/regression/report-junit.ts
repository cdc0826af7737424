import type { Builder } from 'junit-report-builder'
import type { CaseResult, RunReport } from './report-schema.ts'

/** The report as JUnit XML, which most CI systems display. Gates are a separate suite next to the cases. */
export async function reportJunit(report: RunReport): Promise<string> {
  const builder = await junitBuilder()
  const root = builder.newBuilder().name('staging regression')
  const cases = root
    .testSuite()
    .name('cases')
    .time(report.durationMs / 1000)
    .timestamp(report.startedAt)
  for (const entry of report.cases) addCase(cases.testCase(), entry)
  const gates = root.testSuite().name('gates').timestamp(report.startedAt)
  for (const { gate, verdict, message } of report.gates) {
    const line = gates.testCase().className('gate').name(gate)
    if (verdict === 'failed') line.failure(visible(message))
    if (verdict === 'inconclusive') line.error(visible(message), 'inconclusive')
  }
  return root.build()
}

/** The package is CommonJS with types written for ES modules. */
async function junitBuilder(): Promise<Builder> {
  const loaded: { default: unknown } = await import('junit-report-builder')
  return loaded.default as Builder
}

type JunitCase = ReturnType<Builder['testCase']>

function addCase(line: JunitCase, entry: CaseResult): void {
  line
    .className(visible(entry.tools.join(', ') || 'case'))
    .name(visible(entry.name))
    .time(entry.ms / 1000)
  const text = entry.mismatches.map(
    ({ where, expected, actual }) => `${where}: expected ${expected}, got ${actual}`,
  )
  if (entry.verdict === 'failed') line.failure(visible(text.join('\n') || 'failed'), entry.gate)
  if (entry.verdict === 'inconclusive')
    line.error(visible(entry.notes.join('\n') || 'not evaluated'), 'inconclusive')
  if (entry.verdict === 'skipped') line.skipped()
  if (entry.notes.length > 0) line.standardOutput(visible(entry.notes.join('\n')))
}

/** Characters that XML 1.0 does not allow, even escaped, and those that turn what stands around them, become replacement characters. */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]|[\u0080-\u009f]|\p{Bidi_Control}/gu,
      '\uFFFD',
    )
}
