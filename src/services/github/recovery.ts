/** One attempt at a delivery, as `GET /app/hook/deliveries` lists it. A redelivery has a new id and the same guid. */
export type Attempt = {
  id: number
  guid: string
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
 * @param attempts all that were made since `since`, in any order.
 * @param isHandled what has no handler would be dropped, and is not worth a redelivery.
 */
export function redeliveries(attempts: Attempt[], now: Date, isHandled: IsHandled = () => true): Attempt[] {
  const oldest = now.getTime() - REACH
  return [...Map.groupBy(attempts, (attempt) => attempt.guid).values()]
    .filter((group) => group.length < MOST_ATTEMPTS)
    .map(newest)
    .filter((attempt) => !arrived(attempt) && attempt.deliveredAt.getTime() >= oldest)
    .filter(({ event, action }) => isHandled(event, action))
    .sort((a, b) => a.deliveredAt.getTime() - b.deliveredAt.getTime())
}

/**
 * Pages back over the attempts until before `since` (at most 72 h) and asks for the missed ones again. One that GitHub
 * refuses is left for the next round, and does not stop the others.
 *
 * @param since when the bot was last known to receive, with a margin; nothing: as far back as GitHub goes.
 */
export async function recover(
  client: DeliveriesClient,
  options: { now: Date; since?: Date; isHandled?: IsHandled },
): Promise<{ asked: string[]; refused: { guid: string; problem: string }[] }> {
  const { now, since, isHandled } = options
  const back = new Date(Math.max(now.getTime() - REACH, since?.getTime() ?? 0))
  const asked: string[] = []
  const refused: { guid: string; problem: string }[] = []
  for (const attempt of redeliveries(await attemptsSince(client, back), now, isHandled)) {
    try {
      await client.redeliver(attempt.id)
      asked.push(attempt.guid)
    } catch (error) {
      refused.push({ guid: attempt.guid, problem: error instanceof Error ? error.message : String(error) })
    }
  }
  return { asked, refused }
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

function newest(group: Attempt[]): Attempt {
  return group.reduce((a, b) => (later(b, a) ? b : a))
}

function later(a: Attempt, b: Attempt): boolean {
  const byTime = a.deliveredAt.getTime() - b.deliveredAt.getTime()
  return byTime !== 0 ? byTime > 0 : a.id > b.id
}

function arrived(attempt: Attempt): boolean {
  return attempt.statusCode >= 200 && attempt.statusCode < 300
}
