import { describe, expect, test } from 'vitest'
import type { ChangeRecord } from '../../src/decision/change-record.ts'
import {
  type ContractChanges,
  monthBefore,
  monthPeriod,
  type NotesRecord,
  releaseNotes,
  windowPeriod,
} from '../../src/decision/release-notes.ts'
import { notesIssue, notesLines, notesMarkdown, summaryOf } from '../../src/decision/release-notes-text.ts'
import { windowSettings } from '../../src/decision/window-settings.ts'
import { aLabel, ann, aSnapshot, author, shaOf } from '../support/snapshot.ts'

const pacific = 'America/Los_Angeles'
const november = monthPeriod('2026-11', pacific) ?? expect.fail()

let seq = 0
type Merged = { number: number; labels?: string[]; repository?: number } & Partial<
  Pick<ChangeRecord, 'title' | 'mergedAt' | 'urgent' | 'exception' | 'regression' | 'description'>
>

/** As much of a change record as release notes are made of. */
function merged({ number, labels = [], repository = 2, ...more }: Merged): NotesRecord {
  const snapshot = aSnapshot({ labels: labels.map((name) => aLabel({ name })) })
  const body = {
    repository: { id: repository, owner: 'acme', name: 'shop' },
    number,
    url: `https://github.com/acme/shop/pull/${number}`,
    title: `Change ${number}`,
    author,
    mergedAt: '2026-11-25T18:30:00Z',
    mergedBy: ann,
    base: { ref: 'main', sha: shaOf('c') },
    head: { ref: 'x', sha: shaOf('a') },
    mergeCommit: shaOf('d'),
    description: { tickets: [], reason: null, risk: null, rollback: null },
    atMerge: { snapshot },
    urgent: null,
    regression: null,
    exception: null,
    ...more,
  }
  return { kind: 'merged', seq: ++seq, body }
}

const scope = {
  repository: { id: 2, name: 'acme/shop' },
  period: november,
  zone: pacific,
  labels: undefined as string[] | undefined,
  without: ['urgent', 'hold'],
}
const none: ContractChanges = new Map()
const numbersIn = (records: NotesRecord[], period = november) =>
  releaseNotes(records, none, { ...scope, period }).changes.map(({ number }) => number)

describe('a month is one of the calendar of the zone', () => {
  const october = monthPeriod('2026-10', pacific) ?? expect.fail()
  test.each([
    ['2026-11-01T06:30:00Z', 'America/Los_Angeles', 'October'],
    ['2026-11-01T07:00:00Z', 'America/Los_Angeles', 'November'],
    ['2026-11-01T06:59:59.999Z', 'America/Los_Angeles', 'October'],
    ['2026-12-01T07:59:59Z', 'America/Los_Angeles', 'November'],
    ['2026-12-01T08:00:00Z', 'America/Los_Angeles', 'December'],
    ['2026-10-31T14:59:59Z', 'Asia/Tokyo', 'October'],
    ['2026-10-31T15:00:00Z', 'Asia/Tokyo', 'November'],
  ])('%s in %s is in %s', (mergedAt, zone, name) => {
    const inMonth = ['2026-10', '2026-11', '2026-12'].filter((month) => {
      const period = monthPeriod(month, zone) ?? expect.fail()
      return numbersIn([merged({ number: 1, mergedAt })], period).length > 0
    })
    expect(inMonth).toEqual([{ October: '2026-10', November: '2026-11', December: '2026-12' }[name]])
  })

  test('each month begins where the one before ends, over the end of a year too', () => {
    expect(october.to).toEqual(november.from)
    expect(monthPeriod('2026-12', pacific)?.to).toEqual(monthPeriod('2027-01', pacific)?.from)
    expect(november.name).toBe('November 2026')
  })

  test.each(['2026-13', '2026-00', '2026-1', '1999-01', 'last', '2026-11-01'])('%s is none', (text) => {
    expect(monthPeriod(text, pacific)).toBeUndefined()
  })

  test.each([
    ['2026-12-01T07:59:59Z', 'October 2026'],
    ['2026-12-01T08:00:00Z', 'November 2026'],
    ['2027-01-05T00:00:00Z', 'December 2026'],
  ])('at %s the last one was %s', (at, name) => {
    expect(monthBefore(new Date(at), pacific)?.name).toBe(name)
  })
})

