import { expect, test } from 'vitest'
import { checksAtMerge, type ReadRun } from '../../src/decision/checks-at-merge.ts'
import type { PostedCheck } from '../../src/decision/merge-exception.ts'

const mergedAt = '2026-11-25T18:10:00.000Z'
const at = (seconds: number) => new Date(Date.parse(mergedAt) + seconds * 1_000).toISOString()

/** A run of `ci`, started a minute before the merge and completed 30 seconds later. */
const aRun = (what: Partial<ReadRun> = {}): ReadRun => ({
  id: 1,
  name: 'ci',
  app: 'actions',
  conclusion: 'failure',
  startedAt: at(-60),
  completedAt: at(-30),
  ...what,
})
const posted: PostedCheck = { run: 7, state: 'passed', title: 'Ready to merge', at: at(-20) }

test.each<[string, ReadRun[], PostedCheck | undefined, [string, string | null][]]>([
  ['a run that was completed', [aRun()], undefined, [['ci', 'failure']]],
  [
    'a run that was completed in the second of the merge',
    [aRun({ completedAt: at(0) })],
    undefined,
    [['ci', 'failure']],
  ],
  [
    'not the rerun after the merge',
    [aRun({ id: 2, conclusion: 'success', startedAt: at(2), completedAt: at(9) }), aRun()],
    undefined,
    [['ci', 'failure']],
  ],
  [
    'the last of the runs before the merge, whatever their order',
    [aRun(), aRun({ id: 2, conclusion: 'success', startedAt: at(-20), completedAt: at(-10) })],
    undefined,
    [['ci', 'success']],
  ],
  [
    'a run that was completed after the merge as running',
    [aRun({ conclusion: 'success', completedAt: at(1) })],
    undefined,
    [['ci', null]],
  ],
  [
    'a run that is not completed yet',
    [aRun({ conclusion: null, completedAt: null })],
    undefined,
    [['ci', null]],
  ],
  ['no run that began after the merge', [aRun({ startedAt: at(1), completedAt: at(2) })], undefined, []],
  [
    'runs of the same name, of each App',
    [aRun(), aRun({ id: 2, app: null, conclusion: 'success' })],
    undefined,
    [
      ['ci', 'success'],
      ['ci', 'failure'],
    ],
  ],
  [
    'our check as it was posted, and not the one that followed in the second of the merge',
    [
      aRun({
        id: 8,
        name: 'Release gate',
        app: 'gate',
        conclusion: null,
        startedAt: at(0),
        completedAt: null,
      }),
      aRun({ id: 7, name: 'Release gate', app: 'gate', conclusion: 'success', startedAt: at(-20) }),
    ],
    posted,
    [['Release gate', 'success']],
  ],
  [
    'our check as it was posted, and not as it was updated later',
    [aRun({ id: 7, name: 'Release gate', app: 'gate', conclusion: 'failure', completedAt: at(5) })],
    { ...posted, state: 'waiting' },
    [['Release gate', null]],
  ],
])('of the runs on the head, the record names %s', (_what, runs, check, expected) => {
  const checks = checksAtMerge(runs, mergedAt, check)
  expect(checks.map(({ name, conclusion }) => [name, conclusion])).toEqual(expected)
})
