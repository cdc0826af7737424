import { coAuthorsIn } from './co-authors.ts'
import type { Contributor, Person, Unattributed } from './snapshot.ts'

/** A commit of base..head, with its contributors. */
export type Commit = {
  sha: string
  parents: string[]
  message: string
  verified: boolean
  /** Made by the merge of another pull request into the branch. */
  merged?: boolean
  author: Signature
  committer: Signature
}

/** The name in git, and the GitHub account that it is linked to, if any. */
export type Signature = { name: string; person: Person | null }

/**
 * One change of the head branch from GitHub's activity API, since commits do not contain who pushed them. `merge`: GitHub merged
 * another pull request into the branch.
 */
export type Push = { actor: Person | null; before: string; after: string; merge?: boolean }

/** A fork whose activity cannot be read, so its pushers are unknown. */
export type HiddenFork = { owner: Person | null }

/** The facts about contributions. `cleanMerges` are the update merges that are proved to add nothing. */
export type ContributionFacts = {
  opener: Person | null
  head: string
  commits: Commit[]
  pushes: Push[]
  cleanMerges: ReadonlySet<string>
  hiddenFork?: HiddenFork
}

export type Contributions = {
  contributors: Contributor[]
  unattributed: Unattributed[]
  unmatchedCoAuthors: string[]
  unownedBots: Person[]
}

/**
 * Everyone who contributed to a change and therefore cannot approve it. Writing or pushing a proved update merge does not make
 * anyone a contributor.
 */
export function contributionsOf(facts: ContributionFacts): Contributions {
  const { opener, hiddenFork } = facts
  const commits = facts.commits.filter((commit) => !facts.cleanMerges.has(commit.sha))
  const pushes = pushesOfWork(facts)
  const contributors = distinctParts([
    ...(opener ? [{ person: opener, as: 'opener' as const }] : []),
    ...(hiddenFork?.owner ? [{ person: hiddenFork.owner, as: 'fork owner' as const }] : []),
    ...commits.flatMap(partsOf),
    ...pushes.flatMap(({ actor, after }) =>
      actor ? [{ person: actor, as: 'pusher' as const, commit: after }] : [],
    ),
  ])
  return {
    contributors,
    unattributed: [...commits.flatMap(unattributedIn), ...(hiddenFork ? [] : unknownPushers(facts, pushes))],
    unmatchedCoAuthors: [...new Set(commits.flatMap(({ message }) => coAuthorsIn(message).unmatched))],
    unownedBots: unownedBots(contributors, commits, facts),
  }
}

function partsOf(commit: Commit): Contributor[] {
  const { sha, author, committer } = commit
  return [
    ...(isKnown(author) ? [{ person: author.person, as: 'author' as const, commit: sha }] : []),
    ...(isKnown(committer) ? [{ person: committer.person, as: 'committer' as const, commit: sha }] : []),
    ...coAuthorsIn(commit.message).matched.map((person) => coAuthorOf(commit, person)),
  ]
}

export function coAuthorOf(commit: Commit, person: Person): Contributor {
  const part = { person, as: 'co-author' as const, commit: commit.sha }
  return isSuggestion(commit, person) ? { ...part, suggestion: true } : part
}

/**
 * GitHub names whoever suggested a change as co-author when somebody else commits it from the review: a commit in the
 * browser, with GitHub's own verified signature. A merge does not count as one, even if it was squashed into one commit: its co-authors
 * wrote the work. What only the message says proves nothing.
 */
function isSuggestion(commit: Commit, { id }: Person): boolean {
  const { author, committer, verified, parents, merged } = commit
  const inBrowser = isBrowser(committer) && verified && !merged
  return inBrowser && parents.length === 1 && isKnown(author) && author.person.id !== id
}

/** The commits, with those marked that the merge of another pull request made. */
export function withMerges(commits: Commit[], pushes: Push[]): Commit[] {
  const merges = new Set(pushes.filter(({ merge }) => merge).map(({ after }) => after))
  return commits.map((commit) => (merges.has(commit.sha) ? { ...commit, merged: true } : commit))
}

/** Removes those who only suggested a change that somebody else committed, and did nothing else. */
export function withoutSuggesters<Facts extends { contributors: Contributor[] }>(facts: Facts): Facts {
  return { ...facts, contributors: facts.contributors.filter(({ suggestion }) => !suggestion) }
}

/** GitHub commits edits in the browser as `web-flow`, which is neither a person nor a valid author. */
function isBrowser({ person }: Signature): boolean {
  return person?.login === 'web-flow'
}

