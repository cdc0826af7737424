import { parseJson } from '../services/mcp.ts'
import { isJsonNumber, sameJson } from './exact.ts'
import { pathsIn } from './json-path.ts'
import type { Mismatch } from './mismatch.ts'
import { plannedCalls } from './steps.ts'
import type { Suite, SuiteCase } from './suite-schema.ts'
import { show } from './text-check.ts'

/** Approved answers, stored in a file next to the suite and reviewed like any other file. */
export type Snapshots = {
  known: ReadonlyMap<string, unknown>
  /** Store the answers of this run instead of comparing with them. */
  update: boolean
  taken: Map<string, unknown>
}

/** `.github/mcp-regression.yml` → `.github/mcp-regression.snapshots.json`. */
export function snapshotFile(suite: string): string {
  return `${suite.replace(/\.ya?ml$/, '')}.snapshots.json`
}

/** The stored snapshots by key; undefined if the text is not from `writeSnapshots`. */
export function readSnapshots(text: string): Map<string, unknown> | undefined {
  try {
    const { version, snapshots } = parseJson(text) as { version?: unknown; snapshots?: unknown }
    if (version !== 1 || typeof snapshots !== 'object' || snapshots === null) return undefined
    return new Map(Object.entries(snapshots))
  } catch {
    return undefined
  }
}

/** A stable format with small diffs: sorted by key, one line per value. */
export function writeSnapshots(snapshots: ReadonlyMap<string, unknown>): string {
  const sorted = [...snapshots].sort(([one], [other]) => (one < other ? -1 : 1))
  return `${JSON.stringify({ version: 1, snapshots: Object.fromEntries(sorted) }, undefined, 2)}\n`
}

/** The key of each step of a case that expects a snapshot. */
export function snapshotKeys(entry: SuiteCase): string[] {
  return plannedCalls(entry).flatMap(({ expect, key }) => (expect.snapshot ? [key] : []))
}

/** What to store after a run: its new snapshots, and the existing ones that a case still uses. */
export function updated({ known, taken }: Snapshots, cases: Suite['cases']): Map<string, unknown> {
  const wanted = cases.flatMap(snapshotKeys)
  const both = new Map([...known, ...taken])
  return new Map(wanted.flatMap((key) => (both.has(key) ? [[key, both.get(key)] as const] : [])))
}

const masked = '[masked]'

/** The value with everything masked that the paths find, since it differs from call to call. */
export function mask(value: unknown, paths: readonly string[]): unknown {
  const places = new Set(paths.flatMap((path) => pathsIn(value, path)).map((keys) => JSON.stringify(keys)))
  const copy = (part: unknown, keys: readonly (string | number)[]): unknown => {
    if (places.has(JSON.stringify(keys))) return masked
    if (typeof part !== 'object' || part === null || isJsonNumber(part)) return part
    if (Array.isArray(part)) return part.map((item, index) => copy(item, [...keys, index]))
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, copy(item, [...keys, key])]))
  }
  return copy(value, [])
}

/** Compares an answer with its snapshot, or stores it. An answer that changes within the run cannot be a snapshot. */
export function snapshotMismatches(
  snapshots: Snapshots | undefined,
  key: string,
  value: unknown,
): Mismatch[] {
  if (snapshots?.update) {
    if (!snapshots.taken.has(key)) snapshots.taken.set(key, value)
    const found = differences(snapshots.taken.get(key), value)
    return found.map((one) => ({ ...one, expected: `${one.expected} in each call; mask what differs` }))
  }
  if (snapshots?.known.has(key)) return differences(snapshots.known.get(key), value)
  const expected = 'a stored snapshot'
  return [{ where: 'snapshot', expected, actual: 'none; run with --update-snapshots and commit the file' }]
}

const MOST = 5

function differences(before: unknown, after: unknown): Mismatch[] {
  const found: Mismatch[] = []
  const look = (one: unknown, other: unknown, path: string): void => {
    if (found.length === MOST || sameJson(one, other)) return
    const keys = sharedKeys(one, other)
    if (keys) {
      for (const key of keys) look(member(one, key), member(other, key), `${path}[${JSON.stringify(key)}]`)
    } else found.push({ where: `snapshot ${path}`, expected: show(one), actual: show(other) })
  }
  look(before, after, '$')
  return found
}

/** The keys of two objects, or the indexes of two lists; undefined for anything else. */
function sharedKeys(one: unknown, other: unknown): (string | number)[] | undefined {
  if (Array.isArray(one) && Array.isArray(other)) return [...Array(Math.max(one.length, other.length)).keys()]
  if (!isObject(one) || !isObject(other)) return undefined
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isJsonNumber(value)
}

function member(value: unknown, key: string | number): unknown {
  return Object.hasOwn(value as object, key) ? (value as Record<string | number, unknown>)[key] : undefined
}
