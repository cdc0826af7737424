import { setTimeout as after } from 'node:timers/promises'

/** Which deliveries a fault meets. Without `times` it stays until it is removed. */
type DeliveryScope = { event?: string; action?: string; installation?: number; times?: number }

/**
 * - `drop`: the delivery fails on the way, and the log says so.
 * - `lose`: it is never made, and the log knows nothing of it.
 * - `double`: it arrives twice, with the same guid.
 * - `delay`: it arrives `delayMs` of real time later; others overtake it.
 * - `hold`: it arrives when the fault is removed; others overtake it.
 * - `reorder`: `count` deliveries (two when absent) are gathered and arrive newest first. Those of an incomplete group
 *   arrive when the fault is removed.
 */
export type DeliveryFault = DeliveryScope &
  (
    | { kind: 'drop' | 'lose' | 'double' | 'hold' }
    | { kind: 'delay'; delayMs: number }
    | { kind: 'reorder'; count?: number }
  )

/** One delivery as the faults see it. `fail` records a failed attempt without sending anything. */
export type Sending = {
  event: string
  action: string | null
  installation: number | null
  send(): Promise<void>
  fail(): void
}

export type DeliveryFaults = {
  /** True when a fault takes this delivery over; then the caller does nothing more with it. */
  takeOver(sending: Sending): boolean
  /** What faults are doing right now. Deliveries that are held or gathered are not in it until they are let go. */
  underway: ReadonlySet<Promise<void>>
  /** Adds a fault and returns the function that removes it and lets go of what it holds. */
  add(fault: DeliveryFault): () => void
  /** Removes all faults and lets go of what they hold. */
  clear(): void
}

type Armed = { fault: DeliveryFault; left: number; waiting: Sending[] }

/** The faults that `createDeliveries` consults before each delivery. */
export function createDeliveryFaults(): DeliveryFaults {
  const armed = new Set<Armed>()
  const underway = new Set<Promise<void>>()

  function start(work: Promise<void>): void {
    const tracked = work.finally(() => underway.delete(tracked))
    underway.add(tracked)
  }
  function release(entry: Armed): void {
    const waiting = entry.waiting.splice(0)
    start(sendInTurn(entry.fault.kind === 'reorder' ? waiting.reverse() : waiting))
  }
  function remove(entry: Armed): void {
    if (armed.delete(entry)) release(entry)
  }

  return {
    underway,
    takeOver(sending) {
      const entry = [...armed].find(({ fault, left }) => left > 0 && meets(fault, sending))
      if (!entry) return false
      entry.left -= 1
      if (entry.fault.kind === 'hold' || entry.fault.kind === 'reorder') entry.waiting.push(sending)
      else start(applyFault(entry.fault, sending))
      if (entry.fault.kind === 'reorder' && entry.waiting.length >= (entry.fault.count ?? 2)) release(entry)
      return true
    },
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY, waiting: [] }
      armed.add(entry)
      return () => remove(entry)
    },
    clear: () => armed.forEach(remove),
  }
}

function meets(fault: DeliveryFault, { event, action, installation }: Sending): boolean {
  return (
    (fault.event ?? event) === event &&
    (fault.action ?? action) === action &&
    (fault.installation ?? installation) === installation
  )
}

async function applyFault(fault: DeliveryFault, sending: Sending): Promise<void> {
  switch (fault.kind) {
    case 'drop':
      return sending.fail()
    case 'double':
      return sendInTurn([sending, sending])
    case 'delay':
      await after(fault.delayMs, undefined, { ref: false })
      return sending.send()
  }
}

async function sendInTurn(sendings: Sending[]): Promise<void> {
  for (const sending of sendings) await sending.send()
}
