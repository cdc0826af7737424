import type { Contributor, Person } from '../../decision/snapshot.ts'
import { type CurrentHead, knownHead } from './older-heads.ts'
import { type Prover, proveSame } from './proofs.ts'
import type { DatedPush } from './pushes.ts'

/**
 * Who of these people wrote an earlier version of the branch whose change is that of the head: a commit that was rewritten under
 * another name frees nobody. Only versions that were seen are compared.
 */
export async function writersOfEarlierVersions(
  prover: Prover,
  baseRef: string,
  { head, pushes }: Pick<CurrentHead, 'head'> & { pushes: readonly DatedPush[] },
  people: Person[],
): Promise<Contributor[]> {
  if (!head || people.length === 0) return []
  const versions = new Set(pushes.flatMap(({ before, after }) => [before, after]))
  versions.delete(head.change.head)
  const ids = new Set(people.map(({ id }) => id))
  const found = await Promise.all(
    [...versions].map(async (sha) => {
      const then = await knownHead(prover, baseRef, sha)
      const wrote = then?.contributors.filter(({ person, as }) => ids.has(person.id) && isWriter(as)) ?? []
      return then && wrote.length > 0 && (await proveSame(prover, then, head)).same ? wrote : []
    }),
  )
  return found.flat()
}

function isWriter(as: Contributor['as']): boolean {
  return as === 'author' || as === 'co-author'
}
