import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failed, passed, waiting } from '../../src/decision/gate.ts'
import {
  brokenPolicyReport,
  checkReport,
  closedReport,
  pendingEvaluationReport,
  revokedReport,
  statusOf,
} from '../../src/decision/report.ts'
import { decide, type GateFinding, verdictOf } from '../../src/decision/verdict.ts'
import { aliveIn, rowsIn } from '../support/rendered.ts'
import { aBlock, anApproval, ann, aPolicy, aSnapshot, bob, head } from '../support/snapshot.ts'

const at = { head: { sha: head, ref: 'feature', fork: false } }
const limit = 65_535

function finding(what: Omit<GateFinding, 'gate' | 'gateTitle'>): GateFinding {
  return { gate: 'approvals', gateTitle: 'Approvals', ...what }
}

function reportOn(...findings: GateFinding[]) {
  return checkReport(verdictOf(findings), at)
}

const good = finding(passed('Approved by 2 people', 'Approved by `ann` and `bob`.'))
const soon = finding(
  waiting('Opens Wed 25 Nov 2026, 10:00 PST', 'Closed.', { who: 'Nobody has to', when: 'Later' }),
)
const bad = finding(failed('Changes requested by bob', '`bob` requested changes.'))

describe('the check', () => {
  it.each([
    ['passed', { status: 'completed', conclusion: 'success' }],
    ['waiting', { status: 'in_progress' }],
    ['failed', { status: 'completed', conclusion: 'failure' }],
  ] as const)('of a verdict that is %s is never neutral or skipped', (state, expected) => {
    expect(statusOf(state)).toEqual(expected)
  })

  it.each([
    ['all that hold, when all hold', [good, good], 'All hold: Approved by 2 people; Approved by 2 people'],
    ['the one thing that is waited for', [good, soon], 'Opens Wed 25 Nov 2026, 10:00 PST'],
    ['what must be mended before what is waited for', [soon, bad], 'Changes requested by bob'],
    ['the first of several', [bad, finding(failed('Other', 'Other.'))], 'Changes requested by bob'],
  ])('has in its title %s', (_name, findings, title) => expect(reportOn(...findings).title).toBe(title))

  it('has a row for each gate: state, what, who can do it, when it changes', () => {
    const { summary } = reportOn(good, soon, bad)
    expect(rowsIn(summary)).toEqual([
      ['✅ holds', '**Approvals**', 'Approved by `ann` and `bob`.', '–', '–'],
      ['⏳ waiting', '**Approvals**', 'Closed.', 'Nobody has to', 'Later'],
      ['❌ to mend', '**Approvals**', '`bob` requested changes.', '–', '–'],
    ])
    expect(summary).toContain('Judged for the head `aaaaaaa`.')
  })

  it('lists the details of each gate under the table', () => {
    const { summary } = reportOn({ ...good, details: ['`ann` approved', '`bob` approved'] }, soon)
    expect(summary).toContain('### Approvals\n- `ann` approved\n- `bob` approved')
  })

  it('tells a real verdict without any text coming to life', () => {
    const snapshot = aSnapshot({
      reviews: [anApproval(ann), aBlock(bob)],
      unmatchedCoAuthors: ['@acme/all | <img src=x> ``` [a](https://evil.example)'],
    })
    const report = checkReport(decide(snapshot, aPolicy()), snapshot, ['Policy: `main`.'])
    expect(report.title).toBe('Changes requested by bob')
    expect(aliveIn(report.summary)).toEqual([])
    expect(rowsIn(report.summary)).toHaveLength(2)
  })
})

describe('the limits of GitHub', () => {
  const long = (lines: number, text: string) =>
    finding({ ...good, details: Array.from({ length: lines }, () => text) })

  it('a summary of 65,535 characters is whole', () => {
    const empty = reportOn(long(1, '')).summary.length
    const { summary } = reportOn(long(1, 'x'.repeat(limit - empty)))
    expect(summary).toHaveLength(limit)
    expect(summary).not.toContain('cut here')
  })

  it('a longer one is cut and says so', () => {
    const { summary } = reportOn(long(10_000, 'one more line'))
    expect(summary.length).toBeLessThanOrEqual(limit)
    expect(summary.length).toBeGreaterThan(limit - 100)
    expect(summary.endsWith('… cut here: GitHub shows no more.')).toBe(true)
    expect(rowsIn(summary)).toHaveLength(1)
  })

  it('the cut never falls within a code span, whose content it would set free', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (shift) => {
        const line = '`` @acme/all ` <img src=x> 😀 [a](https://evil.example) ``'
        const { summary } = reportOn(
          finding({ ...good, details: ['x'.repeat(shift), ...Array(2_000).fill(line)] }),
        )
        expect(summary.length).toBeLessThanOrEqual(limit)
        expect(summary.isWellFormed()).toBe(true)
        const last = summary.slice(summary.lastIndexOf('\n- '))
        expect(aliveIn(last)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('a single line that is too long is left out rather than torn', () => {
    const { summary } = reportOn(finding(passed('Good', `\`${'x'.repeat(70_000)}\``)))
    expect(summary.length).toBeLessThanOrEqual(limit)
    expect(summary).not.toContain('xxx')
  })

  it('a title has one line of at most 140 characters', () => {
    const { title } = reportOn(finding(failed(`Long ${'x'.repeat(500)}\nmore`, 'Long.')))
    expect(Array.from(title)).toHaveLength(140)
    expect(title).not.toContain('\n')
  })
})

describe('a policy that cannot be read', () => {
  const problem = { file: '.github/release-gate.yml', line: 3, column: 5, message: 'unknown key `aprovals`' }

  it('fails the check and names the place', () => {
    const report = brokenPolicyReport([problem], true)
    expect(report).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      title: 'The policy has 1 error: .github/release-gate.yml, line 3',
      annotations: [{ path: problem.file, line: 3, column: 5, message: problem.message }],
    })
    expect(report.summary).toContain('`.github/release-gate.yml:3:5`')
  })

  it('has no annotation where the file lies in another repository', () => {
    expect(brokenPolicyReport([problem], false).annotations).toEqual([])
  })

  it('keeps at most fifty annotations, as many as GitHub takes at once', () => {
    expect(brokenPolicyReport(Array(80).fill(problem), true).annotations).toHaveLength(50)
  })

  it('keeps what stands in the file dead', () => {
    for (const message of [
      'unknown key `@acme/all <b> [a](https://evil.example) ``` `',
      '@acme/all <b> www.evil.example',
    ])
      expect(aliveIn(brokenPolicyReport([{ ...problem, message }], true).summary)).toEqual([])
  })
})

describe('a head that no open pull request stands for', () => {
  it.each([
    ['taken back', revokedReport('No open pull request has this head any more')],
    ['not judged yet', pendingEvaluationReport([7, 8])],
    ['merged', closedReport('merged')],
    ['closed', closedReport('closed')],
  ])('is never green: %s', (_name, report) => {
    expect(report.status).toBe('in_progress')
    expect(report).not.toHaveProperty('conclusion')
    expect(report.title).not.toBe('')
  })
})
