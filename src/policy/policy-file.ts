import { type Document, isMap, isScalar, isSeq } from 'yaml'
import { fixedZoneProblem } from '../decision/calendar/fixed-zones.ts'
import { day } from '../decision/calendar/wall-clock.ts'
import { windowLength } from '../decision/calendar/week-in-words.ts'
import { windowTransitions } from '../decision/calendar.ts'
import { durationInWords, parseDuration } from '../decision/duration.ts'
import { isGate } from '../decision/lockable-settings.ts'
import type { Raw } from '../decision/override-settings.ts'
import { allGates, gatesUnder, suitesOf } from '../decision/overrides.ts'
import { type Policy, policyPath, policySchema } from '../decision/policy.ts'
import type { WindowSettings } from '../decision/window-settings.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import {
  type FileProblem,
  type ProblemAt,
  plainYaml,
  problemsIn,
  problemsShown,
  readYaml,
} from '../yaml/yaml-file.ts'
import { atLeast } from '../yaml/yaml-words.ts'

export { policyPath }

export type PolicyResult = { ok: true; policy: Policy } | { ok: false; problems: FileProblem[] }

const least = { gates: '{ approvals: {}, release_window: {} }' }

/**
 * Parses the text of a policy file; every problem names the line and column, what is wrong and how to fix it. Returns problems and
 * never throws. Defaults are filled in. The warnings for a valid policy are separate: `impossiblePolicy`. The same text may give the
 * same object, which nobody changes.
 */
export function parsePolicy(text: string, file = policyPath): PolicyResult {
  const key = `${file}\n${text}`
  const known = parsed.get(key)
  if (known) return known
  const result = parse(text, file)
  if (parsed.size >= mostParsed) parsed.clear()
  if (key.length <= longestParsed) parsed.set(key, result)
  return result
}

/** As `parsePolicy`, what was read from GitHub. */
export function parsePolicyFile({ text, where, unusable }: PolicyFile): PolicyResult {
  if (unusable === undefined) return parsePolicy(text, where)
  return { ok: false, problems: [{ file: where, line: 1, column: 1, message: unusable }] }
}

/** Every evaluation asks for the policies of its repository, which change once in a while. */
const parsed = new Map<string, PolicyResult>()
const mostParsed = 200
const longestParsed = 20_000

function parse(text: string, file: string): PolicyResult {
  const result = readYaml(text, file, policySchema, { least, prepare: completeGates })
  if (!result.ok) return result
  const problems = refused(problemsIn(text, file), result.value).slice(0, problemsShown)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, policy: result.value }
}

/** What a valid policy file names, without defaults. */
export function writtenPolicy(text: string): Raw {
  return plainYaml(text, completeGates) as Raw
}

/**
 * Problems of a policy that could be evaluated but is surely a mistake. The schema accepts it, so that policies in the records
 * can be replayed.
 */
function refused(at: ProblemAt, policy: Policy): FileProblem[] {
  const own = [
    ...refusedWindow(at, policy.gates.release_window, ['gates', 'release_window']),
    ...refusedLocks(at, policy),
  ]
  const tooMany = [...refusedGlobs(at, policy), ...refusedSize(at, policy)]
  if (own.length + tooMany.length > 0) return [...own, ...tooMany]
  return (policy.overrides ?? []).flatMap(({ gates: { release_window: window } }, index) =>
    window === 'off'
      ? []
      : refusedWindow(at, window, ['overrides', String(index), 'gates', 'release_window']),
  )
}

/** Every pull request is matched against all of them, and 200 take up to a second for one with thousands of files. */
const globsAllowed = 200

function refusedGlobs(at: ProblemAt, policy: Policy): FileProblem[] {
  const overrides = policy.overrides ?? []
  const lists = [
    { path: ['branches'], count: policy.branches.length },
    { path: ['gates'], count: suitesOf(policy).length },
    ...overrides.flatMap(({ when }, index) =>
      (['paths', 'branches'] as const).map((name) => ({
        path: ['overrides', index, 'when', name],
        count: when[name]?.length ?? 0,
      })),
    ),
  ]
  const counted = (some: typeof lists) => some.reduce((sum, { count }) => sum + count, 0)
  const exceeding = lists.find((_, index) => counted(lists.slice(0, index + 1)) > globsAllowed)
  if (!exceeding) return []
  const message = `the policy has ${counted(lists)} patterns of paths, branches and suites; the limit is ${globsAllowed}. Combine some, like "docs/**"`
  return [at(exceeding.path, message)]
}

/** Each override repeats what it takes over, and each verdict and each record holds the policy: 32 kB can become more than 1 MB. */
const charactersAllowed = 256 * 1024

function refusedSize(at: ProblemAt, policy: Policy): FileProblem[] {
  const { overrides = [] } = policy
  const share = overrides.length > 0 ? JSON.stringify(policy).length / charactersAllowed : 0
  if (share <= 1) return []
  const freezes = overrides.reduce((sum, { gates: { release_window: window } }) => {
    return sum + (window === undefined || window === 'off' ? 0 : window.freezes.length)
  }, 0)
  const [repeated, fix] =
    freezes > 0 ? [` (${freezes} freezes in all)`, 'freezes that have passed'] : ['', 'what they repeat']
  const message = `the ${overrides.length} overrides repeat what they keep of \`gates\`${repeated}, which makes the policy ${percentOver(share)}% too large; remove overrides, or ${fix}`
  return [at(['overrides'], message)]
}

