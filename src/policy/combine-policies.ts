import { isDeepStrictEqual } from 'node:util'
import { isSetting } from '../decision/lockable-settings.ts'
import { type Lock, lockedBy } from '../decision/locked-by.ts'
import { list } from '../decision/markdown.ts'
import { isMap, merge, type Raw } from '../decision/override-settings.ts'
import type { Policy } from '../decision/policy.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import { type FileProblem, type ProblemAt, problemsIn, shareOfLimits } from '../yaml/yaml-file.ts'
import {
  impossiblePolicy,
  type PolicyResult,
  parsePolicy,
  parsePolicyFile,
  percentOver,
  writtenPolicy,
} from './policy-file.ts'

/** The policy file of a repository, and that of its organization. In the repository `.github` its own is the organization's. */
export type PolicyFiles = { own?: PolicyFile | undefined; shared?: PolicyFile | undefined }

/** The policy that two files give together. */
export type CombinedPolicy = {
  files: PolicyFiles
  /** `text` gives the combined policy when it is parsed again; `blob` names both files. */
  file: PolicyFile
  result: PolicyResult
  /** The sentence in the check about where the policy comes from. */
  note: string
  /** What the repository's own file names and cannot change, each at its place. */
  ignored: FileProblem[]
  /** What the organization locks, or the file itself where it stands alone. */
  locked: Lock[]
}

/** Names the files that a policy is made of. Equal files give an equal policy, so nothing else needs to be compared. */
export function identityOf({ own, shared }: { own?: Place | undefined; shared?: Place | undefined }): Place {
  if (!own || !shared) return own ?? shared ?? { where: '', blob: '' }
  return { where: `${own.where} + ${shared.where}`, blob: `${own.blob}+${shared.blob}` }
}

type Place = { where: string; blob: string }

/**
 * One policy of two files: the organization's fills in what the repository's own does not name, and what it locks is as it
 * says. Where one of them is invalid there is no policy, so an error in one never leaves the other alone in force.
 */
export function combinePolicies(files: PolicyFiles): CombinedPolicy | undefined {
  const { own, shared } = files
  if (own && shared) return together(own, shared)
  const file = own ?? shared
  if (!file) return undefined
  const result = own ? parseAlone(own) : parsePolicyFile(file)
  const locked = result.ok ? lockedBy(result.policy) : []
  return { files, file, result, note: `Policy: \`${file.where}\`.`, ignored: [], locked }
}

/** A policy that says that it needs the organization's is not in force without it. */
function parseAlone(file: PolicyFile): PolicyResult {
  const result = parsePolicyFile(file)
  if (!result.ok || result.policy.extends !== 'organization') return result
  return { ok: false, problems: [problemsIn(file.text, file.where)(['extends'], notFound)] }
}

const notFound =
  "the organization's policy is not found; create .github/release-gate.yml in the repository `.github`, give the App access to that repository, or remove this line"

function together(own: PolicyFile, shared: PolicyFile): CombinedPolicy {
  const whole = { files: { own, shared }, ignored: [], locked: [] }
  const place = identityOf({ own, shared })
  const [mine, theirs] = [parsePolicyFile(own), parsePolicyFile(shared)]
  const invalid = [mine, theirs].flatMap((each) => (each.ok ? [] : each.problems))
  const note = `Policy: \`${own.where}\``
  if (!mine.ok || !theirs.ok)
    return { ...whole, file: { ...place, text: '' }, result: { ok: false, problems: invalid }, note }
  const locked = lockedBy(theirs.policy)
  if (mine.policy.extends === 'none' && locked.length === 0)
    return { ...whole, file: { ...place, text: own.text }, result: mine, note: `${note}.` }
  const ignored = ignoredOf(own, mine.policy, { shared, policy: theirs.policy, locked })
  const text = JSON.stringify(merged(writtenPolicy(own.text), writtenPolicy(shared.text), locked))
  return {
    files: { own, shared },
    file: { ...place, text },
    result: placedIn(own, shared, tooLarge(own, shared, text) ?? parsePolicy(text, place.where)),
    note: [`${note} with \`${shared.where}\`${lockedInWords(locked)}.`, ...ignoredInWords(ignored)].join(' '),
    ignored,
    locked,
  }
}

