import { type BaseMove, type Change, type Sameness, sameChange } from '../../src/decision/content.ts'
import { baseMoveFrom, changeFrom } from './git-facts.ts'
import type { Files, GitRepository } from './git-repository.ts'

/** An older and a newer version of a pull request: the base's tip and the head of each. */
export type Versions = { oldBase: string; oldHead: string; newBase: string; newHead: string }
export type ProofFacts = { before: Change; after: Change; baseMove: BaseMove }

export function factsOf(
  repository: GitRepository,
  { oldBase, oldHead, newBase, newHead }: Versions,
): ProofFacts {
  const before = changeFrom(repository, oldBase, oldHead)
  const after = changeFrom(repository, newBase, newHead)
  return { before, after, baseMove: baseMoveFrom(repository, before.mergeBase, after.mergeBase) }
}

export function prove({ before, after, baseMove }: ProofFacts): Sameness {
  return sameChange(before, after, baseMove)
}

/** What stands at the merge base, and what the change, the base and the newer head make of it. */
export type FileVersions = { oldBase: Files; change: Files; base?: Files; after: Files }
export type FileCase = {
  name: string
  files: FileVersions
  proof: { same: true } | { same: false; why: string }
}

export function versionsOf(
  { commit }: GitRepository,
  { oldBase, change, base, after }: FileVersions,
): Versions {
  const root = commit([], oldBase)
  const newBase = commit([root], base ?? {})
  return { oldBase: root, oldHead: commit([root], change), newBase, newHead: commit([newBase], after) }
}

/** Text of numbered lines, with some of them replaced: `lines(20, { 3: 'new third' })`; an empty replacement deletes the line. */
export function lines(count: number, replaced: Record<number, string> = {}): string {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return numbers
    .map((number) => replaced[number] ?? `line ${number}`)
    .filter(Boolean)
    .map((line) => `${line}\n`)
    .join('')
}
