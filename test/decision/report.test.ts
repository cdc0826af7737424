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
import { aliveIn } from '../support/rendered.ts'
import {
  aBlock,
  aLabel,
  anApproval,
  ann,
  aPolicy,
  aSnapshot,
  bob,
  head,
  inWindow,
  minutesLater,
  shaOf,
} from '../support/snapshot.ts'

const at = { head: { sha: head, ref: 'feature', fork: false } }
const limit = 65_535

function finding(what: Omit<GateFinding, 'gate' | 'gateTitle'>): GateFinding {
  return { gate: 'approvals', gateTitle: 'Approvals', ...what }
}

function reportOn(...findings: GateFinding[]) {
  return checkReport(verdictOf(findings), at)
}

const good = finding(passed('Approved by 2 people', 'Approved by `ann` and `bob`.'))
const rule = 'Wednesdays 10:00–11:00 Pacific.'
const hold = finding(waiting('On hold by gus', '`gus` added the label.', { who: 'Anyone', when: 'Later' }))
const running = finding(waiting('Waiting for the staging regression', 'It runs.', { automatic: true }))
const closed = finding(
  waiting('Opens Wed, Nov 25, 10:00 AM PST', 'Closed until Wed, Nov 25.', { automatic: true, lasting: rule }),
)
const frozen = finding(
  waiting('Frozen: Ledger', '`eva` froze releases.', { lasting: '`eva` froze releases.' }),
)
const other = finding(failed('Other', 'Other.'))
const bad = finding(failed('Changes requested by bob', '`bob` requested changes.'))

describe('the check', () => {
  it.each([
    ['passed', { status: 'completed', conclusion: 'success' }],
    ['waiting', { status: 'in_progress' }],
    ['failed', { status: 'completed', conclusion: 'failure' }],
  ] as const)('of a verdict that is %s is never neutral or skipped', (state, expected) => {
    expect(statusOf(state)).toEqual(expected)
  })

  it('says who acts, and says it plainly where nobody has to', () => {
    const { summary } = reportOn(
      hold,
      finding(waiting('Opens', 'Later.', { who: 'No action needed', automatic: true })),
    )
    expect(summary).toContain('  - Who: Anyone\n')
    expect(summary).toMatch(/^ {2}- No action needed$/m)
  })

  it.each<[string, GateFinding[], string]>([
    ['that it is ready, when every gate passes', [good, good], 'Ready to merge'],
    ['the one thing that is waited for', [good, hold], 'On hold by gus'],
    ['what needs fixing before what waits', [hold, bad], 'Changes requested by bob (+1 more)'],
    ['the first of several, the others counted', [bad, hold, other], 'Changes requested by bob (+2 more)'],
    ['what needs a person before what passes automatically', [running, hold], 'On hold by gus (+1 more)'],
    [
      'what passes automatically, where nothing else is open',
      [good, running],
      'Waiting for the staging regression',
    ],
    [
      'the opening of the window, where nothing else is open',
      [good, closed],
      'Opens Wed, Nov 25, 10:00 AM PST',
    ],
    ['a person before the window, which opens automatically', [closed, hold], 'On hold by gus'],
    ['a running regression before the window', [closed, running], 'Waiting for the staging regression'],
    ['a person before a freeze, which may be lifted', [frozen, hold], 'On hold by gus'],
    ['a freeze, where nothing else is open', [good, frozen], 'Frozen: Ledger'],
  ])('has in its title %s', (_name, findings, title) => expect(reportOn(...findings).title).toBe(title))

  it('lists what is missing first, then what has passed, without tables or empty cells', () => {
    expect(reportOn(good, hold, bad).summary.split('\n')).toEqual([
      '### Needed before this can merge',
      '- ❌ **Approvals**: `bob` requested changes.',
      '- ⏳ **Approvals**: `gus` added the label.',
      '  - Who: Anyone',
      '  - When: Later',
      '',
      '### Passed',
      '- ✅ **Approvals**: Approved by `ann` and `bob`.',
      '',
      'Checked at commit `aaaaaaa`.',
    ])
  })

  it.each([
    ['closed', closed],
    ['open', passed('Release window open', 'Open until Wed, Nov 25, 11:00 AM PST.', { lasting: rule })],
  ])(
    'shows the rule of a window that is %s while something else is open, since it is not written again',
    (_, window) => {
      const { summary } = reportOn(hold, finding(window))
      expect(summary).toContain('### Also applies\n- 🗓️ **Approvals**: Wednesdays 10:00–11:00 Pacific.')
      expect(summary).not.toMatch(/Nov 25|closed|open until|automatically/i)
    },
  )

  it('is the same before, in and after the window while something else is open', () => {
    const at = (takenAt: string) => {
      const snapshot = aSnapshot({ takenAt, reviews: [anApproval(ann)] })
      return checkReport(decide(snapshot, aPolicy()), snapshot)
    }
    const before = at('2026-11-25T17:00:00Z')
    expect(before.title).toBe('Waiting for 1 more approval')
    for (const time of ['18:10:00', '18:59:30', '19:00:00']) expect(at(`2026-11-25T${time}Z`)).toEqual(before)
  })

  it('says the moment where nothing but the window is open: it is written again then', () => {
    const snapshot = aSnapshot({
      takenAt: '2026-11-25T17:00:00Z',
      reviews: [anApproval(ann), anApproval(bob)],
    })
    const { title, summary } = checkReport(decide(snapshot, aPolicy()), snapshot)
    expect(title).toBe('Opens Wed, Nov 25, 10:00 AM PST')
    expect(summary).toContain('It opens automatically Wed, Nov 25, 10:00 AM PST (18:00 UTC).')
  })

  it('lists the details of each gate below', () => {
    const { summary } = reportOn({ ...good, details: ['`ann` approved', '`bob` approved'] }, hold)
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
    expect(report.summary).toContain('### Approvals\n- `ann` approved')
  })
})

