import { statusOfError } from './errors.ts'

/** One attempt at a delivery, as `GET /app/hook/deliveries` lists it. A redelivery has a new id and the same guid. */
export type Attempt = {
  id: number
  guid: string
  /** Not the first attempt, but one that somebody asked for. */
  redelivery: boolean
  deliveredAt: Date
  statusCode: number
  event: string
  action: string | null
}

/** The GitHub operations that recovery needs: a page of attempts, newest first, and a redelivery. */
export type DeliveriesClient = {
  list: (cursor: string | undefined) => Promise<{ attempts: Attempt[]; next?: string }>
  redeliver: (id: number) => Promise<void>
}

type IsHandled = (event: string, action: string | null) => boolean

/** GitHub redelivers only deliveries of the last three days. */
const REACH = 72 * 3_600_000
const MOST_ATTEMPTS = 3

/**
 * Which attempts to ask for again, oldest first: attempts with one guid belong
 * together, the newest of them tells whether the delivery arrived, and three are enough.
 *
 * @param attempts all that were made since `since`, in any order. Where the first one of a guid is not among them, it was made before,
 * and so may others have been: such a delivery is left, since nobody can tell how often it was tried.
 * @param isHandled what has no handler would be dropped, and is not worth a redelivery.
 */
export function redeliveries(attempts: Attempt[], now: Date, isHandled: IsHandled = () => true): Attempt[] {
  return missed(attempts, now, isHandled).map(({ newest }) => newest)
}

/** `first` and `newest` of the attempts at one delivery that has not arrived. */
type Missed = { first: Attempt; newest: Attempt }

function missed(attempts: Attempt[], now: Date, isHandled: IsHandled): Missed[] {
  const oldest = now.getTime() - REACH
  return [...Map.groupBy(attempts, (attempt) => attempt.guid).values()]
    .filter((group) => group.length < MOST_ATTEMPTS)
    .flatMap((group) => {
      const first = group.find(({ redelivery }) => !redelivery)
      return first ? [{ first, newest: newestOf(group) }] : []
    })
    .filter(({ newest }) => !arrived(newest) && newest.deliveredAt.getTime() >= oldest)
    .filter(({ newest: { event, action } }) => isHandled(event, action))
    .sort((a, b) => a.newest.deliveredAt.getTime() - b.newest.deliveredAt.getTime())
}

/**
 * The deliveries, by their guid, that were asked for, and those that GitHub did not take. `unsettled`: when the first of those was
 * made that may have to be asked for once more.
 */
export type Recovered = {
  asked: string[]
  refused: { guid: string; problem: string }[]
  unsettled: Date | undefined
}

/**
 * Pages back over the attempts until before `since` (at most 72 h) and asks for the missed ones again. One that GitHub
 * refuses is left for the next round, and does not stop the others.
 *
 * @param since from when on everything may have been missed, with a margin; nothing: as far back as GitHub goes.
 */
export async function recover(
  client: DeliveriesClient,
  options: { now: Date; since?: Date | undefined; isHandled?: IsHandled },
): Promise<Recovered> {
  const { now, since, isHandled = () => true } = options
  const back = new Date(Math.max(now.getTime() - REACH, since?.getTime() ?? 0))
  const asked: string[] = []
  const refused: { guid: string; problem: string }[] = []
  const unsettled: number[] = []
  for (const { first, newest } of missed(await attemptsSince(client, back), now, isHandled)) {
    try {
      await client.redeliver(newest.id)
      asked.push(newest.guid)
      unsettled.push(first.deliveredAt.getTime())
    } catch (error) {
      refused.push({ guid: newest.guid, problem: error instanceof Error ? error.message : String(error) })
      if (!isFinal(error)) unsettled.push(first.deliveredAt.getTime())
    }
  }
  return { asked, refused, unsettled: unsettled.length > 0 ? new Date(Math.min(...unsettled)) : undefined }
}

/** GitHub does not know the delivery anymore, or does not deliver it again. */
function isFinal(error: unknown): boolean {
  return [404, 422].includes(statusOfError(error) ?? 0)
}

/** A page whose oldest attempt is before `back` is the last one that is read. */
async function attemptsSince(client: DeliveriesClient, back: Date): Promise<Attempt[]> {
  const all: Attempt[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await client.list(cursor)
    all.push(...page.attempts.filter((attempt) => attempt.deliveredAt >= back))
    const last = page.attempts.at(-1)
    if (page.next === undefined || page.next === cursor || !last || last.deliveredAt < back) return all
    cursor = page.next
  }
}

function newestOf(group: Attempt[]): Attempt {
  return group.reduce((a, b) => (later(b, a) ? b : a))
}

function later(a: Attempt, b: Attempt): boolean {
  const byTime = a.deliveredAt.getTime() - b.deliveredAt.getTime()
  return byTime !== 0 ? byTime > 0 : a.id > b.id
}

function arrived(attempt: Attempt): boolean {
  return attempt.statusCode >= 200 && attempt.statusCode < 300
}
