import { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { changedFiles, diffText } from '../git-diff.ts'
import { commitsBetween, isAncestor, mergeBase } from '../git-history.ts'
import { type Commit, commitsOf, findCommit, shaOf } from '../git-reading.ts'
import { accountByLogin, type Hub, repositoryByName } from '../hub.ts'
import { page } from '../pages.ts'
import { notFound, problem } from '../problems.ts'
import { isPull } from '../pull-facts.ts'
import type { Pull, PullIssue, Repository } from '../repository-state.ts'
import { accepts, pathOf } from '../requests.ts'
import { accountOfEmail, commitShape, commitWithFiles, fileShape } from '../shapes/commit.ts'
import { repositoryPage, repositoryUrl } from '../shapes/links.ts'
import { pullShape } from '../shapes/pull.ts'

const read = needs('read', 'contents', 'read')
/** Git's empty tree: what the first commit is compared with. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

/** Commits, what they belong to, and comparisons. */
export function commitRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/repos/:owner/:repo/commits', async (c) => {
    const repository = openRepository(hub, c, read)
    const { sha = repository.defaultBranch, path, author } = c.req.query()
    const head = await shaOf(repository.git, sha)
    if (!head) throw notFound()
    const listed = await repository.git.run(['rev-list', head, '--', ...(path ? [path] : [])])
    const all = listed.split('\n').filter(Boolean)
    const wanted = author ? accountByLogin(hub, author) : undefined
    if (!author)
      return c.json(
        (await commitsOf(repository.git, page(c, all))).map((one) => commitShape(hub, repository, one)),
      )
    const commits = await commitsOf(repository.git, all)
    const own = commits.filter((one) => wanted && accountOfEmail(hub, one.author.email)?.id === wanted.id)
    return c.json(page(c, own).map((one) => commitShape(hub, repository, one)))
  })
  app.get('/repos/:owner/:repo/commits/:sha/pulls', async (c) => {
    const repository = openRepository(hub, c, needs('read', 'pull_requests', 'read'))
    const sha = await shaOf(repository.git, pathOf(c, 'sha'))
    if (!sha) throw problem(422, `No commit found for SHA: ${pathOf(c, 'sha')}`)
    const found = await pullsOfCommit(hub, repository, sha)
    return c.json(page(c, found).map(({ base, issue }) => pullShape(hub, base, issue)))
  })
  app.get('/repos/:owner/:repo/commits/:ref{.+}', async (c) => {
    const repository = openRepository(hub, c, read)
    const commit = await findCommit(repository.git, pathOf(c, 'ref'))
    if (!commit) throw problem(422, `No commit found for SHA: ${pathOf(c, 'ref')}`)
    const before = commit.parents[0] ?? emptyTree
    if (accepts(c, 'diff')) return c.text(await diffText(repository.git, before, commit.sha))
    return c.json(
      commitWithFiles(hub, repository, commit, await changedFiles(repository.git, before, commit.sha)),
    )
  })
  app.get('/repos/:owner/:repo/compare/:basehead{.+}', async (c) => {
    const repository = openRepository(hub, c, read)
    const range = await compareRange(hub, repository, pathOf(c, 'basehead'))
    if (accepts(c, 'diff')) return c.text(await diffText(repository.git, range.ancestor, range.head.sha))
    const paged = c.req.query('page') !== undefined || c.req.query('per_page') !== undefined
    const shown = paged ? page(c, range.commits, { usual: 250, most: 250 }) : range.commits.slice(-250)
    return c.json(await comparison(hub, repository, range, shown, Number(c.req.query('page') ?? 1)))
  })
  return app
}

/**
 * The pull requests that merged a commit; where it is not on the default branch, open ones too. Those from forks are tied to
 * the fork alone: asked for a head that only a fork has, the base answers with an empty list (TooTallNate/nx.js#410).
 * https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
 */