/** The combined text is written by nobody, so its own size would tell nobody what to shorten. */
function tooLarge(own: PolicyFile, shared: PolicyFile, text: string): PolicyResult | undefined {
  const share = shareOfLimits(text)
  if (share <= 1) return undefined
  const sizes = `this one has ${Buffer.byteLength(own.text)} bytes, the other one ${Buffer.byteLength(shared.text)}`
  const message = `as one policy, the two files are ${percentOver(share)}% too large (${sizes}); shorten either of them`
  return { ok: false, problems: [{ file: own.where, line: 1, column: 1, message }] }
}

/** Two valid files can still contradict each other. That shows in no line of either, so the first one is named. */
function placedIn(own: PolicyFile, shared: PolicyFile, result: PolicyResult): PolicyResult {
  return result.ok ? result : { ok: false, problems: placedTogether(own, shared, result.problems) }
}

function placedTogether(own: PolicyFile, shared: PolicyFile, problems: FileProblem[]): FileProblem[] {
  return problems.map(({ message }) => ({
    file: own.where,
    line: 1,
    column: 1,
    message: `together with ${shared.where}: ${message}`,
  }))
}

/** Why no pull request could pass under a valid policy, at the place in its file. */
export function impossibleIn({ files: { own, shared }, file, result }: CombinedPolicy): FileProblem[] {
  if (!result.ok) return []
  const isAlone = file.text === own?.text
  const problems = impossiblePolicy(file.text, result.policy, isAlone ? own.where : file.where)
  return own && shared && !isAlone ? placedTogether(own, shared, problems) : problems
}

/** What of a repository's own file counts, over what the organization's names. */
function merged(own: Raw, shared: Raw, locked: Lock[]): Raw {
  const { extends: _, locked: _locks, gates = {}, overrides, ...rest } = own
  const free = Object.entries(rest).filter(([name]) => !isLocked(name, locked))
  const all = merge(
    { ...shared, gates: shared.gates ?? {} },
    { ...Object.fromEntries(free), gates: unlocked(gates, locked) },
  )
  const both = mergedOverrides(isLocked('overrides', locked) ? undefined : overrides, shared.overrides, {
    locked,
    gates,
  })
  const { overrides: _replaced, extends: _none, ...others } = all
  return { ...others, ...(both.length > 0 ? { overrides: both } : {}) }
}

/**
 * As a list, the repository's own overrides replace the organization's. Those that name a locked gate stay and come first,
 * since the first that matches applies. They leave out what isn't locked and what the repository's own gates name. An own one with the
 * name of one that stays is ignored.
 */
function mergedOverrides(
  own: unknown,
  shared: unknown,
  { locked, gates }: { locked: Lock[]; gates: unknown },
): Raw[] {
  const [staying, replaceable] = partition(mapsIn(shared), (override) => staysWith(override, locked))
  const theirs = staying.map((override) => ({
    ...override,
    gates: withoutNamed(override.gates, unlocked(gates, locked)),
  }))
  if (own === undefined) return [...theirs, ...replaceable]
  const taken = new Set(staying.map(nameOf))
  const mine = mapsIn(own)
    .filter((override) => !taken.has(nameOf(override)))
    .map((override) => ({ ...override, gates: unlocked(override.gates, locked) }))
  return [...theirs, ...mine.filter((override) => Object.keys(override.gates).length > 0)]
}

function withoutNamed(gates: unknown, named: Raw): unknown {
  if (!isMap(gates)) return gates
  return Object.fromEntries(Object.entries(gates).filter(([name]) => !Object.hasOwn(named, name)))
}

function partition<Item>(items: Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))]
}

function staysWith({ gates }: Raw, locked: Lock[]): boolean {
  return isMap(gates) && Object.keys(gates).some((name) => isLocked(name, locked))
}

/** As the schema reads it. */
function nameOf({ name }: Raw): string {
  return String(name).trim()
}

function mapsIn(written: unknown): Raw[] {
  return Array.isArray(written) ? written.filter(isMap) : []
}

