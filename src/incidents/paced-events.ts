import type { PageTarget } from '../decision/incidents/escalation-settings.ts'
import { type PacedEvent, pauseEvents, reserveEvent } from '../store/event-pace.ts'
import { retryAfterError, retryTimeOf } from '../store/retry-after-error.ts'
import type { IncidentShell } from './shell.ts'

/**
 * Sends an event with a routing key, no faster than PagerDuty takes them.
 * @throws `retryAfterError` while there were too many, or when PagerDuty asks to wait. Only the queue waits.
 */
export async function sendPaced(
  { database, paging, now }: Pick<IncidentShell, 'database' | 'paging' | 'now'>,
  { target, kind }: { target: PageTarget; kind: PacedEvent },
  send: () => Promise<void>,
): Promise<void> {
  const key = paging.keys[target] ?? ''
  const turn = await reserveEvent(database, key, kind, now())
  if (turn) throw retryAfterError(turn, 'PagerDuty takes about 120 events a minute')
  try {
    await send()
  } catch (error) {
    const until = retryTimeOf(error)
    if (until) await pauseEvents(database, key, until)
    throw error
  }
}
