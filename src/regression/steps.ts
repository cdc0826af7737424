import type { Expectation } from './expectation-schema.ts'
import type { Step, SuiteCase } from './suite-schema.ts'
import type { Variables } from './variables.ts'

/** One call of a case, with `repeat_previous` expanded. */
export type Planned = {
  tool: string
  args: Record<string, unknown>
  expect: Expectation
  capture: NonNullable<Step['capture']>
  timeout?: number
  /** Identifies the step within the suite. */
  key: string
  /** The case declares that it only reads. */
  reads: boolean
}

/** The calls of a case in order. */
export function plannedCalls(entry: SuiteCase): Planned[] {
  const planned: Planned[] = []
  for (const step of entry.steps ?? [{ ...entry }]) {
    const previous = planned.at(-1)
    const key = entry.steps ? `${entry.name}, step ${planned.length + 1}` : entry.name
    const repeated = 'repeat_previous' in step && step.repeat_previous && previous
    if (repeated)
      planned.push({
        ...previous,
        key,
        expect: step.expect ?? previous.expect,
        capture: step.capture ?? {},
      })
    else planned.push({ ...written(step), key, reads: entry.reads })
  }
  return planned
}

function written(
  step: Pick<Step, 'tool' | 'args' | 'expect' | 'capture' | 'timeout'>,
): Omit<Planned, 'key' | 'reads'> {
  const { tool = '', args = {}, expect = {}, capture = {}, timeout } = step
  return { tool, args, expect, capture, ...(timeout === undefined ? {} : { timeout }) }
}

/** The names that a case reads but that are not set by the operator, the run or an earlier capture. */
export function unsetNames(entry: SuiteCase, variables: Variables): string[] {
  const known = new Set(variables.keys())
  const missing: string[] = []
  const look = (value: unknown) => missing.push(...namesIn(value).filter((name) => !known.has(name)))
  for (const step of plannedCalls(entry)) {
    look(step)
    for (const name of Object.keys(step.capture)) known.add(name)
  }
  look([entry.verify, entry.cleanup])
  return [...new Set(missing)]
}

/** Every name used as `${…}` anywhere within a value. */
export function namesIn(value: unknown): string[] {
  return [...(JSON.stringify(value) ?? '').matchAll(/\$\{([^}]{0,100})\}/g)].map(([, name = '']) =>
    name.trim(),
  )
}
