import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { runbookProblem } from '../decision/gates/runbooks.ts'
import { type RunbookSettings, runbookSettings } from '../decision/runbook-settings.ts'
import { readRunbooks } from '../regression/runbook/drill.ts'
import { sectionsOf } from '../regression/runbook/sections.ts'
import { type FileProblem, formatProblem } from '../yaml/yaml-file.ts'
import { requireInput } from './input-file.ts'
import { type RunbookText, runbookTexts } from './runbook-files.ts'

/** `runbook check`: every problem with its line. 0 none, 1 some. */
export async function checkRunbooks(
  folder: string | undefined,
  { policy, json = false }: { policy?: string; json?: boolean },
): Promise<void> {
  const settings = await settingsOf(policy)
  const texts = runbookTexts('runbook check', folder ?? settings.folder)
  const { runbooks, problems } = readRunbooks(texts)
  const found = [...texts.flatMap((one) => headingProblems(one, settings)), ...problems]
  if (json) process.stdout.write(`${JSON.stringify({ files: texts.length, problems: found })}\n`)
  else if (found.length > 0) process.stderr.write(`${found.map(formatProblem).join('\n')}\n`)
  else process.stdout.write(`${texts.length} runbooks checked, ${runbooks.length} with steps to run.\n`)
  process.exitCode = found.length > 0 ? 1 : 0
}

function headingProblems({ file, text }: RunbookText, { headings }: RunbookSettings): FileProblem[] {
  const sections = sectionsOf(text)
  // Reported with the blocks, which cannot be read either.
  if (!sections) return []
  const name = posix.basename(file.replaceAll('\\', '/'))
  const problem = runbookProblem({ file: name, runbook: { state: 'read', sections } }, headings)
  return problem === undefined ? [] : [{ file, line: 1, column: 1, message: problem }]
}

const usualPolicy = '.github/release-gate.yml'

/** The headings of the policy that is named, or of the one here; the defaults without either. */
async function settingsOf(policy: string | undefined): Promise<RunbookSettings> {
  const file = policy ?? (existsSync(usualPolicy) ? usualPolicy : undefined)
  if (file === undefined) return runbookSettings.parse({})
  const { parsePolicy } = await import('../policy/policy-file.ts')
  const read = parsePolicy(requireInput('--policy', file, 'a policy, like .github/release-gate.yml'), file)
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'))
  return read.policy.gates.runbooks ?? runbookSettings.parse({})
}