function unlocked(gates: unknown, locked: Lock[]): Raw {
  if (!isMap(gates)) return {}
  const free = Object.entries(gates).filter(([name]) => !isLocked(name, locked))
  return Object.fromEntries(free.map(([name, settings]) => [name, unlockedIn(name, settings, locked)]))
}

function unlockedIn(gate: string, settings: unknown, locked: Lock[]): unknown {
  if (!isMap(settings)) return settings
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isLocked(`${gate}.${name}`, locked)))
}

function isLocked(name: string, locked: Lock[]): boolean {
  return (locked as string[]).includes(name)
}

type Locking = { shared: PolicyFile; policy: Policy; locked: Lock[] }

/** What a repository's own file names although the organization locks it. A setting that says the same changes nothing. */
function ignoredOf(own: PolicyFile, mine: Policy, { shared, policy, locked }: Locking): FileProblem[] {
  const written = writtenPolicy(own.text)
  const problem = problemsIn(own.text, own.where)
  const at: ProblemAt = (path, why) => problem(path, `${why}; remove it here`)
  const why = `is locked by ${shared.where}`
  const lockedGates = (gates: unknown, parent: PropertyKey[]) =>
    lockedPaths(gates, locked).map((path) => at([...parent, 'gates', ...path], why))
  const settings = locked.filter(
    (name) => isSetting(name) && written[name] !== undefined && !isSame(name, mine, policy),
  )
  return [
    ...(mine.extends === 'none'
      ? [at(['extends'], `can't be none while ${shared.where} locks something`)]
      : []),
    ...(mine.locked ? [at(['locked'], 'only the policy of the organization can lock')] : []),
    ...lockedGates(written.gates, []),
    ...settings.map((name) => at([name], why)),
    ...(isLocked('overrides', locked)
      ? []
      : ignoredOverrides(problem, written, { shared, locked }, lockedGates)),
  ]
}

/** Where gates name something locked: the gate, or one of its settings. */
function lockedPaths(gates: unknown, locked: Lock[]): string[][] {
  if (!isMap(gates)) return []
  return Object.entries(gates).flatMap(([name, settings]) => {
    if (isLocked(name, locked)) return [[name]]
    const settingNames = isMap(settings) ? Object.keys(settings) : []
    return settingNames.filter((each) => isLocked(`${name}.${each}`, locked)).map((each) => [name, each])
  })
}

/** An own override as a whole where it has the name of one that stays, unless it says the same; else the locked gates in it. */
function ignoredOverrides(
  at: ProblemAt,
  written: Raw,
  { shared, locked }: Pick<Locking, 'shared' | 'locked'>,
  lockedGates: (gates: unknown, parent: PropertyKey[]) => FileProblem[],
): FileProblem[] {
  const staying = mapsIn(writtenPolicy(shared.text).overrides).filter((one) => staysWith(one, locked))
  return mapsIn(written.overrides).flatMap((override, index) => {
    const same = staying.find((one) => nameOf(one) === nameOf(override))
    if (!same) return lockedGates(override.gates, ['overrides', index])
    if (isDeepStrictEqual(same, override)) return []
    const why = `is the name of an override that ${shared.where} locks, so this one is ignored; rename or remove it`
    return [at(['overrides', index, 'name'], why)]
  })
}

/** Left out, reporting and pushes have defaults. */
function isSame(name: string, one: Policy, other: Policy): boolean {
  const complete = ({ enforce = true, push = { allowed: [] }, ...rest }: Policy): Raw => ({
    ...rest,
    enforce,
    push,
  })
  return isDeepStrictEqual(complete(one)[name], complete(other)[name])
}

function lockedInWords(locked: Lock[]): string {
  return locked.length === 0 ? '' : `, which locks ${list(locked.map((name) => `\`${name}\``))}`
}

/** The check names so many places; `policy check` names all. */
const placesShown = 5

function ignoredInWords(ignored: FileProblem[]): string[] {
  if (ignored.length === 0) return []
  const shown = ignored
    .slice(0, placesShown)
    .map(({ line, message }) => `line ${line} (${message.split(';')[0]})`)
  const more = ignored.length > placesShown ? [`${ignored.length - placesShown} more`] : []
  return [`Ignored in \`${ignored[0]?.file}\`: ${list([...shown, ...more])}.`]
}
