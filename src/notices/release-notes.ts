import type { ChangeRecord } from '../decision/change-record.ts'
import { gates } from '../decision/gates/index.ts'
import type { Policy } from '../decision/policy.ts'
import {
  type ContractChanges,
  monthPeriod,
  type NotesPeriod,
  type NotesRecord,
  type ReleaseNotes,
  releaseNotes,
  windowPeriod,
} from '../decision/release-notes.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { runReportSchema } from '../regression/report-schema.ts'
import { readRecords } from '../store/audit.ts'
import type { Queryable } from '../store/database.ts'
import { reportByHash } from '../store/evidence.ts'
import type { KeptPolicy } from '../store/policies.ts'

/** A repository with its last valid policy, and the zone in which its months and windows are named. */
export type NotesPlace = { kept: KeptPolicy; policy: Policy; zone: string }

/** Undefined where the policy cannot be read by this version. */
export function notesPlace(kept: KeptPolicy): NotesPlace | undefined {
  const read = parsePolicy(kept.text)
  if (!read.ok) return undefined
  const { policy } = read
  return { kept, policy, zone: timeZoneOf(policy.gates) }
}

/** `month`: as "2026-11". @returns undefined where there is no such period: no window, or none that has closed twice. */
export function periodOf(
  { policy, zone }: NotesPlace,
  wanted: { month: string } | { window: 'last' },
  now: Date,
): NotesPeriod | undefined {
  if ('month' in wanted) return monthPeriod(wanted.month, zone)
  const settings = policy.gates.release_window
  return settings && windowPeriod(settings, now)
}

/** The records that release notes are made of. */
const kinds = ['merged', 'exception', 'watched']

/**
 * What was released in a repository in a period, from its records. They are read from the beginning of the period to the newest, since
 * one can be written long after what it tells of.
 */
export async function gatherNotes(
  db: Queryable,
  place: NotesPlace,
  period: NotesPeriod,
): Promise<ReleaseNotes> {
  const { kept, policy, zone } = place
  const records: NotesRecord[] = []
  for await (const { kind, seq, body } of readRecords(db, kept.installationId, { from: period.from, kinds }))
    records.push({ kind, seq, body })
  const scope = {
    repository: { id: kept.repositoryId, name: `${kept.owner}/${kept.repo}` },
    period,
    zone,
    labels: policy.release_notes?.labels,
    without: labelsOfGates(policy),
  }
  const merged = releaseNotes(records, new Map(), scope).changes.map(({ record }) => record)
  const released = records.filter(({ seq }) => merged.includes(seq))
  return releaseNotes(records, await contractChanges(db, released), scope)
}

function labelsOfGates(policy: Policy): string[] {
  const { release_window: window, hold } = policy.gates
  return [
    ...(window ? (gates.release_window.labels?.(window) ?? []) : []),
    ...(hold ? (gates.hold.labels?.(hold) ?? []) : []),
  ]
}

/** A report that is gone, or that this version cannot read, tells of no changes. */
async function contractChanges(db: Queryable, merged: NotesRecord[]): Promise<ContractChanges> {
  const hashes = merged.flatMap(({ body }) => (body as ChangeRecord).regression?.hash ?? [])
  const changes = new Map<string, ContractChanges extends ReadonlyMap<string, infer Found> ? Found : never>()
  for (const hash of new Set(hashes)) changes.set(hash, changesIn(await reportByHash(db, hash)))
  return changes
}

function changesIn(report: string | undefined) {
  const read = report === undefined ? undefined : runReportSchema.safeParse(JSON.parse(report))
  if (!read?.success) return []
  return read.data.contract.changes.flatMap(({ severity, tool, message }) =>
    severity === 'info' ? [] : [{ severity, tool, message }],
  )
}
