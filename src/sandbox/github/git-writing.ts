import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Git } from './git.ts'
import { type Commit, findCommit, noCommit, type Signature } from './git-reading.ts'

export type NewCommit = {
  tree: string
  parents: string[]
  message: string
  author: Signature
  committer: Signature
}

/** Writes a commit object with exactly these facts and answers its id. */
export async function writeCommit(git: Git, commit: NewCommit): Promise<string> {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${signed(commit.author)}`,
    `committer ${signed(commit.committer)}`,
    '',
    commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`,
  ]
  return (await git.run(['hash-object', '-t', 'commit', '-w', '--stdin'], { input: lines.join('\n') })).trim()
}

function signed({ name, email, at }: Signature): string {
  return `${name} <${email}> ${Math.floor(at / 1000)} +0000`
}

/** The tree of merging two commits, or the paths in conflict. */
export function mergeTrees(
  git: Git,
  ours: string,
  theirs: string,
): Promise<{ tree?: string; conflicts: string[] }> {
  return git.remember(`merge ${ours} ${theirs}`, async () => {
    const { code, stdout, stderr } = await git.attempt([
      'merge-tree',
      '--write-tree',
      '--name-only',
      '--no-messages',
      '--allow-unrelated-histories',
      ours,
      theirs,
    ])
    if (code > 1) throw new Error(`git merge-tree left with ${code}: ${stderr.trim()}`)
    const [tree = '', ...conflicts] = stdout.trim().split('\n')
    return code === 0 ? { tree, conflicts: [] } : { conflicts }
  })
}

/**
 * Puts commits one after the other on another commit, as "Rebase and merge" does: author kept, merges left out.
 * The three-way merge of each step is git's own, between two stand-ins whose only ancestor holds the parent's tree.
 */
export async function replay(
  git: Git,
  commits: Commit[],
  onto: string,
  committer: Signature,
): Promise<{ head?: string; shas: string[] }> {
  const shas: string[] = []
  let head = onto
  for (const commit of commits.filter(({ parents }) => parents.length < 2)) {
    const tree = await replayedTree(git, commit, head)
    if (!tree) return { shas: [] }
    head = await writeCommit(git, { ...commit, tree, parents: [head], committer })
    shas.push(head)
  }
  return { head, shas }
}

async function replayedTree(git: Git, commit: Commit, onto: string): Promise<string | undefined> {
  const parent = commit.parents[0] ? await findCommit(git, commit.parents[0]) : undefined
  const target = await findCommit(git, onto)
  if (!parent || !target) return undefined
  const same = { message: 'stand-in', author: commit.author, committer: commit.author }
  const base = await writeCommit(git, { ...same, tree: parent.tree, parents: [] })
  const ours = await writeCommit(git, { ...same, tree: target.tree, parents: [base] })
  const theirs = await writeCommit(git, { ...same, tree: commit.tree, parents: [base] })
  return (await mergeTrees(git, ours, theirs)).tree
}

export type TreeChange = { path: string; mode: string; sha: string | null }

/** A tree with some paths changed; a null sha takes the path away. Uses an index of its own. */
export async function changeTree(git: Git, base: string | undefined, changes: TreeChange[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-index-'))
  const env = { GIT_INDEX_FILE: join(folder, 'index') }
  try {
    if (base) await git.run(['read-tree', base], { env })
    const lines = changes.map(({ path, mode, sha }) =>
      sha ? `${mode} ${sha}\t${path}` : `0 ${noCommit}\t${path}`,
    )
    await git.run(['update-index', '-z', '--index-info'], {
      env,
      input: lines.map((line) => `${line}\0`).join(''),
    })
    return (await git.run(['write-tree'], { env })).trim()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function writeBlob(git: Git, content: string | Buffer): Promise<string> {
  return (await git.run(['hash-object', '-w', '--stdin'], { input: content })).trim()
}

/** Moves, makes (`before` all zeros) or deletes (`after` all zeros) a ref, only when it still is where one thinks. */
export async function moveRef(git: Git, ref: string, after: string, before: string): Promise<boolean> {
  const args = after === noCommit ? ['update-ref', '-d', ref, before] : ['update-ref', ref, after, before]
  return (await git.attempt(args)).code === 0
}

/** The first commit of a repository with all its files, in one process however many there are. */
export async function writeFirstCommit(
  git: Git,
  branch: string,
  files: Record<string, string>,
  author: Signature,
) {
  const who = signed(author)
  const message = 'Initial commit'
  const parts = [`commit refs/heads/${branch}\n`, `author ${who}\ncommitter ${who}\n`, data(message)]
  for (const [path, content] of Object.entries(files)) {
    parts.push(`M 100644 inline ${JSON.stringify(path)}\n${data(content)}`)
  }
  await git.run(['fast-import', '--quiet'], { input: parts.join('') })
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}