function isKnown(signature: Signature): signature is { name: string; person: Person } {
  return signature.person !== null && !isBrowser(signature)
}

/** `web-flow` is ignored only with GitHub's verified signature, since anyone can write that name into a commit. */
function unattributedIn(commit: Commit): Unattributed[] {
  const { sha, author, committer, verified } = commit
  const inBrowser = isBrowser(committer) && verified
  return [
    ...(isKnown(author) ? [] : [{ commit: sha, field: 'author' as const, name: author.name }]),
    ...(isKnown(committer) || inBrowser
      ? []
      : [{ commit: sha, field: 'committer' as const, name: committer.name }]),
  ]
}

/**
 * The pushes that brought work of this change: all whose new tip is one of its commits, except one that brought a
 * proved update merge onto a commit of the change and nothing else.
 */
function pushesOfWork({ commits, pushes, cleanMerges }: ContributionFacts): Push[] {
  const ours = new Map(commits.map((commit) => [commit.sha, commit]))
  const onlyMerged = ({ before, after }: Push) =>
    cleanMerges.has(after) && ours.has(before) && ours.get(after)?.parents.includes(before)
  return pushes.filter((push) => ours.has(push.after) && !onlyMerged(push))
}

/**
 * Whoever pushed unnamed cannot be barred, so the gate can't pass; nor can it when no listed push brought the head, or an older
 * commit whose push is no longer listed. A hidden fork never tells: it costs one more approval instead, so that nobody waits for
 * what does not come.
 */
function unknownPushers(facts: ContributionFacts, ofWork: Push[]): Unattributed[] {
  const unnamed = ofWork.filter(({ actor }) => !actor).map(({ after }) => after)
  const isHeadListed = facts.pushes.some(({ after }) => after === facts.head)
  const unlisted = isHeadListed ? unlistedCommits(facts) : [facts.head]
  return [...new Set([...unnamed, ...unlisted])].map((commit) => ({
    commit,
    field: 'pusher',
    name: 'unknown',
  }))
}

/** The commits that no listed push brought, except proved update merges. */
function unlistedCommits({ commits, pushes, cleanMerges }: ContributionFacts): string[] {
  const brought = broughtBy(pushes, commits)
  return commits.map(({ sha }) => sha).filter((sha) => !brought.has(sha) && !cleanMerges.has(sha))
}

/** Each person once per role and commit. */
export function distinctParts(contributors: Contributor[]): Contributor[] {
  const byPart = contributors.map(
    (entry) => [`${entry.person.id} ${entry.as} ${entry.commit}`, entry] as const,
  )
  return [...new Map(byPart).values()]
}

/**
 * Bots behind which nobody is known; each may hide one of the approvers. Names in commits tell nothing here, since
 * whoever drives a bot writes them: a colleague's name would buy an approval. Only the activity of the branch counts.
 * A person who pushed a bot's commit stands behind it, and behind a pull request that a bot opened stand the people who
 * pushed every commit of it. A bot that pushed has nobody.
 */
function unownedBots(contributors: Contributor[], commits: Commit[], facts: ContributionFacts): Person[] {
  const vouched = pushedByPeople(facts)
  const allVouched = commits.length > 0 && commits.every(({ sha }) => vouched.has(sha))
  const owned: Record<Contributor['as'], (commit: string) => boolean> = {
    opener: () => allVouched,
    author: (commit) => vouched.has(commit),
    committer: (commit) => vouched.has(commit),
    pusher: () => false,
    'co-author': () => true,
    'behind the bot': () => true,
    'fork owner': () => true,
  }
  const bots = contributors
    .filter(({ person }) => person.type !== 'User')
    .filter(({ as, commit }) => !owned[as](commit ?? ''))
  return distinctBots(bots.map(({ person }) => person))
}

export function distinctBots(bots: Person[]): Person[] {
  return [...new Map(bots.map((bot) => [bot.id, bot])).values()]
}

function pushedByPeople({ commits, pushes }: ContributionFacts): Set<string> {
  return broughtBy(
    pushes.filter(({ actor }) => actor?.type === 'User'),
    commits,
  )
}

/** The commits that these pushes added: reachable from a new tip and not from its old one. */
function broughtBy(pushes: Push[], commits: Commit[]): Set<string> {
  const parents = new Map(commits.map((commit) => [commit.sha, commit.parents]))
  const brought = new Set<string>()
  for (const { before, after } of pushes) {
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
