import { describe, expect, it } from 'vitest'
import type { Footprint } from '../../src/decision/content/facts.ts'
import { exactInverse, type Rows } from '../../src/decision/content/inverse.ts'
import type { Entry } from '../../src/decision/content.ts'
import { releaseWindow } from '../../src/decision/gates/release-window.ts'
import { timingOf } from '../../src/decision/merge-timing.ts'
import { revertedPull, saysItReverts } from '../../src/decision/reverts.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { evaluateUrgency } from '../../src/decision/urgent.ts'
import { wantedFactsOf } from '../../src/gate/snapshot-verdict.ts'
import { accessOf, aLabel, ann, aPolicy, aSnapshot, reads } from '../support/snapshot.ts'

const file = (sha: string, mode = '100644'): Entry => ({ mode, sha })
const rows = (...paths: string[]): Rows => ({
  files: paths.map((path) => ({
    path,
    status: 'modified',
    sha: 'x',
    additions: 1,
    deletions: 1,
    patch: '@@',
  })),
  complete: true,
})
const released: Footprint = {
  'a.ts': { was: file('1'), is: file('2') },
  'new.ts': { is: file('3') },
  'old.ts': { was: file('4') },
}
const inverse: Footprint = {
  'a.ts': { was: file('2'), is: file('1') },
  'new.ts': { was: file('3') },
  'old.ts': { is: file('4') },
}
const all = rows('a.ts', 'new.ts', 'old.ts')
const row = (more: object): Rows => ({ ...all, files: all.files.map((one) => ({ ...one, ...more })) })

describe('a change that takes another one back', () => {
  it('is the exact inverse where each file is again what it was, added and removed ones too', () => {
    expect(exactInverse(released, inverse, all)).toEqual({ same: true })
  })

  it.each<[string, Footprint, Rows, RegExp]>([
    ['leaves a file out', { 'a.ts': inverse['a.ts'] ?? {} }, all, /^new\.ts and 1 more is not restored$/],
    ['changes one more file', { ...inverse, 'b.ts': { is: file('5') } }, all, /^b\.ts was not part of it$/],
    [
      'leaves one line more in a file',
      { ...inverse, 'a.ts': { was: file('2'), is: file('9') } },
      all,
      /^a\.ts is not restored/,
    ],
    [
      'finds a file that was changed since',
      { ...inverse, 'a.ts': { was: file('8'), is: file('1') } },
      all,
      /changed since$/,
    ],
    [
      'restores another mode',
      { ...inverse, 'a.ts': { was: file('2'), is: file('1', '100755') } },
      all,
      /^a\.ts is not/,
    ],
    ['does the same again', released, all, /is not restored/],
    ['changes nothing', {}, all, /is not restored/],
    [
      'is of a binary or a large file',
      inverse,
      { ...all, files: all.files.map(({ patch: _, ...one }) => one) },
      /plain text/,
    ],
    ['is of a renamed file', inverse, row({ status: 'renamed' }), /plain text/],
    ['is cut in the list of files', inverse, { ...all, complete: false }, /plain text/],
    ['is not in the list of files', inverse, rows('a.ts', 'new.ts'), /^old\.ts is not a plain text/],
  ])('is not, where it %s', (_, change, listed, why) => {
    expect(exactInverse(released, change, listed)).toMatchObject({
      same: false,
      why: expect.stringMatching(why),
    })
  })

  it.each<[string, Footprint[string]]>([
    ['a symbolic link', { was: file('1', '120000'), is: file('2', '120000') }],
    ['a submodule', { was: file('1', '160000'), is: file('2', '160000') }],
    ['a mode', { was: file('1'), is: file('1', '100755') }],
    ['a mode and lines', { was: file('1'), is: file('2', '100755') }],
  ])('is not taken for one where the change was of %s', (_, { was, is }) => {
    const back = { ...(is && { was: is }), ...(was && { is: was }) }
    const one = { 'a.ts': { ...(was && { was }), ...(is && { is }) } }
    expect(exactInverse(one, { 'a.ts': back }, all)).toMatchObject({ same: false })
  })

  it('of nothing is none', () => expect(exactInverse({}, {}, all)).toMatchObject({ same: false }))
})

it.each([
  ['Reverts acme/shop#12', 12],
  ['Reverts #7 since it pays twice', 7],
  ['reverts ACME/Shop#12', 12],
  ['Reverts other/shop#12', undefined],
  ['It reverts nothing. See #12', undefined],
  ['', undefined],
])('%o names the reverted pull request %o', (body, number) => {
  expect(revertedPull(body, 'acme/shop')).toBe(number)
})

