import type { RegressionSettings } from '../decision/regression-settings.ts'
import { type Baseline, readBaseline } from '../regression/contract-check.ts'
import { type Declaration, declarationSchema } from '../regression/staging-data.ts'
import { compareSuites, type SuiteChanges } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { formatProblem } from '../yaml/yaml-file.ts'
import { requireInput } from './input-file.ts'
import { suiteInput } from './suite-input.ts'

/** The files that the options of `regress` and `contract` name. An unusable file throws: where, what, and how to fix it. */

/** A list of tools; `where` is the option or the argument that names it. */
export function baselineOf(where: string, file: string): Baseline {
  const text = requireInput(where, file, 'a list of tools, as `contract record` writes it')
  const baseline = readBaseline(text)
  if (baseline) return baseline
  throw new Error(`${where}: ${file} is not a list of tools; write one with \`contract record\`.`)
}

const declarationExample = '{"tables":{"diners":{"rows":12000,"newest":"2026-11-20T00:00:00Z"}}}'

/** What staging mirrors. */
export function declarationOf(file: string): Declaration {
  const text = requireInput('--declared', file, 'JSON of what staging mirrors')
  const refuse = (what: string) =>
    new Error(`--declared: ${file}${what}; write it like ${declarationExample}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse(` is not JSON (${error instanceof Error ? error.message : error})`)
  }
  const parsed = declarationSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw refuse(`: \`${issue?.path.join('.')}\` is wrong (${issue?.message})`)
}

/**
 * The settings of `staging_regression` in a policy file. Loaded only here, because the calendar of a policy is slow to load.
 */
export async function settingsOf(file: string): Promise<RegressionSettings> {
  const { parsePolicy } = await import('../policy/policy-file.ts')
  const read = parsePolicy(requireInput('--policy', file, 'a policy, like .github/release-gate.yml'), file)
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'))
  const settings = read.policy.gates.staging_regression
  if (settings) return settings
  throw new Error(
    `--policy: ${file} does not name the gate staging_regression; add it under \`gates\`, or omit --policy.`,
  )
}

/** What the suite of the head removes from that of its base. */
export function changesOf(named: readonly string[] | undefined, head: Suite): SuiteChanges | undefined {
  if (named === undefined) return undefined
  const base = suiteInput('--base-suite', named)
  if (!base.ok) throw new Error(base.problems.map(formatProblem).join('\n'))
  return compareSuites(base.value.suite, head)
}
