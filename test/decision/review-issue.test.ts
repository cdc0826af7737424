import { expect, test } from 'vitest'
import { changeRecord } from '../../src/decision/change-record.ts'
import type { Exception } from '../../src/decision/merge-exception.ts'
import { exceptionIssue, urgentIssue } from '../../src/decision/review-issue.ts'
import { aliveIn } from '../support/rendered.ts'
import { ann, aSnapshot, author, head, inWindow, shaOf } from '../support/snapshot.ts'

const due = { at: new Date('2026-11-27T18:10:00Z'), zone: 'UTC' }
function aRecord() {
  const { pull } = aSnapshot()
  return changeRecord({
    pull,
    url: 'https://github.example/acme/shop/pull/7',
    title: 'Sell more',
    body: '',
    author,
    base: { ref: 'main', sha: shaOf('c') },
    head: { ref: 'feature', sha: head },
    mergeCommit: shaOf('d'),
    mergedBy: ann,
    mergedAt: inWindow,
    checks: [],
    standing: undefined,
    policy: undefined,
    atMerge: { kind: 'unverified', why: 'x' },
    rules: '1.2.3',
  })
}

function issueOf(kind: Exception['kind']): string {
  return exceptionIssue({ ...aRecord(), exception: { kind, bypassed: ['First line', 'Second line'] } }, due)
    .body
}

test.each<[Exception['kind'], string, string]>([
  ['not evaluated', 'when the release gate had not passed for that commit.', 'What was missing:'],
  ['not passed', 'when the release gate had not passed for that commit.', 'What was missing:'],
  [
    'late',
    'when the release gate had not passed for that commit.',
    'The gate had passed earlier, but no longer did:',
  ],
  [
    'outdated',
    'while the release gate was still green, but the facts had changed.',
    'At the time of the merge:',
  ],
  [
    'unverified',
    'while the release gate was green, but the facts could not be verified.',
    'What could not be verified:',
  ],
])('the review of a merge that was %s says what happened, and then each line', (kind, what, lines) => {
  const body = issueOf(kind)
  expect(body).toContain('`ann` merged #7 `Sell more`')
  expect(body).toContain(what)
  expect(body).toContain(`${lines}\n- First line\n- Second line`)
})

test.each([
  [['Staging regression: Staging regression not run yet'], true],
  [['Release window: Opens Wed', 'Staging regression: No longer on staging'], true],
  [['Release window: Opens Wed, Staging regression: later'], false],
])(
  'the review of an urgent merge that skipped %j, an exception or not, asks for the regression: %s',
  (skipped, asks) => {
    const urgent = {
      ...{ by: 'ann', byId: ann.id, at: inWindow, until: inWindow, reason: null, skipped },
    }
    const { body } = urgentIssue({ ...aRecord(), urgent }, due)
    const asked =
      'The regression does not run automatically after the merge. Run it with `release-gate regress` and write the result here.'
    expect(body.includes(asked)).toBe(asks)
    const exception: Exception = { kind: 'late', bypassed: ['Approvals: missing'] }
    const both = exceptionIssue({ ...aRecord(), urgent, exception }, due)
    expect(both.body.includes(asked)).toBe(asks)
  },
)

test.each([
  'Frozen: <!-- until noon',
  'Frozen: ask @acme/all',
  'Frozen: ![](https://evil.example/p.png)',
  'Frozen: [approved](https://evil.example)',
  'The facts at the time of the merge could not be verified: <details>',
])('what somebody wrote is text in a review, and hides no other line: %s', (line) => {
  const exception: Exception = { kind: 'late', bypassed: [`Release window: ${line}`, 'Approvals: missing'] }
  const urgent = {
    ...{ by: 'ann', byId: ann.id, at: inWindow, until: inWindow, reason: null },
    skipped: exception.bypassed,
  }
  for (const { body } of [
    exceptionIssue({ ...aRecord(), exception }, due),
    urgentIssue({ ...aRecord(), urgent }, due),
  ]) {
    expect(body).toContain(`- \`Release window: ${line}\`\n- Approvals: missing`)
    // The number of the pull request is a link, and the marker of the issue a comment.
    const text = body.replaceAll('#7', 'number 7').replace(/<!-- release-gate review .*$/, '')
    expect(aliveIn(text)).toEqual([])
  }
})
