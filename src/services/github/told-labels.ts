import type { PullRef } from '../../decision/snapshot.ts'
import type { FactStore } from '../../store/facts.ts'
import type { LabelEvent } from './timeline.ts'

/**
 * What GitHub has told in events of a label of a pull request. GitHub lists who added a label up to minutes after it shows the label
 * and sends the event: until then an older event of somebody else would stand for it. An event gives nobody any authority. It only says what
 * the list must hold before it is believed.
 */
export type ToldLabel = { name: string; action: LabelEvent['action']; by: number; at: string }

type Told = Partial<Record<ToldLabel['action'], Pick<ToldLabel, 'by' | 'at'>>>

/** Keeps the newest event of each kind: events can arrive late and in any order. */
export async function noteToldLabel(
  facts: Pick<FactStore, 'get' | 'put'>,
  pull: PullRef,
  { name, action, by, at }: ToldLabel,
): Promise<void> {
  const key = keyOf(pull, name)
  const told = (await facts.get<Told>(key)) ?? {}
  const known = told[action]
  if (known && Date.parse(known.at) > Date.parse(at)) return
  await facts.put(key, { ...told, [action]: { by, at } } satisfies Told)
}

/** Those of some labels for which the list lacks an event that GitHub sent. `until`: as of that time, whatever was sent later. */
export async function unlistedLabels(
  facts: Pick<FactStore, 'get'>,
  pull: PullRef,
  names: string[],
  { events, now, until }: { events: LabelEvent[]; now: Date; until?: string | undefined },
): Promise<string[]> {
  const unlisted: string[] = []
  for (const name of names) {
    const told = (await facts.get<Told>(keyOf(pull, name))) ?? {}
    const own = events.filter((event) => event.name.toLowerCase() === name.toLowerCase())
    const isMissing = (Object.entries(told) as [ToldLabel['action'], { by: number; at: string }][]).some(
      ([action, { by, at }]) =>
        (until === undefined || Date.parse(at) <= Date.parse(until)) &&
        now.getTime() - Date.parse(at) < listedBy &&
        !isListed({ name, action, by, at }, own),
    )
    if (isMissing) unlisted.push(name)
  }
  return unlisted
}

/** Without an end, an event that it sends and never lists would keep a label from counting forever. */
const listedBy = 60 * 60_000

/** The time of an event is that of the pull request when GitHub wrote the event down, which may be a little later than in the list. */
const tolerance = 60_000

/** Events are listed in their order: one that is listed, or a clearly later one. */
function isListed(told: ToldLabel, events: LabelEvent[]): boolean {
  const at = Date.parse(told.at)
  return events.some((event) => {
    const isIt = event.action === told.action && event.by?.id === told.by
    return Date.parse(event.at) >= (isIt ? at - tolerance : at + tolerance)
  })
}

function keyOf({ installationId, repositoryId, number }: PullRef, name: string): string {
  return `told-label/${installationId}/${repositoryId}/${number}/${name.toLowerCase()}`
}
