import type { RunInput } from './run-input.ts'
import { namesIn, unsetNames } from './steps.ts'
import type { SuiteCase } from './suite-schema.ts'

/** Problems that prevent a suite from running, each with its fix. */
export function problemsOf(input: Pick<RunInput, 'suite' | 'variables' | 'runId' | 'only'>): string[] {
  return [...unsetProblems(input), ...nameProblems(input)]
}

type Reading = Pick<RunInput, 'suite' | 'variables' | 'runId'>
type Unset = { where: string; variable: string }

function unsetProblems({ suite, variables, runId }: Reading): string[] {
  const known = new Map([...variables, ['run.id', runId]])
  const unset: Unset[] = [
    ...suite.cases.flatMap((entry) =>
      unsetNames(entry, known).map((variable) => ({ where: `case "${entry.name}"`, variable })),
    ),
    ...suite.reconcile.flatMap(({ name, args, value, equals }) =>
      unsetIn([args, value, equals], known, `reconcile "${name}"`),
    ),
    ...suite.isolated.flatMap(({ table, as, where }) =>
      unsetIn(where, known, `isolated "${table} as ${as}"`),
    ),
  ]
  const told = unset.map(({ where, variable }) => `${where} reads \${${variable}}, which is not set`)
  return [...told, ...waysToSet([...new Set(unset.map(({ variable }) => variable))])]
}

function unsetIn(value: unknown, known: ReadonlyMap<string, string>, where: string): Unset[] {
  const missing = [...new Set(namesIn(value))].filter((variable) => !known.has(variable))
  return missing.map((variable) => ({ where, variable }))
}

/** Only variables named SUITE_… can be set: a suite comes from a pull request and must not read anything else. */
function waysToSet(names: string[]): string[] {
  const settable = names.filter((name) => name.startsWith('SUITE_'))
  const set = `set ${settable.join(', ')} in the environment (for the bot, with the prefix SERVER_<NAME>_)`
  const readable = 'a suite can read only run.id, captures of the same case and variables named SUITE_…'
  return [...(settable.length > 0 ? [set] : []), ...(settable.length < names.length ? [readable] : [])]
}

const namesShown = 10

function nameProblems({ suite, only = [] }: Pick<RunInput, 'suite' | 'only'>): string[] {
  const names = suite.cases.map(({ name }: SuiteCase) => name)
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length === 0) return []
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : ''
  const shown = names.slice(0, namesShown).map((name) => `"${name}"`)
  return [...unknown.map((name) => `no case is named "${name}"`), `the suite has ${shown.join(', ')}${more}`]
}