it.each([
  [{ title: 'Revert "Pay"' }, true],
  [{ ref: 'revert-12-pay' }, true],
  [{ body: 'Reverts #3' }, true],
  [{ body: 'This reverts commit 1234567.' }, true],
  [{ title: 'Reverting is hard', body: 'It never reverts.' }, false],
])('%o says that it reverts: %o', (what, says) => {
  expect(saysItReverts({ title: 'Pay', body: '', ref: 'pay', ...what })).toBe(says)
})

/** Friday, when the window is closed; merged on Thursday. */
const friday = '2026-11-27T18:00:00Z'
const merged = '2026-11-26T10:00:00Z'
const label = aLabel({ at: '2026-11-27T17:00:00Z' })
const proven: Snapshot['revert'] = { pull: 12, mergedAt: merged, proof: { same: true, how: 'exactly' } }
const unproven: Snapshot['revert'] = {
  pull: 12,
  mergedAt: merged,
  proof: { same: false, why: 'a.ts was not part of it', paths: ['a.ts'] },
}
const settings = (urgent: object) =>
  releaseWindow.settings.parse({ urgent: { reason: 'required', incident: 'INC-\\d+', ...urgent } })
const facts = (more: Parameters<typeof aSnapshot>[0] = {}) =>
  aSnapshot({ takenAt: friday, labels: [label], body: '', revert: proven, ...more })
const urgencyOf = (snapshot: Snapshot, urgent: object = { reverts: '7d' }) =>
  evaluateUrgency(snapshot, settings(urgent).urgent)

describe('the label urgent on a proven revert', () => {
  it('needs no reason and no incident, and its merge is urgent, so its review is owed', () => {
    expect(urgencyOf(facts())).toMatchObject({ state: 'valid', reason: 'Reverts #12' })
    const policy = aPolicy({ release_window: settings({ reverts: '7d' }) })
    expect(timingOf({ snapshot: facts(), policy }, friday)).toMatchObject({
      kind: 'urgent',
      reason: 'Reverts #12',
    })
  })

  it.each<[string, Parameters<typeof aSnapshot>[0], object]>([
    ['the policy does not ask for it', {}, {}],
    ['it is not proved', { revert: unproven }, { reverts: '7d' }],
    ['nothing is said to be reverted', { revert: undefined } as never, { reverts: '7d' }],
    ['the change was released longer ago', {}, { reverts: '1d' }],
    ['that just became too long ago', { takenAt: '2026-11-27T22:00:00Z' }, { reverts: '36h' }],
    [
      'it is not known when it was released',
      { revert: { pull: 12, proof: proven.proof } },
      { reverts: '7d' },
    ],
    ['it was released later', { revert: { ...proven, mergedAt: '2026-11-28T00:00:00Z' } }, { reverts: '7d' }],
  ])('needs them where %s', (_, more, urgent) => {
    expect(urgencyOf(facts(more), urgent)).toMatchObject({
      state: 'void',
      why: expect.stringContaining('gives no reason'),
    })
  })

  it('still needs a person with write access, this head and an end', () => {
    expect(urgencyOf(facts({ access: accessOf(reads, ann) })).state).toBe('void')
    expect(urgencyOf(facts({ head: { pushedAt: '2026-11-27T17:30:00Z' } })).state).toBe('void')
    expect(urgencyOf(facts(), { reverts: '7d', expires_after: '30m' }).state).toBe('void')
  })

  it('ends when the change was released too long ago, unless a reason is given', () => {
    expect(urgencyOf(facts(), { reverts: '33h' })).toMatchObject({ until: new Date('2026-11-27T19:00:00Z') })
    const described = facts({ body: 'Urgent: pays twice, INC-7' })
    expect(urgencyOf(described, { reverts: '33h' })).toMatchObject({
      until: new Date('2026-11-28T17:00:00Z'),
      reason: 'pays twice, INC-7',
    })
  })

  it('says why it is not proved, and keeps a name of a file dead', () => {
    const proof = { same: false as const, why: '<b> was not part of it', paths: ['<b>'] }
    const urgency = urgencyOf(facts({ revert: { ...proven, proof } }))
    expect(urgency).toMatchObject({
      why: expect.stringMatching(/not proved to revert #12: `<b>` was not part of it$/),
    })
  })

  it('is read only with the label, and only where the policy asks for it', () => {
    expect(
      wantedFactsOf(aPolicy({ release_window: settings({ reverts: '7d', label: 'hotfix' }) })).revertLabels,
    ).toEqual(['hotfix'])
    expect(wantedFactsOf(aPolicy({ release_window: settings({}) })).revertLabels).toBeUndefined()
  })
})
