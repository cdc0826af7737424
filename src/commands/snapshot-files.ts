import { existsSync, rmSync } from 'node:fs'
import { sameJson } from '../regression/exact.ts'
import type { SuitePart } from '../regression/merge-suites.ts'
import { pluralize } from '../regression/pluralize.ts'
import type { RunInput } from '../regression/run-input.ts'
import {
  readSnapshots,
  type Snapshots,
  snapshotFile,
  snapshotKeys,
  updated,
  writeSnapshots,
} from '../regression/snapshots.ts'
import { requireInput, writeOutput } from './input-file.ts'

/** The snapshots beside each suite; undefined where no case asks for one. @throws for a file that is not readable. */
export function snapshotsOf(parts: readonly SuitePart[], update: boolean): Snapshots | undefined {
  const asking = parts.filter(({ suite }) => suite.cases.flatMap(snapshotKeys).length > 0)
  const files = parts.map(({ file }) => snapshotFile(file)).filter((file) => existsSync(file))
  if (asking.length === 0 && files.length === 0) return undefined
  return { known: new Map(files.flatMap((file) => [...stored(file)])), update, taken: new Map() }
}

function stored(file: string): Map<string, unknown> {
  const read = readSnapshots(requireInput('snapshots', file, 'a file that --update-snapshots has written'))
  if (read) return read
  throw new Error(
    `snapshots: ${file} cannot be understood; restore it, or delete it and run with --update-snapshots.`,
  )
}

/** Writes what a run has taken, each beside its suite, and says what changed. */
export function storeSnapshots({ snapshots }: RunInput, parts: readonly SuitePart[]): void {
  if (!snapshots) return
  for (const { file, suite } of parts) {
    const target = snapshotFile(file)
    const next = updated(snapshots, suite.cases)
    const before = existsSync(target) ? stored(target) : new Map<string, unknown>()
    if (next.size > 0) writeOutput('--update-snapshots', target, writeSnapshots(next))
    else rmSync(target, { force: true })
    process.stderr.write(
      `${pluralize(next.size, 'snapshot', 'snapshots')} in ${target}${changesTold(before, next)}\n`,
    )
  }
}

function changesTold(before: ReadonlyMap<string, unknown>, next: ReadonlyMap<string, unknown>): string {
  const keys = [...next.keys()]
  const added = keys.filter((key) => !before.has(key)).length
  const changed = keys.filter((key) => before.has(key) && !sameJson(before.get(key), next.get(key))).length
  const removed = [...before.keys()].filter((key) => !next.has(key)).length
  const told = Object.entries({ new: added, changed, removed }).filter(([, count]) => count > 0)
  return told.length === 0 ? ', unchanged' : `: ${told.map(([word, count]) => `${count} ${word}`).join(', ')}`
}