describe('a window ends a period', () => {
  const weekly = windowSettings.parse({})
  const closing = (day: string) => new Date(`2026-11-${day}T19:00:00Z`)

  test('from the end of the window before, so that what is urgent between two windows is in exactly one', () => {
    const period = windowPeriod(weekly, closing('25')) ?? expect.fail()
    expect(period).toEqual({
      name: 'the window that closed Wed, Nov 25, 2026, 11:00 AM PST',
      from: closing('18'),
      to: closing('25'),
    })
    const urgent = merged({ number: 7, mergedAt: '2026-11-20T03:00:00Z' })
    expect(numbersIn([urgent], period)).toEqual([7])
    expect(numbersIn([urgent], windowPeriod(weekly, closing('18')))).toEqual([])
  })

  test('only once it has closed', () => {
    const open = new Date('2026-11-25T18:30:00Z')
    expect(windowPeriod(weekly, open)?.to).toEqual(closing('18'))
  })

  test('across a freeze, in which no window opened', () => {
    const frozen = windowSettings.parse({
      freezes: [{ from: '2026-11-16T00:00', to: '2026-11-21T00:00', reason: 'Sale' }],
    })
    expect(windowPeriod(frozen, closing('25'))?.from).toEqual(closing('11'))
  })

  test('and none does where no two windows closed', () => {
    const all = windowSettings.parse({
      windows: [
        { opens: 'Monday 00:00', closes: 'Thursday 00:00', long: true },
        { opens: 'Thursday 00:00', closes: 'Monday 00:00', long: true },
      ],
    })
    expect(windowPeriod(all, closing('25'))).toBeUndefined()
  })
})

