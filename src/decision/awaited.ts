import { countApprovals } from './count-approvals.ts'
import { effectiveGates } from './overrides.ts'
import type { Policy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'
import type { GateFinding } from './verdict.ts'

type Facts = { snapshot: Snapshot; policy: Policy | undefined }

/**
 * Who can do what is missing, as far as they are known by name: whose review or label blocks, whose approval became stale, and the
 * teams of which nobody has approved.
 */
export function awaitedFor({ snapshot, policy }: Facts, findings: GateFinding[]): string[] {
  const isOpen = (name: string) => findings.some(({ gate }) => gate === name)
  const { approvals, hold } = effectiveGates({ snapshot, policy })
  const tally = approvals && isOpen('approvals') ? countApprovals(snapshot, approvals) : undefined
  const people = [...(tally?.blocks ?? []), ...(tally?.stale.map(({ review }) => review) ?? [])]
  const held = hold && isOpen('hold') ? labelled(snapshot, hold.label) : undefined
  const drafted = snapshot.draft && snapshot.author ? [snapshot.author.login] : []
  return [
    ...new Set([
      ...people.map(({ person }) => person.login),
      ...(tally?.missingTeams ?? []),
      ...(held ? [held] : []),
      ...drafted,
    ]),
  ]
}

function labelled({ labels }: Snapshot, wanted: string): string | undefined {
  return labels.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.by?.login
}
