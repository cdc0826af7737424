import { openTime, overlaps, weekInWords } from '../decision/calendar/week-in-words.ts'
import { formatTime, windowStateAt } from '../decision/calendar.ts'
import { durationInWords } from '../decision/duration.ts'
import { type GateName, gates } from '../decision/gates/index.ts'
import { type Lock, lockedBy } from '../decision/locked-by.ts'
import { list } from '../decision/markdown.ts'
import type { Override } from '../decision/override-settings.ts'
import type { Policy } from '../decision/policy.ts'
import { loosens } from '../decision/tightening.ts'
import type { WindowSettings } from '../decision/window-settings.ts'

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

/** The week of a policy in words, for whoever writes it, and the windows that overlap. */
function describeWeek(settings: WindowSettings | undefined, now: Date): string[] {
  if (!settings) return []
  const open = durationInWords(openTime(settings.windows), 'hour')
  const current = windowStateAt(settings, now)
  const next =
    current.open && current.closesAt ? windowStateAt(settings, current.closesAt).opensAt : current.opensAt
  return [
    `Open ${weekInWords(settings)}, ${open} a week.`,
    next ? `Next: ${formatTime(next, settings.time_zone)}.` : 'No window opens within the next two years.',
    ...overlaps(settings.windows).map(
      ([one, other]) =>
        `Two windows overlap: ${one.opens} to ${one.closes}, and ${other.opens} to ${other.closes}.`,
    ),
  ]
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
