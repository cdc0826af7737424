import { type Finding, passed } from '../gate.ts'
import { code } from '../markdown.ts'
import type { Snapshot } from '../snapshot.ts'
import { evaluateUrgency } from '../urgent.ts'
import { windowSettings } from '../window-settings.ts'

/**
 * What a gate says to the urgent change that names an incident: it passes, or the fix could not ship. `named` says which incidents a
 * description names; undefined: none that matters.
 */
export function passForUrgentFix(
  snapshot: Snapshot,
  gates: Readonly<Record<string, unknown>>,
  { title, named }: { title: string; named: (body: string) => string | undefined },
): Finding | undefined {
  const window = windowSettings.safeParse(gates.release_window ?? {})
  const urgency = window.success ? evaluateUrgency(snapshot, window.data.urgent) : undefined
  if (urgency?.state !== 'valid') return undefined
  const names = named(snapshot.body)
  if (names === undefined) return undefined
  return passed(title, `It is marked as urgent by ${code(urgency.by.login)} and names ${names}.`, {
    next: [{ kind: 'recheck', at: urgency.until.toISOString() }],
  })
}