/** By how many percent something is over its limit, of which `share` is a multiple. */
export function percentOver(share: number): number {
  return Math.ceil((share - 1) * 100)
}

/** A lock on nothing would be taken for a rule. */
function refusedLocks(at: ProblemAt, { gates: on, locked = [] }: Policy): FileProblem[] {
  return locked.flatMap((name, index) =>
    isGate(name) && on[name] === undefined
      ? [
          at(
            ['locked', index],
            `the gate \`${name}\` is locked but not on; name it under \`gates\`, or remove it here`,
          ),
        ]
      : [],
  )
}

function refusedWindow(
  problem: ProblemAt,
  settings: WindowSettings | undefined,
  parent: string[],
): FileProblem[] {
  if (!settings) return []
  const at: ProblemAt = (path, message) => problem([...parent, ...path], message)
  const fixed = fixedZoneProblem(settings.time_zone)
  const tooLong = settings.windows.flatMap((window, index) => {
    const length = windowLength(window)
    if (length <= day || window.long) return []
    const message = `this window is open for ${durationInWords(length)} a week; swap the times if they are the wrong way round, or add \`long: true\``
    return [at(['windows', String(index), 'closes'], message)]
  })
  return [...(fixed ? [at(['time_zone'], `"${settings.time_zone}" ${fixed}`)] : []), ...tooLong]
}

/** `approvals:` without a value names the gate just as `approvals: {}` does. */
function completeGates(document: Document): void {
  completeMap(document, document.get('gates', true))
  const overrides = document.get('overrides', true)
  if (!isSeq(overrides)) return
  for (const override of overrides.items)
    if (isMap(override)) completeMap(document, override.get('gates', true))
}

function completeMap(document: Document, gates: unknown): void {
  if (!isMap(gates)) return
  for (const pair of gates.items) {
    if (pair.value === null || (isScalar(pair.value) && pair.value.value === null))
      pair.value = document.createNode({})
  }
}

/**
 * Why no pull request could ever pass under a valid policy, unless it is urgent. The bot still evaluates such a policy; only
 * its author is warned. `text` is what the policy was read from.
 */
export function impossiblePolicy(text: string, policy: Policy, file = policyPath): FileProblem[] {
  const at = problemsIn(text, file)
  if (!policy.incidents && allGates(policy).some((gates) => gates.incidents)) {
    const message =
      '`incidents` needs to know where incidents are kept; add `incidents: { repository: … }` to the policy'
    return [at(['gates'], message)]
  }
  const isFilledIn = policy.extends === 'organization' && Object.keys(policy.gates).length === 0
  const own = isFilledIn ? [] : impossibleGates(at, policy.gates, ['gates'])
  if (own.length > 0) return own
  const overrides = policy.overrides ?? []
  return overrides.flatMap((override, index) =>
    impossibleGates(at, gatesUnder(policy, override), ['overrides', String(index), 'gates']),
  )
}

function impossibleGates(problem: ProblemAt, gates: Policy['gates'], parent: string[]): FileProblem[] {
  const at: ProblemAt = (path, message) => problem([...parent.slice(0, -1), ...path], message)
  if (Object.keys(gates).length === 0) {
    const message =
      parent.length === 1
        ? `no gate is named, so every pull request fails; ${atLeast(least)}`
        : 'no gate is left on, so every pull request that this override matches fails; leave one on'
    return [at(['gates'], message)]
  }
  if (gates.runbooks && !gates.staging_regression) {
    const message =
      '`runbooks` needs `staging_regression`, which lists the tools of the head; turn both on, or both off'
    return [at(['gates', 'runbooks'], message)]
  }
  const settings = gates.release_window
  if (!settings) return []
  const longest = longestWindow(settings)
  if (parseDuration(settings.closing_margin) < longest) return []
  const message =
    `${settings.closing_margin} is not shorter than the longest window (${inMinutes(longest)}), ` +
    'so nothing could turn green but what is urgent; write a shorter margin, or a longer window'
  return [at(['gates', 'release_window', 'closing_margin'], message)]
}

/**
 * How long a window lasts on the wall's clock, in milliseconds; windows that touch are one, and one that never closes has no
 * end. Three weeks hold each of them whole, and without freezes, holidays and a zone they are as long as written.
 */
function longestWindow({ holidays: _, ...settings }: WindowSettings): number {
  const asWritten = { ...settings, time_zone: 'UTC', freezes: [] }
  const changes = windowTransitions(asWritten, new Date('2026-06-01T00:00Z'), new Date('2026-06-22T00:00Z'))
  const lengths = changes.flatMap(({ at, to }, index) => {
    const next = changes[index + 1]
    return to === 'open' && next ? [next.at.getTime() - at.getTime()] : []
  })
  return lengths.length > 0 ? Math.max(...lengths) : Number.POSITIVE_INFINITY
}

function inMinutes(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000}m` : `${milliseconds / 1000}s`
}
