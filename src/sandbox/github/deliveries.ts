import type { Hono } from 'hono'
import pLimit from 'p-limit'
import type { GitHubContext, SandboxClock } from './context.ts'
import type { DeliveryFaults } from './delivery-faults.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import {
  type Delivery,
  type Hook,
  type HookPayload,
  headersOf,
  NO_CONNECTION,
  type Outcome,
  type Parcel,
  parcelAgain,
  parcelOf,
  post,
} from './hookshot.ts'

export type Deliveries = {
  /** Signs and sends the event in the background; the payload is serialised at once. Without a hook nothing happens. */
  emit(event: string, payload: HookPayload): void
  /** Ends when nothing is on its way anymore, deliveries that a fault holds back excepted. */
  settled(): Promise<void>
  /** Every attempt, oldest first. */
  log: Delivery[]
  routes: Hono<GitHubContext>
  /** Cuts off what is on its way and sends nothing anymore. */
  close(): Promise<void>
}

const AT_ONCE = 8

/**
 * The App's webhook. Deliveries of one pull request (or issue) keep their order, those of different ones run side by side;
 * a fault may change all of it. The receiver has 10 s (`timeoutMs`), and nothing is ever redelivered automatically.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
 */
export function createDeliveries(options: {
  clock: SandboxClock
  hook: () => Hook | undefined
  faults: DeliveryFaults
  timeoutMs?: number
}): Deliveries {
  const { clock, faults, timeoutMs = 10_000 } = options
  const log: Delivery[] = []
  const pending = new Set<Promise<void>>()
  const lanes = new Map<string, Promise<void>>()
  const inTurn = pLimit(AT_ONCE)
  const closing = new AbortController()
  let changed: Partial<Hook> = {}

  function hook(): Hook | undefined {
    const given = options.hook()
    return given && { ...given, ...changed }
  }
  async function attempt(parcel: Parcel, redelivery: boolean, answer?: Outcome): Promise<void> {
    const target = hook()
    if (!target || closing.signal.aborted) return
    const begun = { at: clock(), ticks: performance.now() }
    const headers = headersOf(parcel, target.secret)
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)])
    const outcome = answer ?? (await post(target.url, headers, parcel.body, signal))
    if (closing.signal.aborted) return
    const { body: payload, ...known } = parcel
    log.push({
      id: 100_000_000_001 + log.length,
      ...known,
      delivered_at: new Date(begun.at).toISOString().replace(/\.\d+/, ''),
      redelivery,
      duration: Math.round(performance.now() - begun.ticks) / 1000,
      throttled_at: null,
      url: target.url,
      request: { headers, payload },
      ...outcome,
    })
  }
  function track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => pending.delete(tracked))
    pending.add(tracked)
    return tracked
  }
  function dispatch(parcel: Parcel, redelivery: boolean, lane?: string): void {
    const send = () => track(inTurn(() => attempt(parcel, redelivery)))
    const fail = () => void track(attempt(parcel, redelivery, NO_CONNECTION))
    const { event, action, installation_id: installation } = parcel
    if (faults.takeOver({ event, action, installation, send, fail })) return
    if (lane === undefined) return void send()
    const last = track((lanes.get(lane) ?? Promise.resolve()).then(send))
    lanes.set(lane, last)
    void last.then(() => lanes.get(lane) === last && lanes.delete(lane))
  }
  async function settled(): Promise<void> {
    while (pending.size + faults.underway.size > 0) await Promise.all([...pending, ...faults.underway])
  }

  return {
    log,
    settled,
    emit(event, payload) {
      if (hook() && !closing.signal.aborted) dispatch(parcelOf(event, payload), false, laneOf(payload))
    },
    routes: deliveryRoutes({
      log,
      hook,
      configure(changes) {
        changed = { ...changed, ...changes }
      },
      redeliver: (delivery) => dispatch(parcelAgain(delivery), true),
    }),
    async close() {
      closing.abort()
      await Promise.all(pending)
    },
  }
}

function laneOf(payload: HookPayload): string {
  const { pull_request, issue } = payload as { pull_request?: { number: number }; issue?: { number: number } }
  return `${payload.repository?.id ?? ''}#${pull_request?.number ?? issue?.number ?? ''}`
}
