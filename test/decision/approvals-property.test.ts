import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { approvals } from '../../src/decision/gates/approvals.ts'
import { snapshotSchema } from '../../src/decision/snapshot.ts'
import { type Action, actions, anAction, play } from '../support/history.ts'
import { approvedByTheBook } from '../support/oracle.ts'

/** Issue 3, property tests over random histories of pushes, reviews, dismissals, permission changes. */

const runs = { numRuns: 5_000 }

function gatePasses(history: Action[], count: number): boolean {
  const settings = approvals.settings.parse({ count })
  return approvals.evaluate(play(history).snapshot(), settings).state === 'passed'
}

describe('over random histories', () => {
  it('the gate passes if and only if count distinct people, none a contributor, with write access now, have a standing approval of the content, and nobody with it blocks', () => {
    const seen = { passed: 0, held: 0 }
    fc.assert(
      fc.property(actions, fc.integer({ min: 1, max: 3 }), (history, count) => {
        const expected = approvedByTheBook(play(history), count)
        expect(gatePasses(history, count)).toBe(expected)
        seen[expected ? 'passed' : 'held'] += 1
      }),
      runs,
    )
    expect(seen.passed).toBeGreaterThan(runs.numRuns / 10)
    expect(seen.held).toBeGreaterThan(runs.numRuns / 10)
  })

  it('a push that changes the content always drops the gate', () => {
    let dropped = 0
    fc.assert(
      fc.property(actions, anAction.push, fc.integer({ min: 1, max: 3 }), (history, push, count) => {
        const before = gatePasses(history, count)
        expect(gatePasses([...history, { ...push, content: 'new' }], count)).toBe(false)
        if (before) dropped += 1
      }),
      runs,
    )
    expect(dropped).toBeGreaterThan(runs.numRuns / 10)
  })

  it('losing permission, requesting changes or a dismissal never turns a gate green', () => {
    const harm = fc.oneof(anAction.loss, anAction.block)
    let held = 0
    fc.assert(
      fc.property(actions, harm, (history, action) => {
        const before = gatePasses(history, 2)
        const blocked = play(history).hasBlockBy(action.who)
        if (before || (action.kind === 'access' && blocked)) return
        expect(gatePasses([...history, action], 2)).toBe(false)
        held += 1
      }),
      runs,
    )
    expect(held).toBeGreaterThan(runs.numRuns / 10)
  })

  it('a comment changes nothing', () => {
    fc.assert(
      fc.property(actions, anAction.comment, (history, comment) => {
        expect(gatePasses([...history, comment], 2)).toBe(gatePasses(history, 2))
      }),
      runs,
    )
  })

  it('the facts that the model gives are facts as the schema wants them', () => {
    fc.assert(
      fc.property(actions, (history) => {
        expect(snapshotSchema.safeParse(play(history).snapshot()).error).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })
})
