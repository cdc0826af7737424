import type { By } from './context.ts'
import { emit } from './events.ts'
import { commitsBetween } from './git-history.ts'
import { type Commit, findCommit, noCommit, shaOf } from './git-reading.ts'
import { type Hub, isoTime } from './hub.ts'
import type { ActivityType, Repository } from './repository-state.ts'
import { userById } from './shapes/account.ts'
import { repositoryPage } from './shapes/links.ts'

/** A branch that moves, is made (`before` all zeros) or is deleted (`after` all zeros). */
export type Move = { ref: string; before: string; after: string; by: By; type?: ActivityType }

export const branchOf = (ref: string) => ref.replace('refs/heads/', '')

export async function emitPush(hub: Hub, repository: Repository, move: Move, forced: boolean): Promise<void> {
  const { git } = repository
  const head = move.after === noCommit ? undefined : await findCommit(git, move.after)
  const base = move.before === noCommit ? await shaOf(git, repository.defaultBranch) : move.before
  const commits = head && base && base !== head.sha ? await commitsBetween(git, base, head.sha) : []
  const pusher = userById(hub, move.by.userId)
  const page = repositoryPage(hub, repository)
  emit(hub, repository, 'push', move.by, {
    ref: move.ref,
    before: move.before,
    after: move.after,
    base_ref: null,
    created: move.before === noCommit,
    deleted: move.after === noCommit,
    forced,
    compare: `${page}/compare/${move.before.slice(0, 12)}...${move.after.slice(0, 12)}`,
    commits: commits.slice(-2048).map((commit) => pushedCommit(page, commit)),
    head_commit: head ? pushedCommit(page, head) : null,
    pusher: { name: pusher.login, email: hub.world.accounts.get(move.by.userId)?.email ?? null },
  })
}

function pushedCommit(page: string, commit: Commit) {
  const person = ({ name, email, at }: Commit['author']) => ({ name, email, date: isoTime(at) })
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: isoTime(commit.committer.at),
    url: `${page}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: [],
    removed: [],
    modified: [],
  }
}
