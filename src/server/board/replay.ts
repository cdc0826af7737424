import type { ChangeRecord } from '../../decision/change-record.ts'
import type { FindingState } from '../../decision/gate.ts'
import type { Policy } from '../../decision/policy.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { decide } from '../../decision/verdict.ts'

type RecordedFinding = { gate: string; state: FindingState; title: string; reason: string }

/** The body of a `decided` record. */
export type DecidedBody = {
  pull: Snapshot['pull']
  head: string
  state: FindingState
  findings: RecordedFinding[]
  policy: { where: string; blob: string; valid: boolean; settings: Policy | null }
  snapshot: Snapshot
}

/** One gate in a record and in its replay; undefined where one of them does not have it. */
export type ReplayedGate = {
  gate: string
  recorded: RecordedFinding | undefined
  now: RecordedFinding | undefined
  same: boolean
}

export type Replay =
  | { kind: 'replayed'; same: boolean; recorded: FindingState; now: FindingState; gates: ReplayedGate[] }
  | { kind: 'not possible'; why: string }

/** Decides a record again from the facts and the policy in it. Pure: the same record gives the same answer for ever. */
export function replay({ kind, body }: { kind: string; body: object }): Replay {
  if (kind === 'decided') {
    const { state, findings, snapshot, policy } = body as DecidedBody
    if (!policy.settings)
      return { kind: 'not possible', why: 'The policy was invalid then, so no gate was evaluated.' }
    return compared({ state, findings }, snapshot, policy.settings)
  }
  if (kind === 'merged') {
    const { atMerge } = body as ChangeRecord
    if (!('state' in atMerge))
      return {
        kind: 'not possible',
        why: 'The facts at the merge could not be read, so nothing was decided.',
      }
    if (!atMerge.policy)
      return { kind: 'not possible', why: 'The policy was invalid then, so no gate was evaluated.' }
    return compared({ state: atMerge.state, findings: atMerge.gates }, atMerge.snapshot, atMerge.policy)
  }
  return { kind: 'not possible', why: 'This record holds no decision.' }
}

function compared(
  recorded: { state: FindingState; findings: RecordedFinding[] },
  snapshot: Snapshot,
  policy: Policy,
): Replay {
  const verdict = decide(snapshot, policy)
  const before = new Map(recorded.findings.map((finding) => [finding.gate, finding]))
  const after = new Map<string, RecordedFinding>(verdict.findings.map((finding) => [finding.gate, finding]))
  const gates = [...new Set([...before.keys(), ...after.keys()])].map((gate) => {
    const [one, other] = [before.get(gate), after.get(gate)]
    return { gate, recorded: one, now: other, same: isSameFinding(one, other) }
  })
  const same = verdict.state === recorded.state && gates.every((gate) => gate.same)
  return { kind: 'replayed', same, recorded: recorded.state, now: verdict.state, gates }
}

function isSameFinding(one: RecordedFinding | undefined, other: RecordedFinding | undefined): boolean {
  return one?.state === other?.state && one?.title === other?.title && one?.reason === other?.reason
}
