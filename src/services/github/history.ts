import type { Commit } from '../../decision/contributors.ts'

/** The commits of a change and their parents; any other commit belongs to the base. */
export type Parents = ReadonlyMap<string, readonly string[]>

export function parentsOf(commits: readonly Commit[]): Parents {
  return new Map(commits.map(({ sha, parents }) => [sha, parents]))
}

/** All commits of the change that can be reached from one of them, itself included; none from any other commit. */
export function reachable(from: string, parents: Parents): Set<string> {
  const seen = new Set<string>()
  const open = [from]
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    const next = parents.get(sha)
    if (!next || seen.has(sha)) continue
    seen.add(sha)
    open.push(...next)
  }
  return seen
}

/** The commits of the change that a push brought: reached from its new tip, and not from its old one. */
export function commitsAddedByPush(
  { before, after }: { before: string; after: string },
  parents: Parents,
): string[] {
  const old = reachable(before, parents)
  return [...reachable(after, parents)].filter((sha) => !old.has(sha))
}

/** The base's commits that a commit of the change stands on directly. */
export function standsOn(sha: string, parents: Parents): Set<string> {
  const below = [...reachable(sha, parents)].flatMap((each) => parents.get(each) ?? [])
  return new Set(below.filter((each) => !parents.has(each)))
}
