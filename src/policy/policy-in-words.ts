import { type GateName, gates } from '../decision/gates/index.ts'
import { type Lock, lockedBy } from '../decision/locked-by.ts'
import { list } from '../decision/markdown.ts'
import type { Override } from '../decision/override-settings.ts'
import type { Policy } from '../decision/policy.ts'
import { loosens } from '../decision/tightening.ts'
import { describeWeek } from './policy-file.ts'

/** A valid policy in words, for whoever writes it: the week, and what each override does and when. `locked`: by its organization. */
export function describePolicy(policy: Policy, now: Date, locked: Lock[] = lockedBy(policy)): string[] {
  const overrides = policy.overrides ?? []
  return [
    ...(policy.enforce === false ? ['Report only: nothing is blocked, since `enforce` is false.'] : []),
    ...lockedInWords(locked),
    ...describeWeek(policy.gates.release_window, now),
    ...overrides.flatMap((override) => describeOverride(policy, override, now)),
  ]
}

function lockedInWords(locked: Lock[]): string[] {
  return locked.length === 0
    ? []
    : [`The organization locks ${list(locked)}: a repository's own policy can't change them.`]
}

function describeOverride(policy: Policy, override: Override, now: Date): string[] {
  const isLoosening = loosens(policy, override)
  const window = override.gates.release_window
  return [
    `Override "${override.name}" ${isLoosening ? 'loosens' : 'only tightens'}. It applies if ${conditionsOf(override, isLoosening)}.`,
    ...changesOf(override.gates).map((line) => `  ${line}`),
    ...(window && window !== 'off' ? describeWeek(window, now).map((line) => `  ${line}`) : []),
  ]
}

function conditionsOf(
  { when: { paths, branches, authors, labels } }: Override,
  isLoosening: boolean,
): string {
  const every = isLoosening ? 'every' : 'any'
  return list([
    ...(paths ? [`${every} changed file matches ${patternsInWords(paths)}`] : []),
    ...(branches ? [`the base branch matches ${patternsInWords(branches)}`] : []),
    ...(authors ? [`${isLoosening ? 'everyone' : 'anyone'} who contributed is ${list(authors, 'or')}`] : []),
    ...(labels
      ? [
          `the label ${list(labels, 'or')} is set${isLoosening ? ' by a non-contributor with write access' : ''}`,
        ]
      : []),
  ])
}

/** Patterns count in their order, and `!` takes out what those before it matched: "release/*, but not release/legacy". */
function patternsInWords(patterns: string[]): string {
  const runs: { excludes: boolean; names: string[] }[] = []
  for (const pattern of patterns) {
    const excludes = pattern.startsWith('!')
    if (runs.at(-1)?.excludes !== excludes) runs.push({ excludes, names: [] })
    runs.at(-1)?.names.push(excludes ? pattern.slice(1) : pattern)
  }
  return runs
    .map(({ excludes, names }, at) => `${at > 0 ? 'but ' : ''}${excludes ? 'not ' : ''}${list(names, 'or')}`)
    .join(', ')
}

function changesOf(settings: Override['gates']): string[] {
  const named = (Object.keys(gates) as GateName[]).filter((name) => settings[name] !== undefined)
  const titles = (names: GateName[]) => list(names.map((name) => gates[name].title))
  const off = named.filter((name) => settings[name] === 'off')
  const on = named.filter((name) => settings[name] !== 'off')
  return [
    ...(off.length > 0 ? [`Off: ${titles(off)}.`] : []),
    ...(on.length > 0 ? [`Different settings: ${titles(on)}.`] : []),
  ]
}
