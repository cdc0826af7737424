import type { GitHub } from '../services/github/client.ts'
import { deliveriesClient } from '../services/github/deliveries.ts'
import { type Recovered, recover } from '../services/github/recovery.ts'
import type { Database } from '../store/database.ts'
import { factStore } from '../store/facts.ts'
import { isHandled } from './events.ts'

/** How far before the last round to search for missed deliveries, since an attempt is listed when it has ended. */
const margin = 60 * 60_000

const lastRound = 'recovery/last-round'

/**
 * Requests the deliveries again that GitHub could not deliver; at the first round, all that it still has. That a newer one has
 * arrived says nothing of those before it, so each round goes on where the last one was complete: at its time, or where a delivery
 * was first made of which it is not known yet that it has arrived.
 */
export async function requestMissed(
  { database, now }: { database: Database; now: () => Date },
  app: GitHub,
): Promise<Recovered> {
  const store = factStore(database, now)
  const round = await store.get<{ at: string }>(lastRound)
  const since = round && new Date(Date.parse(round.at) - margin)
  const began = now()
  const recovered = await recover(deliveriesClient(app), { now: began, since, isHandled })
  await store.put(lastRound, { at: (recovered.unsettled ?? began).toISOString() })
  return recovered
}
