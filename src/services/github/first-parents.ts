import type { GitHub } from './client.ts'
import { type Comparison, orIncomparable } from './commits.ts'

/** A commit of a branch's own line; the second parent, where it has one, is what it merges. */
export type LineCommit = { sha: string; parents: string[]; message: string; author: string }

/** Ten pages: more commits than these in one push or one merge group are not walked. */
const mostPages = 10

/**
 * The commits from the head down along first parents to the base, newest first, both named by their full ids; `behind`
 * is how many commits the head has lost. Undefined: GitHub cannot compare the two. Where there are more commits than are
 * read, the line is cut off at its older end, and `complete` is false.
 */
export async function readFirstParents(
  github: GitHub,
  { owner, repo }: { owner: string; repo: string },
  base: string,
  head: string,
): Promise<{ line: LineCommit[]; behind: number; complete: boolean } | undefined> {
  const page = async (number: number) => {
    const options = { owner, repo, basehead: `${base}...${head}`, per_page: 100, page: number }
    return (await github.rest.repos.compareCommitsWithBasehead(options)).data
  }
  const first = await orIncomparable(page(1))
  if (!first) return undefined
  const pages = Math.ceil(first.total_commits / 100)
  const rest = Array.from({ length: Math.min(pages, mostPages) - 1 }, (_, index) => page(index + 2))
  const commits = [first, ...(await Promise.all(rest))].flatMap((part) => part.commits)
  const complete = commits.length === first.total_commits
  return { line: firstParents(commits, head), behind: first.behind_by, complete }
}

function firstParents(commits: Comparison['commits'], head: string): LineCommit[] {
  const byId = new Map(commits.map((commit) => [commit.sha, commit]))
  const line: LineCommit[] = []
  for (let at = byId.get(head); at; at = byId.get(at.parents[0]?.sha ?? '')) {
    const { message, author } = at.commit
    line.push({
      sha: at.sha,
      parents: at.parents.map(({ sha }) => sha),
      message,
      author: author?.name || 'nobody',
    })
  }
  return line
}
