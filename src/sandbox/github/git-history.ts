import type { Git } from './git.ts'
import { type Commit, commitsOf, findCommit } from './git-reading.ts'

/** So many commits are walked here, which takes less than starting git; git walks longer histories. */
const walked = 300

/** Each commit that a commit comes from, itself included, with its parents. Undefined: git has to say. */
async function historyOf(git: Git, head: string): Promise<Map<string, string[]> | undefined> {
  const history = new Map<string, string[]>()
  const next = [head]
  for (let sha = next.pop(); sha !== undefined; sha = next.pop()) {
    if (history.has(sha)) continue
    const parents = await parentsOf(git, sha)
    if (!parents || history.size >= walked) return undefined
    history.set(sha, parents)
    next.push(...parents)
  }
  return history
}

function parentsOf(git: Git, sha: string): Promise<string[] | undefined> {
  return git.remember(`parents ${sha}`, async () => (await findCommit(git, sha))?.parents)
}

/** The commits that one side has and the other has not, oldest first, as GitHub lists those of a pull request. */
export async function commitsBetween(git: Git, base: string, head: string): Promise<Commit[]> {
  return git.remember(`commits ${base} ${head}`, async () =>
    commitsOf(git, (await lineBetween(git, base, head)) ?? (await listedByGit(git, base, head))),
  )
}

/** Undefined where there are merges, whose order is git's to say. */
async function lineBetween(git: Git, base: string, head: string): Promise<string[] | undefined> {
  const [before, after] = [await historyOf(git, base), await historyOf(git, head)]
  if (!before || !after) return undefined
  const between = [...after].filter(([sha]) => !before.has(sha))
  if (between.some(([, parents]) => parents.length > 1)) return undefined
  return between.map(([sha]) => sha).reverse()
}

async function listedByGit(git: Git, base: string, head: string): Promise<string[]> {
  const listed = await git.run(['rev-list', '--topo-order', '--reverse', head, `^${base}`])
  return listed.split('\n').filter(Boolean)
}

export function mergeBase(git: Git, one: string, other: string): Promise<string | undefined> {
  return git.remember(`merge-base ${one} ${other}`, async () => {
    const [ours, theirs] = [await historyOf(git, one), await historyOf(git, other)]
    const common = ours && theirs ? [...ours].filter(([sha]) => theirs.has(sha)) : undefined
    const older = new Set(common?.flatMap(([, parents]) => parents))
    const best = common?.filter(([sha]) => !older.has(sha))
    // Where histories cross, git chooses.
    if (best && best.length < 2) return best[0]?.[0]
    const { stdout } = await git.attempt(['merge-base', one, other])
    return stdout.trim() || undefined
  })
}

export async function isAncestor(git: Git, older: string, newer: string): Promise<boolean> {
  return older === newer || (await mergeBase(git, older, newer)) === older
}
