import { expect, test } from 'vitest'
import { type GroupMember, groupReport } from '../../src/decision/group-report.ts'
import { decide } from '../../src/decision/verdict.ts'
import { anApproval, ann, aPolicy, aSnapshot, bob, shaOf } from '../support/snapshot.ts'

const good = decide(aSnapshot({ reviews: [anApproval(ann), anApproval(bob)] }), aPolicy())
const bad = decide(aSnapshot(), aPolicy())

test.each<[string, GroupMember[], string[], string, RegExp]>([
  [
    'of which all pass, passes',
    [
      { number: 1, verdict: good },
      { number: 2, verdict: good },
    ],
    [],
    'success',
    /^Ready to merge: #1 and #2$/,
  ],
  [
    'with one that does not, names it and why',
    [
      { number: 1, verdict: good },
      { number: 2, verdict: bad },
    ],
    [],
    'failure',
    /^#2 does not pass: Waiting for 2 approvals$/,
  ],
  [
    'with several that do not, counts them',
    [
      { number: 1, verdict: bad },
      { number: 2, verdict: bad },
    ],
    [],
    'failure',
    /^#1 does not pass: .* \(\+1 more\)$/,
  ],
  [
    'with one that could not be evaluated, fails',
    [{ number: 1, verdict: undefined }],
    [],
    'failure',
    /^#1 does not pass: could not be checked$/,
  ],
  [
    'with a commit of no pull request, fails',
    [{ number: 1, verdict: good }],
    [shaOf('f')],
    'failure',
    /^1 commit belongs to no known pull request$/,
  ],
  ['without any pull request, fails', [], [], 'failure', /^No pull request was found/],
])('a group %s', (_name, members, unknown, conclusion, title) => {
  const { report, state } = groupReport(members, unknown)
  expect(report).toMatchObject({ status: 'completed', conclusion })
  expect(state).toBe(conclusion === 'success' ? 'passed' : 'failed')
  expect(report.title).toMatch(title)
  for (const { number } of members) expect(report.summary).toContain(`#${number}`)
})
