import { z } from 'zod'
import type { PageTarget } from '../decision/incidents/escalation-settings.ts'
import type { WantedPage } from '../decision/incidents/pagerduty-page.ts'
import { callJson } from './http.ts'

/** The operator's PagerDuty: a routing key for each of those who can be paged. */
export type Paging = { eventsUrl: string; keys: { [target in PageTarget]?: string | undefined } }

const accepted = z.object({ status: z.literal('success') })

type Calling = { signal: AbortSignal; now: () => Date }

/**
 * Sends one event: https://developer.pagerduty.com/docs/send-alert-event. Accepted means that PagerDuty has it, not that
 * someone was paged. The same key again is the same alert.
 * @throws as `callJson`, and where the answer is not as documented.
 */
export async function sendPage(
  { eventsUrl, keys }: Paging,
  dedupKey: string,
  { target, action, summary, severity, url }: WantedPage,
  calling: Calling,
): Promise<void> {
  const body = {
    routing_key: keys[target],
    event_action: action,
    dedup_key: dedupKey,
    ...(action === 'trigger'
      ? {
          payload: { summary, source: 'release-gate', severity },
          client: 'release-gate',
          client_url: url,
          links: [{ href: url, text: 'The incident' }],
        }
      : {}),
  }
  const answer = await callJson({
    ...calling,
    system: 'PagerDuty',
    url: new URL('/v2/enqueue', eventsUrl).href,
    method: 'POST',
    body,
  })
  if (!accepted.safeParse(answer).success) throw new Error('PagerDuty did not answer as documented')
}

/** Tells PagerDuty of a merge: https://developer.pagerduty.com/docs/send-change-event */
export async function sendChange(
  { eventsUrl, keys }: Paging,
  { summary, at, url }: { summary: string; at: string; url: string },
  calling: Calling,
): Promise<void> {
  await callJson({
    ...calling,
    system: 'PagerDuty',
    url: new URL('/v2/change/enqueue', eventsUrl).href,
    method: 'POST',
    body: {
      routing_key: keys.on_call,
      payload: { summary, source: 'release-gate', timestamp: at },
      links: [{ href: url, text: 'The pull request' }],
    },
  })
}
