import { describe, expect, test } from 'vitest'
import type { Person } from '../../../src/decision/snapshot.ts'
import type { LabelEvent } from '../../../src/services/github/timeline.ts'
import { noteToldLabel, type ToldLabel, unlistedLabels } from '../../../src/services/github/told-labels.ts'
import { ann, bob } from '../../support/snapshot.ts'

const pull = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 3 }
/** So many seconds after noon. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 27, 12) + seconds * 1_000).toISOString()

const told = (
  action: ToldLabel['action'],
  { id: by }: Person,
  seconds: number,
  name = 'urgent',
): ToldLabel => ({
  name,
  action,
  by,
  at: at(seconds),
})
const listed = (action: LabelEvent['action'], by: Person | null, seconds: number, name = 'urgent') => ({
  name,
  action,
  by,
  at: at(seconds),
})

async function unlisted(
  all: ToldLabel[],
  events: LabelEvent[],
  { now = 1_000, until, names = ['urgent'] }: { now?: number; until?: string; names?: string[] } = {},
): Promise<string[]> {
  const kept = new Map<string, unknown>()
  const facts = {
    get: async <Value>(key: string) => kept.get(key) as Value | undefined,
    put: async (key: string, value: unknown) => void kept.set(key, value),
  }
  for (const one of all) await noteToldLabel(facts, pull, one)
  return unlistedLabels(facts, pull, names, { events, now: new Date(at(now)), until })
}

describe('a label is not believed of the list', () => {
  const before = listed('labeled', ann, 0)
  test.each<[string, ToldLabel[], LabelEvent[]]>([
    ['while its last addition is not in it', [told('labeled', bob, 5)], [before]],
    ['while its last removal is not in it', [told('unlabeled', bob, 5)], [before]],
    ['while it is empty', [told('labeled', ann, 0)], []],
    [
      'while only the removal is in it',
      [told('unlabeled', bob, 5), told('labeled', bob, 6)],
      [before, listed('unlabeled', bob, 5)],
    ],
    [
      'while only another label is in it',
      [told('labeled', bob, 5)],
      [before, listed('labeled', bob, 5, 'other')],
    ],
    [
      'whatever the order in which its events arrive',
      [told('labeled', bob, 9), told('labeled', ann, 0)],
      [before],
    ],
    [
      'where a removal stands for an addition',
      [told('labeled', bob, 5)],
      [before, listed('unlabeled', bob, 5)],
    ],
    ['where the same person did it long before', [told('labeled', ann, 500)], [before]],
    ['in other letters', [told('labeled', bob, 5, 'URGENT')], [before]],
  ])('%s', async (_, all, events) => {
    expect(await unlisted(all, events)).toEqual(['urgent'])
  })
})

describe('a label is believed of the list', () => {
  test.each<[string, ToldLabel[], LabelEvent[], object?]>([
    ['where nothing was told of it', [], [listed('labeled', ann, 0)]],
    ['where it holds the event', [told('labeled', ann, 0)], [listed('labeled', ann, 0)]],
    [
      'where GitHub wrote the event down a little later',
      [told('labeled', ann, 30)],
      [listed('labeled', ann, 0)],
    ],
    [
      'where it holds the event of a later one of somebody who is gone',
      [told('unlabeled', bob, 0)],
      [listed('unlabeled', null, 0), listed('labeled', ann, 70)],
    ],
    [
      'where an event was told again long after it',
      [told('labeled', ann, 5), told('labeled', bob, 0)],
      [listed('labeled', bob, 0), listed('labeled', ann, 5)],
    ],
    ['where another label was told of', [told('labeled', bob, 5, 'other')], [listed('labeled', ann, 0)]],
    ['after an hour', [told('labeled', bob, 5)], [listed('labeled', ann, 0)], { now: 3_606 }],
    [
      'as of a merge that came before the event',
      [told('labeled', bob, 5)],
      [listed('labeled', ann, 0)],
      { until: at(4) },
    ],
  ])('%s', async (_, all, events, more = {}) => {
    expect(await unlisted(all, events, more)).toEqual([])
  })
})
