import { effectiveGates } from '../../decision/overrides.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { timeZoneOf } from '../../decision/window-settings.ts'
import { factsReadAt } from '../../store/board/open-pulls.ts'
import {
  commandRecords,
  exemptionRecords,
  type KnownChange,
  publishedOn,
  recordsAfterMerge,
  recordsOfChange,
} from '../../store/board/records-of-change.ts'
import type { Database } from '../../store/database.ts'
import { activeFreezes, frozenFact } from '../../store/freezes.ts'
import { landingOf } from '../../store/landings.ts'
import { latestVerdict, type StoredVerdict } from '../../store/verdicts.ts'
import type { DecidedBody } from './replay.ts'
import { timelineOf } from './timeline.ts'
import type { TimelineEntry } from './timeline-records.ts'

/** What the page of one change shows. `older`: the record before which the timeline goes on. */
export type ChangeView = {
  change: KnownChange
  stored: StoredVerdict | undefined
  freeze: Pick<Snapshot, 'frozen'>
  /** In which times are shown, as the check shows them. */
  zone: string
  readAt: Date | undefined
  merged: boolean
  review: { number: number; url: string; dueAt: Date | undefined } | undefined
  entries: TimelineEntry[]
  older: number | undefined
}

/** So many verdicts are on one page of a timeline. */
const most = 40

export async function changeView(
  database: Database,
  change: KnownChange,
  { now, before }: { now: Date; before: number | undefined },
): Promise<ChangeView> {
  const stored = await latestVerdict(database, change)
  const zone = timeZoneOf(stored ? effectiveGates(stored) : {})
  const landing = await landingOf(database, { repository: change, key: `#${change.number}` })
  // One more than is shown: what changed with the oldest one shown follows from the one before it.
  const own = await recordsOfChange(database, change, { before, limit: most + 1 })
  const shown = own.slice(0, most)
  const earlier = own[most]
  const heads = [...new Set(shown.flatMap(({ body }) => (body as Partial<DecidedBody>).head ?? []))]
  const [first, last] = [shown.at(-1)?.seq ?? 0, before ?? Number.MAX_SAFE_INTEGER]
  const isWithin = ({ seq }: { seq: number }) => seq > (earlier ? first : 0) && seq < last
  const published = (await publishedOn(database, change, heads)).filter(isWithin)
  const exemptions = (await exemptionRecords(database, change)).filter(isWithin)
  const commands = (await commandRecords(database, change)).filter(isWithin)
  const after = before === undefined ? await recordsAfterMerge(database, change) : []
  return {
    change,
    stored,
    freeze: frozenFact(await activeFreezes(database, now), change),
    zone,
    readAt: await factsReadAt(database, change),
    merged: landing !== undefined,
    review: landing?.issue && { ...landing.issue, dueAt: landing.dueAt },
    entries: timelineOf([...shown, ...published, ...exemptions, ...commands, ...after], {
      before: decidedBefore(earlier),
      zone,
    }),
    older: earlier && shown.at(-1)?.seq,
  }
}

function decidedBefore<One extends { kind: string }>(record: One | undefined): One | undefined {
  return record?.kind === 'decided' ? record : undefined
}
