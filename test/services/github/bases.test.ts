import { describe, expect, it } from 'vitest'
import { baseChange, keepBase } from '../../../src/services/github/bases.ts'
import type { HeadFacts } from '../../../src/services/github/older-heads.ts'
import { keepHead } from '../../../src/services/github/older-heads.ts'
import type { Prover } from '../../../src/services/github/proofs.ts'
import { minutesLater, shaOf, yesterday } from '../../support/snapshot.ts'

/** A change of base is known by GitHub's events, and by the base itself while its event is not listed yet. */

const number = 7

/** A pull request as it is read again and again; its facts are remembered, and GitHub is never asked. */
function aPull() {
  const kept = new Map<string, unknown>()
  const facts: Prover['facts'] = {
    get: async <Value>(key: string) => structuredClone(kept.get(key)) as Value | undefined,
    put: async (key, value) => void kept.set(key, structuredClone(value)),
    labelOrders: async () => [],
  }
  const prover = { repository: { owner: 'acme', repo: 'shop' }, repositoryId: 2, facts } as Prover
  return async (baseRef: string, listed: string[], at: string, head = headOn('c')) => {
    const timeline = { baseChanges: listed.length, ...last(listed) }
    const current = { head, hasOneMergeBase: async () => true }
    const { changed } = await baseChange(prover, { number, baseRef, at }, current, timeline)
    await keepBase(prover, { number, baseRef, at }, timeline)
    await keepHead(prover, baseRef, head, false)
    return changed && { at: changed.at, same: changed.equality.same }
  }
}

function last(listed: string[]): { baseChangedAt?: string } {
  const baseChangedAt = listed.at(-1)
  return baseChangedAt === undefined ? {} : { baseChangedAt }
}

/** The same head; what it adds to its base follows from where it left it. */
function headOn(mergeBase: string): HeadFacts {
  const trees = { mergeBaseTree: shaOf(mergeBase), headTree: shaOf('a') }
  const change = { base: shaOf('c'), mergeBase: shaOf(mergeBase), head: shaOf('a'), ...trees }
  const files = [
    { path: mergeBase, status: 'added' as const, sha: shaOf(mergeBase), additions: 1, deletions: 0 },
  ]
  const footprint = { [mergeBase]: { is: { mode: '100644', sha: shaOf(mergeBase) } } }
  return { change: { ...change, files, filesComplete: true }, footprint, contributors: [], unownedBots: [] }
}

const [one, two, three, four] = [1, 2, 3, 4].map((minutes) => minutesLater(minutes, yesterday)) as [
  string,
  string,
  string,
  string,
]

describe('a base', () => {
  it('that never changed is not said to have', async () => {
    const read = aPull()
    expect(await read('main', [], one)).toBeUndefined()
    expect(await read('main', [], two)).toBeUndefined()
  })

  it('that is another one counts as changed since that was seen, before GitHub lists the event', async () => {
    const read = aPull()
    await read('side', [], one, headOn('d'))
    expect(await read('main', [], two, headOn('e'))).toEqual({ at: two, same: false })
    expect(await read('main', [], three, headOn('e'))).toEqual({ at: two, same: false })
  })

  it('counts as changed when GitHub says so, once the event is listed', async () => {
    const read = aPull()
    await read('side', [], one, headOn('d'))
    await read('main', [], three, headOn('e'))
    expect(await read('main', [two], four, headOn('e'))).toEqual({ at: two, same: false })
  })

  it('that is another one again counts as changed then, not when the listed change was', async () => {
    const read = aPull()
    await read('side', [], one, headOn('d'))
    await read('main', [two], two, headOn('e'))
    expect(await read('side', [two], three, headOn('d'))).toMatchObject({ at: three })
    expect(await read('side', [two, three], four, headOn('d'))).toMatchObject({ at: three })
  })

  it('under another name keeps what was approved, since the change against it is the same', async () => {
    const read = aPull()
    await read('master', [], one)
    expect(await read('main', [], two)).toEqual({ at: two, same: true })
  })
})
