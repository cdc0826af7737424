import { windowStateAt } from './calendar.ts'
import { noWindow } from './freeze.ts'
import { findingLines, openFindings, type VerdictAtMerge, withoutMargin } from './merge-exception.ts'
import { withEffectivePolicy } from './overrides.ts'
import { evaluateUrgency, type Urgency } from './urgent.ts'
import { decide, type GateFinding } from './verdict.ts'

/** Why it could be merged at that time, and what an urgent merge skipped. */
export type Timing =
  | { kind: 'any time' }
  | { kind: 'closed' }
  | { kind: 'window'; closesAt: string | undefined; zone: string }
  | {
      kind: 'urgent'
      by: string
      byId: number
      at: string
      until: string
      zone: string
      reason?: string
      skipped: string[]
    }

/**
 * The window at the time of a merge. Urgency counts only where it lifted something, the window, a freeze or the
 * regression: an open window alone needs no label.
 */
export function timingOf(evaluated: Pick<VerdictAtMerge, 'snapshot' | 'policy'>, at: string): Timing {
  const standing = withEffectivePolicy(evaluated)
  const named = standing.policy?.gates.release_window
  const window = named ?? noWindow
  const zone = window.time_zone
  const without = openWithoutLabel(standing, window.urgent.label, at)
  const urgency = evaluateUrgency({ ...standing.snapshot, takenAt: at }, window.urgent)
  const deferred =
    named !== undefined &&
    urgency.state === 'valid' &&
    isOpen(without, 'staging_regression') &&
    !isOpen(openAt(standing, at), 'staging_regression')
  if (!isOpen(without, 'release_window') && !isOpen(without, 'freeze') && !deferred) {
    if (!named) return { kind: 'any time' }
    return { kind: 'window', closesAt: windowStateAt(window, new Date(at)).closesAt?.toISOString(), zone }
  }
  return urgency.state === 'valid'
    ? { kind: 'urgent', ...urgent(urgency), zone, skipped: findingLines(without) }
    : { kind: 'closed' }
}

function isOpen(findings: GateFinding[], gate: GateFinding['gate']): boolean {
  return findings.some((finding) => finding.gate === gate)
}

/** What the label made pass. */
function openWithoutLabel(
  { snapshot, policy }: Pick<VerdictAtMerge, 'snapshot' | 'policy'>,
  label: string,
  at: string,
): GateFinding[] {
  const labels = snapshot.labels.filter(({ name }) => name.toLowerCase() !== label.toLowerCase())
  return openAt({ snapshot: { ...snapshot, labels }, policy }, at)
}

function openAt(
  { snapshot, policy }: Pick<VerdictAtMerge, 'snapshot' | 'policy'>,
  at: string,
): GateFinding[] {
  return policy ? openFindings(decide({ ...snapshot, takenAt: at, takeBack: 0 }, withoutMargin(policy))) : []
}

function urgent({ by, at, until, reason }: Urgency & { state: 'valid' }) {
  const times = { at: at.toISOString(), until: until.toISOString() }
  return { by: by.login, byId: by.id, ...times, ...(reason === undefined ? {} : { reason }) }
}