describe('release notes', () => {
  test('name the merges of the repository in the period, by the time of the merge', () => {
    const records = [
      merged({ number: 3, mergedAt: '2026-11-25T18:40:00Z' }),
      merged({ number: 1, mergedAt: '2026-11-25T18:10:00Z' }),
      merged({ number: 9, repository: 3 }),
      merged({ number: 8, mergedAt: '2026-12-25T18:10:00Z' }),
      { kind: 'decided', seq: ++seq, body: {} },
    ]
    expect(numbersIn(records)).toEqual([1, 3])
  })

  test('group by the first label of the list, or by the alphabet where there is no list; labels of gates are none', () => {
    const records = [
      merged({ number: 1, labels: ['urgent', 'fix', 'api'] }),
      merged({ number: 2, labels: ['urgent'] }),
      merged({ number: 3 }),
    ]
    const labelsOf = (labels?: string[]) =>
      releaseNotes(records, none, { ...scope, labels }).changes.map(({ label }) => label)
    expect(labelsOf()).toEqual(['api', null, null])
    expect(labelsOf(['fix', 'api'])).toEqual(['fix', null, null])
    expect(labelsOf(['docs'])).toEqual([null, null, null])
    const shouted = [merged({ number: 4, labels: ['URGENT', 'Fix'] })]
    expect(releaseNotes(shouted, none, { ...scope, labels: ['fix'] }).changes[0]?.label).toBe('fix')
    expect(releaseNotes(shouted, none, scope).changes[0]?.label).toBe('Fix')
  })

  test('have their groups in the order of the list, else by the alphabet', () => {
    const records = [merged({ number: 1, labels: ['api'] }), merged({ number: 2, labels: ['fix'] })]
    const headings = (labels?: string[]) =>
      notesMarkdown(releaseNotes(records, none, { ...scope, labels })).match(/^## .*$/gm)
    expect(headings(['fix', 'api', 'docs'])).toEqual(['## `fix`', '## `api`'])
    expect(headings()).toEqual(['## `api`', '## `fix`'])
  })

  test('name contract changes by tool, each with its pull request', () => {
    const contract: ContractChanges = new Map([
      ['h1', [{ tool: 'rewards', severity: 'breaking', message: 'input `wallet` is required now' }]],
      ['h2', [{ tool: 'balance', severity: 'safe', message: 'a new tool' }]],
    ])
    const ran = (hash: string) => ({ run: 'r', verdict: 'passed', hash })
    const records = [
      merged({ number: 1, regression: ran('h1') }),
      merged({ number: 2, regression: ran('h2') }),
    ]
    const notes = releaseNotes(records, contract, scope)
    expect(notes.tools.map(({ tool, number }) => [tool, number])).toEqual([
      ['balance', 2],
      ['rewards', 1],
    ])
    expect(summaryOf(notes)).toBe('2 changes, 1 breaking contract change and no exceptions.')
  })

  test('name merges and pushes that bypassed the gate, and no allowed ones', () => {
    const push = {
      kind: 'pushed',
      repository: { id: 2, owner: 'acme', name: 'shop' },
      branch: 'main',
      after: shaOf('e'),
      by: { id: 5, login: 'eva', type: 'User' },
      at: '2026-11-20T00:00:00Z',
      bypassed: ['no pull request'],
    }
    const records = [
      merged({ number: 1, exception: { kind: 'not passed', bypassed: ['Approvals: 1 of 2'] } }),
      merged({ number: 2 }),
      { kind: 'exception', seq: ++seq, body: push },
      { kind: 'exception', seq: ++seq, body: { ...push, repository: { id: 3, owner: 'acme', name: 'x' } } },
      { kind: 'exception', seq: ++seq, body: { ...push, at: '2026-12-20T00:00:00Z' } },
      { kind: 'exception', seq: ++seq, body: { ...push, kind: 'merged' } },
    ]
    const notes = releaseNotes(records, none, scope)
    expect(notes.exceptions.map(({ number, by }) => [number, by])).toEqual([
      [1, 'ann'],
      [null, 'eva'],
    ])
    const text = notesMarkdown(notes)
    expect(text).toContain(
      '[#1](https://github.com/acme/shop/pull/1) was merged by `ann` although the gate had not passed: `Approvals: 1 of 2`',
    )
    expect(text).toContain('`eeeeeee` was pushed to `main` by `eva` without a pull request')
  })
})

describe('the watch after a release', () => {
  const watched = (number: number, verdict: string): NotesRecord => ({
    kind: 'watched',
    seq: ++seq,
    body: {
      url: `https://github.com/acme/shop/pull/${number}`,
      verdict,
      why: 'Errors has been alerting since the release',
    },
  })

  test('is named with its change, and why where it did not pass', () => {
    const records = [
      merged({ number: 1 }),
      merged({ number: 2 }),
      merged({ number: 3 }),
      watched(1, 'passed'),
      watched(2, 'failed'),
    ]
    const notes = releaseNotes(records, none, scope)
    expect(notes.changes.map(({ watch }) => watch?.verdict)).toEqual(['passed', 'failed', undefined])
    const text = notesMarkdown(notes)
    const [passed, failed] = records.slice(3).map((record) => record.seq)
    expect(text).toContain(`watch after it passed (record ${passed}), record`)
    expect(text).toContain(
      `watch after it failed: \`Errors has been alerting since the release\` (record ${failed}), record`,
    )
  })
})

test('a notice names the first changes, and counts the rest', () => {
  const many = Array.from({ length: 13 }, (_, index) => merged({ number: index + 1 }))
  const lines = notesLines(releaseNotes(many, none, scope))
  expect(lines.slice(0, 2)).toEqual(['13 changes and no exceptions.', '#1 Change 1'])
  expect(lines.slice(-2)).toEqual(['#10 Change 10', 'and 3 more'])
})

describe('the text', () => {
  test('is Markdown in the words of the titles', () => {
    const records = [
      merged({
        number: 1,
        labels: ['fix'],
        title: 'Pay once',
        description: { tickets: ['PAY-1', '#1'], reason: null, risk: null, rollback: null },
      }),
      merged({
        number: 2,
        urgent: { by: 'eva', byId: 5, at: '', until: '', reason: 'paid twice', skipped: [] },
      }),
    ]
    const first = seq - 1
    expect(
      notesMarkdown(releaseNotes(records, none, scope)),
    ).toBe(`# Release notes of acme/shop: November 2026

2 changes, 1 of them urgent and no exceptions.

## \`fix\`

- \`Pay once\` ([#1](https://github.com/acme/shop/pull/1)), by \`author\`, \`PAY-1\`, record ${first}

## Other changes

- \`Change 2\` ([#2](https://github.com/acme/shop/pull/2)), by \`author\`, urgent by \`eva\`: \`paid twice\`, record ${first + 1}
`)
  })

  test('says so where nothing was released', () => {
    expect(notesMarkdown(releaseNotes([], none, scope))).toBe(
      '# Release notes of acme/shop: November 2026\n\nNothing was released.\n',
    )
  })

  test('keeps what people wrote dead', () => {
    const title = '@acme/all ![x](https://evil.example/a.png) <img src=x> \n## Heading'
    const text = notesMarkdown(releaseNotes([merged({ number: 1, title, labels: ['<b>'] })], none, scope))
    expect(text).toContain('`@acme/all ![x](https://evil.example/a.png) <img src=x> ## Heading`')
    expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([
      '# Release notes of acme/shop: November 2026',
      '## `<b>`',
    ])
  })

  test('fits into an issue, and says where the rest is', () => {
    const many = Array.from({ length: 290 }, (_, index) =>
      merged({ number: index + 1, title: 'x'.repeat(400) }),
    )
    const { title, body } = notesIssue(releaseNotes(many, none, scope))
    expect(title).toBe('Release notes: November 2026')
    expect(body.length).toBeLessThan(65_536)
    expect(body).toMatch(
      /record \d+\n\nThe rest is too long for an issue\. `release-gate notes` prints it\.\n$/,
    )
  })
})
