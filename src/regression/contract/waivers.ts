import { isValid } from 'date-fns/isValid'
import { parseISO } from 'date-fns/parseISO'
import type { ContractChange } from './change.ts'
import { visible } from './hidden-characters.ts'

/**
 * A change that the team accepts temporarily. Without a path it covers the rule anywhere in the tool, without a tool a change of the
 * server. `expires` is its last day.
 */
export type Waiver = {
  rule: string
  tool?: string | undefined
  path?: string | undefined
  reason: string
  expires: string
}

export type WaivedChange = ContractChange & {
  /** The reason of the waiver that covers the change. */
  waived?: string
}

/**
 * Marks the changes that a waiver covers. A waiver covers only changes that would otherwise fail or warn. An expired waiver
 * covers nothing, and one that covers nothing is itself a problem: a waiver must not outlive its purpose. `today` is an ISO
 * date.
 */
export function applyWaivers(
  changes: readonly ContractChange[],
  waivers: readonly Waiver[],
  today: string,
): { changes: WaivedChange[]; problems: string[] } {
  const problems = waivers.flatMap((waiver) => problemOf(waiver, changes, today) ?? [])
  const valid = waivers.filter((waiver) => !isOver(waiver, today))
  return {
    changes: changes.map((change) => {
      const waiver = valid.find((candidate) => covers(candidate, change))
      return waiver === undefined ? change : { ...change, waived: waiver.reason }
    }),
    problems,
  }
}

function problemOf(waiver: Waiver, changes: readonly ContractChange[], today: string): string | undefined {
  const place = waiver.path === undefined ? '' : ` at ${waiver.path === '' ? 'its root' : waiver.path}`
  const name = visible(`The waiver of ${waiver.rule} for ${waiver.tool ?? 'the server'}${place}`)
  if (!isDate(waiver.expires)) return `${name} expires on ${visible(waiver.expires)}, which is not a date.`
  if (isOver(waiver, today)) return `${name} expired on ${waiver.expires}: renew it or remove it.`
  if (changes.some((change) => covers(waiver, change))) return undefined
  return `${name} no longer matches any change: remove it.`
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && isValid(parseISO(text))
}

/** ISO dates compare as text. An invalid date, on either side, counts as expired: fail closed. */
function isOver(waiver: Waiver, today: string): boolean {
  const day = today.slice(0, 10)
  return !isDate(waiver.expires) || !isDate(day) || waiver.expires < day
}

function covers(waiver: Waiver, change: ContractChange): boolean {
  if (change.severity !== 'breaking' && change.severity !== 'warning') return false
  if (waiver.rule !== change.rule || (waiver.tool ?? '') !== change.tool) return false
  return waiver.path === undefined || waiver.path === change.path
}
