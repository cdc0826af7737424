/** How many of the merges in a period were urgent. `share` is between 0 and 1, and 0 without merges. */
export type UrgentShare = { merged: number; urgent: number; share: number }

type Record = { kind: string; at: Date; body: object }

/** Auditors ask about a share above this. */
export const urgentShareThreshold = 0.1

/**
 * The share of urgent changes among the change records of [from, to). A merge counts as urgent if its label lifted something.
 * One that bypassed the gate counts as merged, not as urgent.
 */
export function urgentShare(records: Iterable<Record>, { from, to }: { from: Date; to: Date }): UrgentShare {
  let merged = 0
  let urgent = 0
  for (const { kind, at, body } of records) {
    if (kind !== 'merged' || at < from || at >= to) continue
    merged += 1
    if ('urgent' in body && body.urgent !== null) urgent += 1
  }
  return { merged, urgent, share: merged === 0 ? 0 : urgent / merged }
}
