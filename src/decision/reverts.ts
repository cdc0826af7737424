import { parseDuration } from './duration.ts'
import { sentence } from './markdown.ts'
import type { Snapshot } from './snapshot.ts'

/** The pull request that a description says it reverts, as GitHub's own button writes it; undefined: none of this repository. */
export function revertedPull(body: string, repository: string): number | undefined {
  const [, name, number] = /\bReverts\s+([\w.-]+\/[\w.-]+)?#(\d{1,9})\b/i.exec(body) ?? []
  const isHere = name === undefined || name.toLowerCase() === repository.toLowerCase()
  return number !== undefined && isHere ? Number(number) : undefined
}

/** Whether a pull request says that it reverts something. Undoing that would bring back what was reverted. */
export function saysItReverts({ title, body, ref }: { title: string; body: string; ref: string }): boolean {
  return (
    /^\s*revert\b/i.test(title) ||
    /^revert-/i.test(ref) ||
    /\bReverts\s+\S*#\d|\bThis reverts commit\b/i.test(body)
  )
}

/** A revert that is proved to be one of a change that was released lately, or why it is not; undefined: it does not say it is one. */
export type Revert = { pull: number } & ({ until: Date } | { why: string })

/** `within`: the setting `urgent.reverts`. Undefined, the default: none counts. */
export function revertOf(
  { revert, takenAt }: Pick<Snapshot, 'revert' | 'takenAt'>,
  within: string | undefined,
): Revert | undefined {
  if (!revert || within === undefined) return undefined
  const { pull, mergedAt, proof } = revert
  if (!proof.same) return { pull, why: sentence(proof.why, proof.paths[0]) }
  if (mergedAt === undefined) return { pull, why: 'it is not known when that was merged' }
  const until = new Date(Date.parse(mergedAt) + parseDuration(within))
  const now = Date.parse(takenAt)
  if (now < Date.parse(mergedAt) || now >= until.getTime())
    return { pull, why: `that was not merged within the last ${within}` }
  return { pull, until }
}
