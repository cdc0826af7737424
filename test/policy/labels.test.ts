import { describe, expect, test } from 'vitest'
import type { Equality } from '../../src/decision/snapshot.ts'
import { bindLabels, pushedAt } from '../../src/services/github/labels.ts'
import { aLabel, ann, shaOf } from '../support/snapshot.ts'

/** A label is bound to the head that it was put on. */

const head = shaOf('a')
const older = shaOf('b')
const at = '2026-11-25T18:00:00Z'
const push = (after: string, time: string) => ({ actor: ann, before: shaOf('0'), after, at: time })
const equalityTo = async (sha: string): Promise<Equality> =>
  sha === head
    ? { same: true, how: 'it is the head' }
    : { same: false, why: 'price.ts changed since', paths: [] }

describe('a bound label is compared with what the branch held before it', () => {
  test.each([
    ['the head, pushed a second before', [push(head, '2026-11-25T17:59:59Z')], true],
    [
      'an older commit, the head being pushed after it',
      [push(head, '2026-11-25T18:00:01Z'), push(older, '2026-11-25T17:00:00Z')],
      false,
    ],
    [
      'an older commit, the head being pushed in the same second',
      [push(head, at), push(older, '2026-11-25T17:00:00Z')],
      false,
    ],
  ])('%s', async (_, pushes, same) => {
    const [label] = await bindLabels([aLabel({ at })], ['urgent'], pushes, equalityTo)
    expect(label?.equality?.same).toBe(same)
  })

  test('nothing is known where the only push is of the same second', async () => {
    const [label] = await bindLabels([aLabel({ at })], ['urgent'], [push(head, at)], equalityTo)
    expect(label?.equality).toBeUndefined()
  })
})

test('when the head was pushed: of a branch that came back to an older commit, the newest push of it', () => {
  const pushes = [
    push(head, '2026-11-25T18:02:00Z'),
    push(older, '2026-11-25T18:01:00Z'),
    push(head, '2026-11-25T18:00:00Z'),
  ]
  expect(pushedAt(pushes, head)).toEqual({ pushedAt: '2026-11-25T18:02:00Z' })
})