async function pullsOfCommit(hub: Hub, repository: Repository, sha: string) {
  const landed = await isOnDefaultBranch(repository, sha)
  const tied = [...hub.world.repositories.values()].flatMap((base) =>
    [...base.issues.values()]
      .filter(isPull)
      .filter((issue) => isTied(repository, base, issue, landed))
      .map((issue) => ({ base, issue })),
  )
  const inside = await Promise.all(tied.map(({ base, issue: { pull } }) => contains(base, pull, sha)))
  return tied.filter((_, index) => inside[index])
}

async function isOnDefaultBranch({ git, defaultBranch }: Repository, sha: string): Promise<boolean> {
  const tip = await shaOf(git, `refs/heads/${defaultBranch}`)
  return tip !== undefined && (await isAncestor(git, sha, tip))
}

function isTied(asked: Repository, base: Repository, { state, pull }: PullIssue, landed: boolean): boolean {
  if (pull.mergedAt !== null) return base === asked
  return state === 'open' && !landed && pull.headRepositoryId === asked.id
}

async function contains({ git }: Repository, { mergeCommitSha, headSha, baseSha }: Pull, sha: string) {
  if (mergeCommitSha === sha || headSha === sha) return true
  return (await commitsBetween(git, baseSha, headSha)).some((commit) => commit.sha === sha)
}

type Range = {
  base: Commit
  head: Commit
  ancestor: string
  commits: Commit[]
  behind: number
  basehead: string
}

/** `base...head`, each with an owner in front when it lives in a fork. */
async function compareRange(hub: Hub, repository: Repository, basehead: string): Promise<Range> {
  const [from, to] = basehead.split('...')
  const base = from && (await side(hub, repository, from))
  const head = to && (await side(hub, repository, to))
  if (!base || !head) throw notFound()
  const { git } = repository
  const ancestor = await mergeBase(git, base.sha, head.sha)
  if (!ancestor) throw problem(404, `No common ancestor between ${from} and ${to}.`)
  const commits = await commitsBetween(git, base.sha, head.sha)
  const behind = (await commitsBetween(git, head.sha, base.sha)).length
  return { base, head, ancestor, commits, behind, basehead }
}

async function side(hub: Hub, repository: Repository, name: string): Promise<Commit | undefined> {
  const [owner, ref] = name.includes(':') ? name.split(':') : [undefined, name]
  if (owner === undefined || ref === undefined) return findCommit(repository.git, name)
  const other = repositoryByName(hub, owner, repository.name)
  if (!other) return undefined
  const sha = await shaOf(other.git, ref)
  if (!sha) return undefined
  if (other !== repository) await repository.git.run(['fetch', '--quiet', '--no-tags', other.git.folder, sha])
  return findCommit(repository.git, sha)
}

/** Files come on the first page only, at most 300 of them. */
async function comparison(
  hub: Hub,
  repository: Repository,
  range: Range,
  shown: Commit[],
  pageNumber: number,
) {
  const { base, head, ancestor, commits, behind } = range
  const url = `${repositoryUrl(hub, repository)}/compare/${range.basehead}`
  const html = `${repositoryPage(hub, repository)}/compare/${range.basehead}`
  const ancestorCommit = await findCommit(repository.git, ancestor)
  const files = pageNumber > 1 ? [] : await changedFiles(repository.git, ancestor, head.sha)
  return {
    url,
    html_url: html,
    permalink_url: `${repositoryPage(hub, repository)}/compare/${base.sha.slice(0, 12)}...${head.sha.slice(0, 12)}`,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    base_commit: commitShape(hub, repository, base),
    merge_base_commit: commitShape(hub, repository, ancestorCommit ?? base),
    status: comparedStatus(commits.length, behind),
    ahead_by: commits.length,
    behind_by: behind,
    total_commits: commits.length,
    commits: shown.map((commit) => commitShape(hub, repository, commit)),
    files: files.slice(0, 300).map((file) => fileShape(hub, repository, head.sha, file)),
  }
}

function comparedStatus(ahead: number, behind: number): string {
  if (ahead > 0 && behind > 0) return 'diverged'
  return ahead > 0 ? 'ahead' : behind > 0 ? 'behind' : 'identical'
}
