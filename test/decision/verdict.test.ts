import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Finding, type FindingState, failed, passed, waiting } from '../../src/decision/gate.ts'
import { gates } from '../../src/decision/gates/index.ts'
import { checkReport } from '../../src/decision/report.ts'
import { decide, type GateFinding, type Verdict, verdictOf, worst } from '../../src/decision/verdict.ts'
import { aliveIn } from '../support/rendered.ts'
import {
  aBot,
  aLabel,
  anApproval,
  ann,
  aPolicy,
  aSnapshot,
  bob,
  inWindow,
  minutesLater,
} from '../support/snapshot.ts'

const states: FindingState[] = ['passed', 'waiting', 'failed']
const approved = aSnapshot({ reviews: [anApproval(ann), anApproval(bob)] })

afterEach(() => vi.restoreAllMocks())

function judged(finding: Finding): GateFinding {
  return { gate: 'approvals', gateTitle: 'Approvals', ...finding }
}

describe('the worst finding wins', () => {
  const pairs = states.flatMap((one) => states.map((other) => [one, other] as const))
  it.each(pairs)('of %s and %s', (one, other) => {
    const expected = [one, other].includes('failed')
      ? 'failed'
      : [one, other].includes('waiting')
        ? 'waiting'
        : 'passed'
    expect(worst([one, other])).toBe(expected)
  })

  it('and the verdict keeps every finding and every step', () => {
    const step = { kind: 'recheck' as const, at: '2026-11-25T18:59:00.000Z' }
    const findings = [
      judged(passed('Good', 'It is good.', { next: [step] })),
      judged(waiting('Soon', 'It comes soon.')),
      judged(failed('Bad', 'It is bad.', { next: [step] })),
    ]
    expect(verdictOf(findings)).toEqual({ state: 'failed', findings, next: [step, step] })
  })
})

describe("a clock that is not GitHub's", () => {
  it.each([
    [720, "about 12 minutes ahead of GitHub's"],
    [-31, "about a minute behind GitHub's"],
    [-7_260, "about 2 hours 1 minute behind GitHub's"],
  ])('by %i seconds fails whatever the gates find', (clockAhead, words) => {
    const verdict = decide({ ...approved, clockAhead }, aPolicy({ approvals: {} }))
    expect(verdict.state).toBe('failed')
    expect(verdict.findings[0]).toMatchObject({ gate: 'clock', reason: expect.stringContaining(words) })
  })

  it.each([30, -30, 0, undefined])('by %s seconds does no harm', (seconds) => {
    const snapshot = seconds === undefined ? approved : { ...approved, clockAhead: seconds }
    expect(decide(snapshot, aPolicy({ approvals: {} })).state).toBe('passed')
  })

  it('is named in the same words from one second to the next, so that the check is not written again', () => {
    const [one, next] = [700, 701].map((clockAhead) =>
      checkReport(decide({ ...approved, clockAhead }, aPolicy({ approvals: {} })), approved, []),
    )
    expect(one).toEqual(next)
  })
})

describe('a snapshot is evaluated', () => {
  it('by every gate that the policy names, in the order of the list', () => {
    const policy = aPolicy({ release_window: {}, approvals: {} })
    expect(decide(approved, policy).findings.map(({ gate }) => gate)).toEqual(['approvals', 'release_window'])
    expect(decide(approved, policy).state).toBe('passed')
  })

  it('by no gate that it does not name', () => {
    const verdict = decide(aSnapshot(), aPolicy({ release_window: {} }))
    expect(verdict.findings.map(({ gate }) => gate)).toEqual(['release_window'])
    expect(verdict.state).toBe('passed')
  })

  it('as a failure where the policy names no gates, since nothing would be guarded', () => {
    const verdict = decide(approved, aPolicy({}))
    expect(verdict.state).toBe('failed')
    expect(verdict.findings).toMatchObject([{ gate: 'policy', title: 'The policy names no gates' }])
    expect(verdict.next).toEqual([])
  })

  it('to the same verdict for the same input, without changing it', () => {
    const policy = aPolicy()
    const [facts, settings] = [structuredClone(approved), structuredClone(policy)]
    const first = decide(approved, policy)
    expect(decide(structuredClone(approved), policy)).toEqual(first)
    expect(JSON.stringify(decide(approved, settings))).toBe(JSON.stringify(first))
    expect(approved).toEqual(facts)
    expect(policy).toEqual(settings)
  })
})

