import { windowStateAt } from '../decision/calendar.ts'
import { dayOf } from '../decision/release-day.ts'
import { mergesText } from '../decision/release-day-text.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { landingOf, mergesToThread } from '../store/landings.ts'
import { sentNotice } from '../store/notices.ts'
import { channelWindows } from './channel-windows.ts'
import { type Connected, postOnce, threadOf, withNoticeLease } from './posting.ts'

/** Identifies the release day of a channel on which a window opens. */
export function dayKey(channel: string, opensAt: Date, zone: string): string {
  return `day/${channel}/${dayOf({ opensAt }, zone)}`
}

/** One at a time for each channel, so that its day has one thread. */
export function withDayLease<Result>(
  shell: Connected,
  channel: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return withNoticeLease(shell, `release day ${channel}`, work)
}

/**
 * The thread of the day in which a change was merged, which says so in place of the thread of its message. Undefined: it was merged in no
 * window or without the gate, or its day was not announced.
 */
export async function dayThread(
  { database }: Pick<Connected, 'database'>,
  { pull, slack: { channel } }: { pull: PullRef; slack: { channel: string } },
): Promise<DayThread | undefined> {
  const landing = await landingOf(database, { repository: pull, key: `#${pull.number}` })
  if (landing?.notice.kind !== 'merged') return undefined
  const windows = (await channelWindows(database)).get(channel) ?? []
  const window = windows.find((each) => each.repositoryId === pull.repositoryId)
  if (!window) return undefined
  const state = windowStateAt(window.settings, landing.landedAt)
  if (!state.open || !state.opensAt) return undefined
  const root = dayKey(channel, state.opensAt, window.settings.time_zone)
  if (!(await sentNotice(database, root))) return undefined
  return { channel, root, since: state.opensAt, repositoryIds: windows.map((each) => each.repositoryId) }
}

export type DayThread = {
  channel: string
  /** The key of its first message. */
  root: string
  since: Date
  repositoryIds: number[]
}

/** Names a merge in the thread of its day, together with all others that are not named there yet. */
export async function postMergeToDayThread(
  shell: Connected & { redact: <Value>(value: Value) => Value },
  { channel, root, since, repositoryIds }: DayThread,
  signal: AbortSignal,
): Promise<void> {
  await withDayLease(shell, channel, async () => {
    const waiting = await mergesToThread(shell.database, repositoryIds, since)
    const merges = waiting.flatMap(({ notice }) => (notice.kind === 'merged' ? [shell.redact(notice)] : []))
    if (merges.length === 0) return
    const message = mergesText(merges)
    const [key = '', ...also] = merges.map((merge) => `${merge.key} in its day`)
    const begun = await threadOf(shell, root, signal)
    const place = begun ? { channel: begun.channel, thread: begun.ts } : { channel, begins: root }
    await postOnce(shell, { key, also, ...place, message }, signal)
  })
}
