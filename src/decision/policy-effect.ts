import { RE2JS } from 're2js'
import { list, plural } from './markdown.ts'
import { allGates, suitesOf } from './overrides.ts'
import { covers, type Policy } from './policy.ts'
import type { PolicyEffect, Snapshot } from './snapshot.ts'
import { decide } from './verdict.ts'

/** An open pull request as it is stored. `known`: every fact that the changed policy needs was read for it. */
export type Compared = { snapshot: Snapshot; known: boolean }

/** So many pull requests are named of each kind; the others are counted. */
const named = 5

/**
 * How much matching one effect may take, in globs times characters of paths, and in steps of patterns times characters of descriptions:
 * some 50 million take a second. Anyone can propose a policy, change thousands of files with long names, and write long descriptions.
 */
const workAllowed = 50_000_000

/**
 * What a changed policy would do to other open pull requests, by the facts that are stored of them. Gates are compared and not
 * states: outside the window nothing passes anyway, and what the change does shows all the same.
 */
export function policyEffect(compared: Compared[], before: Policy, after: Policy, at: string): PolicyEffect {
  const known = compared.filter((one) => one.known)
  const globs = globsToMatch(before) + globsToMatch(after)
  const steps = stepsToMatch(before) + stepsToMatch(after)
  let work = 0
  const affordable = known.filter(({ snapshot }) => {
    const more = globs * charactersIn(snapshot) + steps * describedIn(snapshot)
    if (work + more > workAllowed) return false
    work += more
    return true
  })
  const notCompared = known.length - affordable.length
  const changes = affordable.map(({ snapshot }) => {
    const now = { ...snapshot, takenAt: at }
    const [old, next] = [blockersOf(now, before), blockersOf(now, after)]
    const number = snapshot.pull.number
    return {
      blocked: { number, gates: next.filter((gate) => !old.includes(gate)) },
      released: { number, gates: old.filter((gate) => !next.includes(gate)) },
    }
  })
  return {
    compared: compared.length,
    unknown: compared.length - known.length,
    ...(notCompared > 0 ? { notCompared } : {}),
    blocked: counted(changes.map(({ blocked }) => blocked)),
    released: counted(changes.map(({ released }) => released)),
  }
}

/** Without a policy there is nothing to compare. */
export function removalEffect(removed: PolicyEffect['removed']): PolicyEffect {
  return { compared: 0, unknown: 0, removed, blocked: counted([]), released: counted([]) }
}

const removals = {
  policy:
    'This pull request removes or renames the policy file. Without it, release-gate checks no pull request of this repository, and where the check is required, nothing can be merged.',
  own: "This pull request removes or renames the repository's own policy file. Without it, only the organization's policy applies.",
  organization:
    "This pull request removes or renames the organization's policy file. Without it, nothing is locked, and repositories without a policy file of their own are not checked.",
}

/** How many globs every changed path is compared with at most. */
function globsToMatch(policy: Policy): number {
  const guarded = suitesOf(policy).length
  const lists = (policy.overrides ?? []).flatMap(({ when: { paths } }) => (paths ? [paths] : []))
  return lists.reduce((sum, paths) => sum + paths.length + guarded, 0)
}

/** How many steps the longest pattern of incidents takes for each character of a description, at most. */
function stepsToMatch(policy: Policy): number {
  const patterns = allGates(policy).flatMap(({ release_window: window }) => window?.urgent.incident ?? [])
  return Math.max(0, ...[...new Set(patterns)].map((pattern) => RE2JS.compile(pattern).programSize()))
}

/** Only one with the label for urgent changes is matched. */
function describedIn({ labels, body }: Snapshot): number {
  return labels.length > 0 ? body.length : 0
}

function charactersIn({ changed }: Snapshot): number {
  return changed?.complete ? changed.paths.reduce((sum, { path }) => sum + path.length, 0) : 0
}

/** The gates that do not pass. None where the policy does not cover the base or only reports. */
function blockersOf(snapshot: Snapshot, policy: Policy): string[] {
  const { ref, defaultBranch } = snapshot.base
  if (policy.enforce === false || !covers(policy, ref, defaultBranch)) return []
  const open = decide(snapshot, policy).findings.filter(({ state }) => state !== 'passed')
  return open.map(({ gateTitle }) => gateTitle)
}

type Change = { number: number; gates: string[] }

function counted(changes: Change[]): PolicyEffect['blocked'] {
  const some = changes.filter(({ gates }) => gates.length > 0)
  return { count: some.length, first: some.slice(0, named) }
}

/** The effect as lines of Markdown. They name the time when they were true. */
export function effectInWords(effect: PolicyEffect): string[] {
  const { removed, notLookedUp = [] } = effect
  if (!removed) return [...comparisonInWords(effect), ...notLookedUpInWords(notLookedUp)]
  return [removals[removed], ...(removed === 'own' ? ['', ...comparisonInWords(effect)] : [])]
}

function notLookedUpInWords(names: string[]): string[] {
  if (names.length === 0) return []
  const what =
    'This policy adds names that were not looked up. If one of them does not exist, its gate cannot pass:'
  return ['', what, ...names.map((name) => `- ${name}`)]
}

function comparisonInWords(effect: PolicyEffect): string[] {
  const { compared, unknown, notCompared = 0, blocked, released } = effect
  const others = `${compared} other open ${compared === 1 ? 'pull request' : 'pull requests'}`
  if (compared === 0) return ['No other open pull requests were known when this was checked.']
  const lines = [
    ...kindInWords(blocked, 'would be blocked'),
    ...kindInWords(released, 'would no longer be blocked'),
    ...(unknown > 0
      ? [
          `Unknown for ${unknown}: the changed policy needs facts that have not been read for ${unknown === 1 ? 'it' : 'them'}.`,
        ]
      : []),
    ...(notCompared > 0
      ? [`Not compared: ${notCompared}. It would take too long to match the patterns of the policies.`]
      : []),
  ]
  const none = lines.length === 0 ? ['None would change.'] : lines
  return [
    `Effect on ${others}, based on their stored facts when this was checked:`,
    ...none.map((line) => `- ${line}`),
  ]
}

function kindInWords({ count, first }: PolicyEffect['blocked'], what: string): string[] {
  if (count === 0) return []
  const pulls = first.map(({ number, gates }) => `#${number} (${list(gates)})`)
  const more = count > first.length ? [plural(count - first.length, 'other')] : []
  return [`${count} ${what}: ${list([...pulls, ...more])}.`]
}
