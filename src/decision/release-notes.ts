import { wallAt } from './calendar/wall-clock.ts'
import { instantOfMoment, parseMoment } from './calendar/written-times.ts'
import { formatTimeShort, windowTransitions } from './calendar.ts'
import type { ChangeRecord } from './change-record.ts'
import type { DirectPush } from './direct-push-record.ts'
import type { WindowSettings } from './window-settings.ts'

/** The times from `from` on and before `to`, and their name for people: "November 2026". */
export type NotesPeriod = { name: string; from: Date; to: Date }

/** One merged change. `label`: null where it has none. `record`: its number in the chain. */
export type ReleasedChange = {
  number: number
  title: string
  url: string
  author: string | null
  mergedAt: string
  label: string | null
  tickets: string[]
  urgent: { by: string; reason: string | null } | null
  /** What the watch of production after the merge said; null where there was none, or it goes on. */
  watch: { verdict: string; why: string; record: number } | null
  record: number
}

/** A difference in what a tool offers, and the pull request that brought it. */
export type ToolChange = {
  tool: string
  severity: 'breaking' | 'warning' | 'safe'
  message: string
  number: number
}

/** A merge or a push that bypassed the gate. `number`: of the pull request; null for a push. */
export type NotesException = {
  number: number | null
  branch: string
  commit: string
  by: string | null
  bypassed: string[]
  record: number
}

/** What was released in a period, by the records alone. Plain JSON. */
export type ReleaseNotes = {
  repository: string
  period: { name: string; from: string; to: string; zone: string }
  /** The labels that changes are grouped by, in this order. */
  labels: string[]
  changes: ReleasedChange[]
  tools: ToolChange[]
  exceptions: NotesException[]
}

/** A record that may tell of a release. */
export type NotesRecord = { kind: string; seq: number; body: object }

/** What regressions found of the tools, by the hash of the report that change records name. */
export type ContractChanges = ReadonlyMap<string, Omit<ToolChange, 'number'>[]>

type Scope = {
  repository: { id: number; name: string }
  period: NotesPeriod
  zone: string
  /** The labels to group by, in this order; a change belongs to the first that it has. Undefined: any, by the alphabet. */
  labels: string[] | undefined
  /** Labels of gates, which say nothing about what a change is. */
  without: string[]
}

/** The merges and pushes of one repository in a period, in their order, whenever they were recorded. */
export function releaseNotes(records: NotesRecord[], contract: ContractChanges, scope: Scope): ReleaseNotes {
  const { period, zone, repository } = scope
  const merges = records.flatMap((record) => mergeIn(record, scope)).sort(byTime)
  const pushes = records.flatMap((record) => pushIn(record, scope))
  const tools = merges.flatMap(({ body: { number, regression } }) =>
    (contract.get(regression?.hash ?? '') ?? []).map((change) => ({ ...change, number })),
  )
  const changes = merges.map((merge) => releasedChange(merge, scope, records))
  const used = new Set(changes.flatMap(({ label }) => label ?? []))
  return {
    repository: repository.name,
    period: { name: period.name, from: period.from.toISOString(), to: period.to.toISOString(), zone },
    labels: (scope.labels ?? [...used].sort(byAlphabet)).filter((label) => used.has(label)),
    changes,
    tools: tools.sort((one, other) => one.tool.localeCompare(other.tool)),
    exceptions: [...merges.flatMap(exceptionalMerge), ...pushes],
  }
}

type Merge = { seq: number; body: ChangeRecord }

function byTime({ body: one }: Merge, { body: other }: Merge): number {
  return Date.parse(one.mergedAt) - Date.parse(other.mergedAt)
}

function mergeIn({ kind, seq, body }: NotesRecord, { repository, period }: Scope): Merge[] {
  const change = body as ChangeRecord
  const isOurs =
    kind === 'merged' && change.repository.id === repository.id && isWithin(period, change.mergedAt)
  return isOurs ? [{ seq, body: change }] : []
}

function isWithin({ from, to }: NotesPeriod, time: string): boolean {
  const at = Date.parse(time)
  return from.getTime() <= at && at < to.getTime()
}

function releasedChange({ seq, body: change }: Merge, scope: Scope, records: NotesRecord[]): ReleasedChange {
  const { number, title, url, author, mergedAt, description, urgent } = change
  return {
    number,
    title,
    url,
    author: author?.login ?? null,
    mergedAt,
    label: labelOf(change, scope),
    tickets: description.tickets.filter((ticket) => ticket !== `#${number}`),
    urgent: urgent && { by: urgent.by, reason: urgent.reason },
    watch: watchOf(url, records),
    record: seq,
  }
}