describe('an ordered freeze', () => {
  const frozen = { reason: 'Ledger', by: 'eva', since: inWindow }
  const urgent = { labels: [aLabel({ at: minutesLater(-10, inWindow) })] }
  const policies = [{ approvals: {} }, { hold: {} }, { approvals: {}, hold: {} }, { staging_regression: {} }]
  const open = ({ findings }: Verdict) => findings.filter(({ state }) => state !== 'passed')

  it.each(policies)('applies under %j, which names no release window', (gates) => {
    const before = decide(approved, aPolicy(gates))
    const verdict = decide({ ...approved, frozen }, aPolicy(gates))
    expect(verdict.findings).toEqual([...before.findings, expect.objectContaining({ gate: 'freeze' })])
    expect(open(verdict).at(-1)).toMatchObject({
      gate: 'freeze',
      gateTitle: 'Freeze',
      state: 'waiting',
      title: 'Frozen: Ledger',
      who: expect.stringContaining('release-gate unfreeze'),
    })
  })

  it('is evaluated again when it ends, and has no finding from then on', () => {
    const until = minutesLater(20, inWindow)
    const ending = { ...approved, frozen: { ...frozen, until } }
    expect(decide(ending, aPolicy({ approvals: {} })).next).toEqual([{ kind: 'recheck', at: until }])
    const after = decide({ ...ending, takenAt: until }, aPolicy({ approvals: {} }))
    expect(after.findings.map(({ gate }) => gate)).toEqual(['approvals'])
    expect(after.state).toBe('passed')
  })

  it('is lifted by the label urgent until that expires, and nothing else is', () => {
    const verdict = decide({ ...approved, frozen, ...urgent }, aPolicy({ approvals: {} }))
    expect(verdict.state).toBe('passed')
    expect(verdict.findings.at(-1)).toMatchObject({ gate: 'freeze', title: 'Urgent by ann' })
    expect(verdict.next).toHaveLength(1)
    expect(decide({ ...aSnapshot(urgent), frozen }, aPolicy({ approvals: {} })).state).toBe('waiting')
  })

  it('is not lifted by a label that does not count', () => {
    const byBot = { labels: [aLabel({ by: aBot('helper'), at: minutesLater(-10, inWindow) })] }
    const verdict = decide({ ...approved, frozen, ...byBot }, aPolicy({ approvals: {} }))
    expect(open(verdict)).toMatchObject([{ gate: 'freeze', reason: expect.stringContaining('helper') }])
  })

  it('is reported once where the policy names a release window', () => {
    const verdict = decide({ ...approved, frozen }, aPolicy())
    expect(verdict.findings.map(({ gate }) => gate)).toEqual(['approvals', 'release_window'])
    expect(open(verdict)).toMatchObject([{ title: 'Frozen: Ledger' }])
  })

  it('does not hide that a policy names no gates', () => {
    expect(decide({ ...approved, frozen }, aPolicy({})).state).toBe('failed')
  })
})

describe('a pull request that makes the policy invalid', () => {
  const problem = { file: '.github/release-gate.yml', line: 2, column: 3, message: 'unknown key `aprovals`' }
  const verdict = decide({ ...approved, policyProblems: [problem] }, aPolicy())

  it('fails, whatever else passes', () => {
    expect(decide(approved, aPolicy()).state).toBe('passed')
    expect(verdict.state).toBe('failed')
    expect(verdict.findings[0]).toMatchObject({
      gate: 'policy',
      title: 'This change makes the policy invalid: line 2',
    })
  })

  it('is annotated at the line and column', () => {
    const { annotations, conclusion } = checkReport(verdict, approved)
    expect(conclusion).toBe('failure')
    expect(annotations).toEqual([{ path: problem.file, line: 2, column: 3, message: problem.message }])
  })

  it('and no other pull request has annotations', () => {
    expect(checkReport(decide(approved, aPolicy()), approved)).not.toHaveProperty('annotations')
  })
})

describe('a gate that throws is a failed finding', () => {
  it.each([
    ['an error', new RangeError('out of range'), 'out of range'],
    ['something else', 'a string', 'a string'],
    ['nothing', undefined, 'undefined'],
  ])('%s', (_name, thrown, why) => {
    vi.spyOn(gates.approvals, 'evaluate').mockImplementation(() => {
      throw thrown
    })
    const verdict = decide(approved, aPolicy())
    expect(verdict.state).toBe('failed')
    expect(verdict.findings.map(({ state }) => state)).toEqual(['failed', 'passed'])
    expect(verdict.findings[0]?.reason).toContain(why)
  })

  it('whose message stays dead text', () => {
    vi.spyOn(gates.approvals, 'evaluate').mockImplementation(() => {
      throw new Error('"@acme/all <b>" |\nis [bad](https://evil.example)')
    })
    const [first] = decide(approved, aPolicy()).findings
    expect(first?.reason).not.toContain('\n')
    expect(aliveIn(first?.reason ?? '')).toEqual([])
  })
})
