import type { Commit, ContributionFacts } from './contributors.ts'
import type { Contributor, Person } from './snapshot.ts'

/**
 * Bots behind which nobody is known; each may hide one of the approvers. Names in commits tell nothing here, since
 * whoever drives a bot writes them: a colleague's name would buy an approval. Only the activity of the branch counts.
 * A person who pushed a bot's commit stands behind it, and behind a pull request that a bot opened stand the people who
 * pushed every commit of it. A bot that pushed has nobody.
 */
export function unownedBots(
  contributors: Contributor[],
  commits: Commit[],
  facts: ContributionFacts,
): Person[] {
  const vouched = pushedByPeople(facts)
  const allVouched = commits.length > 0 && commits.every(({ sha }) => vouched.has(sha))
  const owned: Record<Contributor['as'], (commit: string) => boolean> = {
    opener: () => allVouched,
    author: (commit) => vouched.has(commit),
    committer: (commit) => vouched.has(commit),
    pusher: () => false,
    'co-author': () => true,
    'behind the bot': () => true,
  }
  const bots = contributors
    .filter(({ person }) => person.type !== 'User')
    .filter(({ as, commit }) => !owned[as](commit ?? ''))
  return [...new Map(bots.map(({ person }) => [person.id, person])).values()]
}

/** Commits that a person's push brought: they can be reached from its new tip and not from its old one. */
function pushedByPeople({ commits, pushes }: ContributionFacts): Set<string> {
  const parents = new Map(commits.map((commit) => [commit.sha, commit.parents]))
  const brought = new Set<string>()
  for (const { actor, before, after } of pushes) {
    if (actor?.type !== 'User' || !parents.has(after)) continue
    const old = reachable(before, parents)
    for (const sha of reachable(after, parents)) if (!old.has(sha)) brought.add(sha)
  }
  return brought
}

function reachable(from: string, parents: ReadonlyMap<string, string[]>): Set<string> {
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