function watchOf(url: string, records: NotesRecord[]): ReleasedChange['watch'] {
  const found = records.findLast(
    ({ kind, body }) => kind === 'watched' && (body as { url?: string }).url === url,
  )
  if (!found) return null
  const { verdict, why } = found.body as { verdict: string; why: string }
  return { verdict, why, record: found.seq }
}

function labelOf({ atMerge }: ChangeRecord, { labels, without }: Scope): string | null {
  if ('unverified' in atMerge) return null
  const isAmong = (list: string[], name: string) =>
    list.some((one) => one.toLowerCase() === name.toLowerCase())
  const names = atMerge.snapshot.labels.map(({ name }) => name).filter((name) => !isAmong(without, name))
  return (labels ?? names.toSorted(byAlphabet)).find((label) => isAmong(names, label)) ?? null
}

function byAlphabet(one: string, other: string): number {
  return one.localeCompare(other)
}

function exceptionalMerge({ seq, body: change }: Merge): NotesException[] {
  const { exception, number, base, mergeCommit, head, mergedBy } = change
  if (!exception) return []
  const commit = mergeCommit ?? head.sha
  const by = mergedBy?.login ?? null
  return [{ number, branch: base.ref, commit, by, bypassed: exception.bypassed, record: seq }]
}

function pushIn({ kind, seq, body }: NotesRecord, { repository, period }: Scope): NotesException[] {
  const push = body as DirectPush & { kind?: string; bypassed?: string[] }
  if (kind !== 'exception' || push.kind !== 'pushed') return []
  if (push.repository.id !== repository.id || !isWithin(period, push.at)) return []
  const { branch, after: commit, by, bypassed = [] } = push
  return [{ number: null, branch, commit, by: by?.login ?? null, bypassed, record: seq }]
}

/**
 * A month of a zone's calendar, as "2026-11": a merge at 06:30 UTC on November 1 belongs to October in Los Angeles.
 *
 * @returns undefined where the text is not a month of 2000 to 2099.
 */
export function monthPeriod(text: string, zone: string): NotesPeriod | undefined {
  const [, year, month] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(text) ?? []
  if (year === undefined || month === undefined) return undefined
  const after = month === '12' ? [Number(year) + 1, 1] : [Number(year), Number(month) + 1]
  const [from, to] = [startOfMonth([Number(year), Number(month)], zone), startOfMonth(after, zone)]
  return { name: `${months[Number(month) - 1]} ${year}`, from, to }
}

/**
 * The month that had ended last at a time, by a zone's calendar.
 *
 * @returns undefined for a month outside 2000 to 2099.
 */
export function monthBefore(at: Date, zone: string): NotesPeriod | undefined {
  const wall = new Date(wallAt(zone, at.getTime()))
  const last = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() - 1, 1))
  return monthPeriod(last.toISOString().slice(0, 7), zone)
}

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
]

function startOfMonth([year, month]: number[], zone: string): Date {
  const moment = parseMoment(`${year}-${String(month).padStart(2, '0')}-01T00:00`)
  if (!moment) throw new RangeError(`${year}-${month} is not a month`)
  return new Date(instantOfMoment(moment, zone, 'first'))
}

const day = 24 * 60 * 60_000

/**
 * Up to the end of each window that has closed, from the end of the window before, so that an urgent change between two windows
 * belongs to exactly one period.
 *
 * A year is searched, since a freeze may last for weeks. The first window in that time only begins a period.
 */
export function windowPeriods(settings: WindowSettings, now: Date): NotesPeriod[] {
  const ends = windowTransitions(settings, new Date(now.getTime() - 370 * day), new Date(now.getTime() + 1))
    .filter(({ to }) => to === 'closed')
    .map(({ at }) => at)
  return ends.slice(1).map((to, index) => ({
    name: `the window that closed ${withYear(to, settings.time_zone)}`,
    from: ends[index] ?? to,
    to,
  }))
}

/** The last of them; undefined where no two windows closed in that time. */
export function windowPeriod(settings: WindowSettings, now: Date): NotesPeriod | undefined {
  return windowPeriods(settings, now).at(-1)
}

/** "Wed, Nov 25, 2026, 11:00 AM PST": notes of different years are different ones. */
function withYear(at: Date, zone: string): string {
  const [weekday, date, time] = formatTimeShort(at, zone).split(', ')
  return `${weekday}, ${date}, ${new Date(wallAt(zone, at.getTime())).getUTCFullYear()}, ${time}`
}
