import { describe, expect, test } from 'vitest'
import { whyOf } from '../../../src/server/board/why.ts'
import { factsOf, shop, verdictOn } from '../../support/board-world.ts'
import { aLabel, anApproval, aPerson } from '../../support/snapshot.ts'

const nodesOf = (what: Parameters<typeof factsOf>[2]) =>
  new Map(whyOf(verdictOn(factsOf(shop, 5, what), 1), {}).nodes.map((node) => [node.gate, node]))
const many = <One>(count: number, make: (index: number) => One) =>
  Array.from({ length: count }, (_, index) => make(index))

describe('the facts of a hostile pull request', () => {
  const nodes = nodesOf({
    labels: many(1_000, (index) => aLabel({ name: `label-${index}` })),
    reviews: many(1_000, (index) =>
      anApproval(aPerson(`person-${index}`), { id: index, state: 'COMMENTED' }),
    ),
  })
  const textOf = (gate: string) => nodes.get(gate)?.facts.map(({ what }) => what) ?? []

  test('are shown in part, the newest reviews first, and the others counted', () => {
    const reviews = textOf('approvals')
    expect(reviews).toHaveLength(52)
    expect(reviews[1]).toContain('`person-999`')
    expect(reviews.at(-1)).toBe('950 more reviews not shown')
    expect(textOf('hold')).toHaveLength(51)
    expect(textOf('hold').at(-1)).toBe('950 more labels not shown')
  })

  test('are all there where they are few', () => {
    const [label] = nodesOf({ labels: [aLabel({ name: 'one' })] }).get('hold')?.facts ?? []
    expect(label?.what).toContain('`one`')
  })
})
