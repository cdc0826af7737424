import { exactInverse } from '../../decision/content/inverse.ts'
import { revertedPull, saysItReverts } from '../../decision/reverts.ts'
import type { Equality, PullRef, Snapshot } from '../../decision/snapshot.ts'
import { activityOn } from './branch-activity.ts'
import type { GitHub } from './client.ts'
import type { ChangeFacts } from './commits.ts'
import { readChange } from './content.ts'
import { orAbsent } from './errors.ts'
import { type CurrentHead, unlessCrossed } from './older-heads.ts'
import { footprintOf, type Prover, proofVersion, type Version } from './proofs.ts'
import { type Pull, readPull } from './pulls.ts'

/**
 * Whether a pull request that says it reverts another one undoes exactly that. What it says only names the other one; the
 * proof is by content. Anything that can't be read proves nothing.
 */
export async function readRevert(
  prover: Prover,
  ref: PullRef,
  pull: Pull,
  { head, hasOneMergeBase }: CurrentHead,
): Promise<Pick<Snapshot, 'revert'>> {
  const number = revertedPull(pull.body ?? '', `${ref.owner}/${ref.repo}`)
  if (number === undefined || number === ref.number) return {}
  const reverted = await readPull(prover.github, { ...ref, number })
  if (!reverted?.merged_at || !reverted.merge_commit_sha)
    return { revert: { pull: number, proof: unproven(`#${number} was not merged`) } }
  const mergedAt = new Date(reverted.merged_at).toISOString()
  const proof = await proofOf(prover, pull, reverted, head)
  return { revert: { pull: number, mergedAt, proof: await unlessCrossed(proof, hasOneMergeBase) } }
}

async function proofOf(
  prover: Prover,
  pull: Pull,
  reverted: Pull,
  head: Version | undefined,
): Promise<Equality> {
  const { number, base, merge_commit_sha: landed } = reverted
  if (base.ref !== pull.base.ref) return unproven(`#${number} was merged into another branch`)
  if (!head || landed === null) return unproven('GitHub cannot compare the head with its base')
  const key = [
    'revert',
    proofVersion,
    prover.repositoryId,
    landed,
    head.change.mergeBase,
    head.change.head,
  ].join('/')
  const known = await prover.facts.get<Equality>(key)
  if (known) return known
  const proof = await prove(prover, reverted, landed, head)
  if (proof.same) {
    await prover.facts.put(key, proof)
    await prover.facts.put(revertKey(prover, head.change.head), true)
  }
  return proof
}

/** Remembers a head that was proved to be a revert, whatever its description says later. */
function revertKey({ repositoryId }: Prover, sha: string): string {
  return ['is a revert', repositoryId, sha].join('/')
}

async function prove(prover: Prover, reverted: Pull, landed: string, head: Version): Promise<Equality> {
  const { number, title, body, head: their } = reverted
  const isRevert = saysItReverts({ title, body: body ?? '', ref: their.ref })
  if (isRevert || (await prover.facts.get(revertKey(prover, their.sha))))
    return unproven(`#${number} is a revert itself`)
  const change = await landedChange(prover, reverted, landed)
  if (!change)
    return unproven(
      `a rebase or a push merged #${number} in several commits, so its change is not known as a whole`,
    )
  const [released, own] = await Promise.all([footprintOf(prover, { change }), footprintOf(prover, head)])
  if (typeof released === 'string' || typeof own === 'string')
    return unproven('the files cannot be read as a whole')
  const { files, filesComplete: complete } = head.change
  const sameness = exactInverse(released, own, { files, complete })
  return sameness.same ? { same: true, how: `it undoes exactly what #${number} changed` } : sameness
}

/**
 * What a merge changed on its branch. The first parent of its commit is what stood there before, except where a rebase or a push
 * brought several commits: the last one alone is only a part of the change, or none of it. So without a merge commit it counts only where
 * GitHub says that the branch moved in one step.
 */
async function landedChange(
  { github, repository }: Prover,
  { base, head }: Pull,
  landed: string,
): Promise<ChangeFacts | undefined> {
  const commit = await orAbsent(github.rest.git.getCommit({ ...repository, commit_sha: landed }))
  const parents = commit?.data.parents ?? []
  const [before, merged] = parents
  if (!before) return undefined
  const isWhole = merged
    ? merged.sha === head.sha
    : (await movedFrom(github, repository, base.ref, landed)) === before.sha
  const change = isWhole ? await readChange(github, repository, before.sha, landed) : undefined
  return change?.mergeBase === before.sha ? change : undefined
}

async function movedFrom(
  github: GitHub,
  repository: { owner: string; repo: string },
  branch: string,
  landed: string,
): Promise<string | undefined> {
  const rows = await activityOn(github, repository, branch)
  return rows.find(({ after }) => after === landed)?.before
}

function unproven(why: string): Equality {
  return { same: false, why, paths: [] }
}