describe('the limits of GitHub', () => {
  const long = (lines: number, text: string) =>
    finding({ ...good, details: Array.from({ length: lines }, () => text) })

  it('a summary of 65,535 characters is whole', () => {
    const empty = reportOn(long(1, '')).summary.length
    const { summary } = reportOn(long(1, 'x'.repeat(limit - empty)))
    expect(summary).toHaveLength(limit)
    expect(summary).not.toContain('truncated')
  })

  it('a longer one is cut and says so', () => {
    const { summary } = reportOn(long(10_000, 'one more line'))
    expect(summary.length).toBeLessThanOrEqual(limit)
    expect(summary.length).toBeGreaterThan(limit - 100)
    expect(summary.endsWith('… truncated: GitHub shows no more.')).toBe(true)
    expect(summary).toContain('- ✅ **Approvals**')
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
    const report = brokenPolicyReport([problem], problem.file)
    expect(report).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      title: 'The policy has 1 error: .github/release-gate.yml, line 3',
      annotations: [{ path: problem.file, line: 3, column: 5, message: problem.message }],
    })
    expect(report.summary).toContain('`.github/release-gate.yml:3:5`')
  })

  it('has no annotation where the file lies in another repository', () => {
    const shared = { ...problem, file: 'acme/.github: .github/release-gate.yml' }
    const report = brokenPolicyReport([shared], problem.file)
    expect(report.annotations).toEqual([])
    expect(report.summary).toContain('write access to the repository that has `acme/.github')
    expect(report.summary).not.toContain('open a pull request that changes only the policy file')
  })

  it('keeps at most fifty annotations, as many as GitHub takes at once', () => {
    expect(brokenPolicyReport(Array(80).fill(problem), problem.file).annotations).toHaveLength(50)
  })

  it('keeps what stands in the file dead', () => {
    for (const message of [
      'unknown key `@acme/all <b> [a](https://evil.example) ``` `',
      '@acme/all <b> www.evil.example',
    ])
      expect(aliveIn(brokenPolicyReport([{ ...problem, message }], problem.file).summary)).toEqual([])
  })
})

describe('a head that no open pull request stands for', () => {
  it.each([
    ['revoked', revokedReport('No open pull request has this head anymore')],
    ['not evaluated yet', pendingEvaluationReport([7, 8])],
    ['merged', closedReport('merged')],
    ['closed', closedReport('closed')],
  ])('is never green: %s', (_name, report) => {
    expect(report.status).toBe('in_progress')
    expect(report).not.toHaveProperty('conclusion')
    expect(report.title).not.toBe('')
  })
})

describe('what a check that waits for approvals says of the release window, since it is not rewritten when that closes', () => {
  const labels = [aLabel({ at: minutesLater(-10, inWindow) })]
  const textOf = (facts: Parameters<typeof aSnapshot>[0], gates: object = { release_window: {} }) => {
    const snapshot = aSnapshot(facts)
    return checkReport(decide(snapshot, aPolicy({ approvals: {}, ...gates })), snapshot).summary
  }

  it('is never that it is open, also where an urgent change does not need it to be', () => {
    const text = textOf({ labels })
    expect(text).toContain('**Release window**: Wednesdays 10:00–11:00 Pacific. `ann` marked it as `urgent`')
    expect(text).toMatch(/Until then, it doesn't wait for the release window or a freeze\./)
    expect(text).not.toMatch(/is open|is closed/)
  })

  it('names what lifts a freeze, and no week where the policy has no window', () => {
    const exemption = {
      ...{
        head,
        by: 'ann',
        reason: 'Taxes',
        at: minutesLater(-5, inWindow),
        until: minutesLater(60, inWindow),
      },
      confirmed: { by: 'bob', at: minutesLater(-4, inWindow) },
    }
    const frozen = { reason: 'Ledger', by: 'eva', since: minutesLater(-30, inWindow) }
    const text = textOf({ exemption, frozen }, {})
    expect(text).toContain('**Freeze**: `ann` and `bob` exempted this change from freezes until')
    expect(text).not.toMatch(/Mondays|release window/)
    expect(textOf({ exemption: { ...exemption, head: shaOf('e') }, frozen }, {})).toContain(
      '`eva` froze releases',
    )
  })
})
