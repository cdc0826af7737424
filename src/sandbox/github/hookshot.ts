import { createHmac, randomUUID } from 'node:crypto'

/** One attempt, in the shape of `GET /app/hook/deliveries/:id`; `request.payload` is still the raw bytes as text. */
export type Delivery = {
  id: number
  guid: string
  delivered_at: string
  redelivery: boolean
  /** Seconds. */
  duration: number
  /** `OK`, or what went wrong. */
  status: string
  status_code: number
  event: string
  action: string | null
  installation_id: number | null
  repository_id: number | null
  throttled_at: null
  url: string
  request: { headers: Record<string, string>; payload: string }
  response: { headers: Record<string, string>; payload: string }
}

export type Hook = { url: string; secret: string }

export type HookPayload = {
  action?: string
  installation?: { id: number }
  repository?: { id: number }
} & object

/** What every attempt of one delivery has in common: a redelivery sends the same bytes under the same guid. */
export type Parcel = Pick<Delivery, 'guid' | 'event' | 'action' | 'installation_id' | 'repository_id'> & {
  body: string
}

export type Outcome = Pick<Delivery, 'status' | 'status_code' | 'response'>

export const TIMED_OUT: Outcome = failure('timed out', 504)
export const NO_CONNECTION: Outcome = failure('failed to connect to host', 502)

export function parcelOf(event: string, payload: HookPayload): Parcel {
  return {
    guid: randomUUID(),
    event,
    action: payload.action ?? null,
    installation_id: payload.installation?.id ?? null,
    repository_id: payload.repository?.id ?? null,
    body: JSON.stringify(payload),
  }
}

/** The parcel of an attempt that is in the log. */
export function parcelAgain(delivery: Delivery): Parcel {
  const { guid, event, action, installation_id, repository_id, request } = delivery
  return { guid, event, action, installation_id, repository_id, body: request.payload }
}

export function headersOf({ guid, event, body }: Parcel, secret: string): Record<string, string> {
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/5a4d6b0',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-github-hook-id': '1',
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
}

/** Never throws. Redirects are not followed. `signal` ends the wait. */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    return {
      status: answer.ok ? 'OK' : `Invalid HTTP Response: ${answer.status}`,
      status_code: answer.status,
      response: { headers: Object.fromEntries(answer.headers), payload: await answer.text() },
    }
  } catch {
    return signal.aborted ? TIMED_OUT : NO_CONNECTION
  }
}

function failure(status: string, status_code: number): Outcome {
  return { status, status_code, response: { headers: {}, payload: '' } }
}
