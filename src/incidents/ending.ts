import { type KnownIncident, storedIncident } from '../store/incidents.ts'
import { decideAgain } from './evaluate-incident.ts'
import type { IncidentShell } from './shell.ts'

export type EndOrder = { by: string; reason: string }

/**
 * Ends an incident whose issue is gone: nobody can close it. Any other one is resolved by closing its issue.
 * @returns why it was not ended; undefined: it is.
 */
export async function endGoneIncident(
  shell: IncidentShell,
  known: KnownIncident,
  { by, reason }: EndOrder,
): Promise<string | undefined> {
  const stored = await storedIncident(shell.database, known)
  if (!stored) return 'There is no such incident.'
  if (stored.incident.state === 'resolved')
    return `It is resolved already, by ${stored.incident.resolved?.by}.`
  if (!stored.facts.goneSince)
    return `Its issue is still there: ${stored.facts.url}. Close it as completed once it is resolved.`
  const ended = { by, reason, at: shell.now().toISOString() }
  await decideAgain(shell, stored, (facts) => ({ ...facts, ended }))
  return undefined
}
