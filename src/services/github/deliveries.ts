import type { GitHub } from './client.ts'
import type { Attempt, DeliveriesClient } from './recovery.ts'

/** The App's own log of webhook deliveries; only the App itself may read it, so `app` is not an installation's client. */
export function deliveriesClient(app: GitHub): DeliveriesClient {
  return {
    list: async (cursor) => {
      const { data, headers } = await app.rest.apps.listWebhookDeliveries({
        per_page: 100,
        ...(cursor === undefined ? {} : { cursor }),
      })
      const next = nextCursor(headers.link)
      return { attempts: data.map(attempt), ...(next === undefined ? {} : { next }) }
    },
    redeliver: async (id) => {
      await app.rest.apps.redeliverWebhookDelivery({ delivery_id: id })
    },
  }
}

type Listed = {
  id: number
  guid: string
  redelivery: boolean
  delivered_at: string
  status_code: number
  event: string
  action: string | null
}

function attempt({ delivered_at: at, status_code: statusCode, ...listed }: Listed): Attempt {
  const { id, guid, redelivery, event, action } = listed
  return { id, guid, redelivery, deliveredAt: new Date(at), statusCode, event, action }
}

function nextCursor(link = ''): string | undefined {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(link) ?? []
  return url ? (new URL(url).searchParams.get('cursor') ?? undefined) : undefined
}
