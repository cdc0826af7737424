import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'
import { writeLoose } from './git-loose-objects.ts'
import { moveLooseRef } from './git-loose-refs.ts'
import { commitsOf, noCommit, type Signature } from './git-reading.ts'
import { changeTree } from './git-trees.ts'

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
  return writeLoose(git.folder, 'commit', Buffer.from(lines.join('\n')))
}

function signed({ name, email, at }: Signature): string {
  if (/[<>\n\0]/.test(`${name}${email}`)) throw new Error(`${JSON.stringify(name)} is not a name for git`)
  return `${name} <${email}> ${Math.floor(at / 1000)} +0000`
}

export async function writeBlob(git: Git, content: string | Buffer): Promise<string> {
  return writeLoose(git.folder, 'blob', Buffer.from(content))
}

/** An empty bare repository, as `git init` makes it from an empty template. */
export async function initBare(folder: string, branch: string): Promise<void> {
  const folders = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']
  await Promise.all(folders.map((path) => mkdir(join(folder, path), { recursive: true })))
  await writeFile(join(folder, 'HEAD'), `ref: refs/heads/${branch}\n`)
  await writeFile(join(folder, 'config'), bareSettings)
}

const bareSettings = '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n'

/** Moves, makes (`before` all zeros) or deletes (`after` all zeros) a ref, only when it still is where one thinks. */
export async function moveRef(git: Git, ref: string, after: string, before?: string): Promise<boolean> {
  const moved = moveLooseRef(git.folder, ref, after, before)
  if (moved !== 'elsewhere') return moved
  const values = before === undefined ? [] : [before]
  const args =
    after === noCommit ? ['update-ref', '-d', ref, ...values] : ['update-ref', ref, after, ...values]
  return (await git.attempt(args)).code === 0
}

export type NewBranch = { branch: string; files: Record<string, string>; message?: string }

/** One commit a branch, on top of `base` or without a parent. */
export async function writeBranches(
  git: Git,
  branches: NewBranch[],
  author: Signature,
  base?: string,
): Promise<void> {
  const parents = base ? [base] : []
  const [start] = await commitsOf(git, parents)
  for (const { branch, files, message = 'Initial commit' } of branches) {
    const changes = Object.entries(files).map(async ([path, content]) => ({
      path,
      mode: '100644',
      sha: await writeBlob(git, content),
    }))
    const tree = await changeTree(git, start?.tree, await Promise.all(changes))
    const sha = await writeCommit(git, { tree, parents, message, author, committer: author })
    if (!(await moveRef(git, `refs/heads/${branch}`, sha, noCommit)))
      throw new Error(`A branch cannot be made: ${branch} is there already, or git refuses the name`)
  }
}
