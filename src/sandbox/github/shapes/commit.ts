import type { ChangedFile } from '../git-diff.ts'
import type { Commit, Signature } from '../git-reading.ts'
import { accountByLogin, type Hub, isoTime } from '../hub.ts'
import type { Repository } from '../repository-state.ts'
import { type Account, webFlow } from '../world.ts'
import { simpleUser } from './account.ts'
import { nodeId, repositoryPage, repositoryUrl } from './links.ts'

/** A commit as the list, compare and pull request endpoints give it. */
export function commitShape(hub: Hub, repository: Repository, commit: Commit) {
  const root = repositoryUrl(hub, repository)
  const page = repositoryPage(hub, repository)
  return {
    sha: commit.sha,
    node_id: nodeId('C', repository.id, commit.sha),
    commit: {
      author: signature(commit.author),
      committer: signature(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${root}/git/trees/${commit.tree}` },
      url: `${root}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: verification(repository, commit),
    },
    url: `${root}/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${root}/commits/${commit.sha}/comments`,
    author: linked(hub, commit.author),
    committer: linked(hub, commit.committer),
    parents: parents(root, page, commit),
  }
}

export function commitWithFiles(hub: Hub, repository: Repository, commit: Commit, files: ChangedFile[]) {
  const sum = (count: (file: ChangedFile) => number) => files.reduce((total, file) => total + count(file), 0)
  const additions = sum((file) => file.additions)
  const deletions = sum((file) => file.deletions)
  return {
    ...commitShape(hub, repository, commit),
    stats: { total: additions + deletions, additions, deletions },
    files: files.slice(0, 300).map((file) => fileShape(hub, repository, commit.sha, file)),
  }
}

/** `GET …/git/commits/{sha}`: the object alone, without accounts. */
export function gitCommit(hub: Hub, repository: Repository, commit: Commit) {
  const root = repositoryUrl(hub, repository)
  const page = repositoryPage(hub, repository)
  return {
    sha: commit.sha,
    node_id: nodeId('C', repository.id, commit.sha),
    url: `${root}/git/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    author: signature(commit.author),
    committer: signature(commit.committer),
    tree: { sha: commit.tree, url: `${root}/git/trees/${commit.tree}` },
    message: commit.message,
    parents: parents(root, page, commit),
    verification: verification(repository, commit),
  }
}

/** A commit as check suites and merge groups carry it. */
export function headCommit({ sha, tree, message, author, committer }: Commit) {
  return {
    id: sha,
    tree_id: tree,
    message,
    timestamp: isoTime(committer.at),
    author: { name: author.name, email: author.email },
    committer: { name: committer.name, email: committer.email },
  }
}

function parents(root: string, page: string, commit: Commit) {
  return commit.parents.map((sha) => ({
    sha,
    url: `${root}/commits/${sha}`,
    html_url: `${page}/commit/${sha}`,
  }))
}

function signature({ name, email, at }: Signature) {
  return { name, email, date: isoTime(at) }
}

function verification(repository: Repository, commit: Commit) {
  const verified = repository.signed.has(commit.sha)
  return {
    verified,
    reason: verified ? 'valid' : 'unsigned',
    signature: verified ? '-----BEGIN PGP SIGNATURE-----\n(sandbox)\n-----END PGP SIGNATURE-----\n' : null,
    payload: verified ? `tree ${commit.tree}\n` : null,
    verified_at: verified ? isoTime(commit.committer.at) : null,
  }
}

function linked(hub: Hub, { email }: Signature) {
  const account = accountOfEmail(hub, email)
  return account ? simpleUser(hub, account) : null
}

/** GitHub ties a commit to an account by its e-mail address alone: the account's own, or its no-reply address. */
export function accountOfEmail(hub: Hub, email: string): Account | undefined {
  if (email === webFlow.email) return hub.world.accounts.get(webFlow.id)
  const [, id, login] = /^(?:(\d+)\+)?(.+)@users\.noreply\.github\.com$/i.exec(email) ?? []
  const wanted = email.toLowerCase()
  for (const account of hub.world.accounts.values()) {
    if (account.type === 'Organization' || account.deleted) continue
    if (id ? account.id === Number(id) : account.email?.toLowerCase() === wanted) return account
  }
  const named = login && !id ? accountByLogin(hub, login) : undefined
  return named?.type === 'Organization' ? undefined : named
}

/** The address that GitHub writes into commits made in the browser for a person. */
export function noReplyEmail(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`
}

export function fileShape(hub: Hub, repository: Repository, head: string, file: ChangedFile) {
  const path = file.filename.split('/').map(encodeURIComponent).join('/')
  const page = repositoryPage(hub, repository)
  return {
    sha: file.sha,
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${head}/${path}`,
    raw_url: `${page}/raw/${head}/${path}`,
    contents_url: `${repositoryUrl(hub, repository)}/contents/${path}?ref=${head}`,
    ...(file.previousFilename === undefined ? {} : { previous_filename: file.previousFilename }),
    ...(file.patch === undefined ? {} : { patch: file.patch }),
  }
}
