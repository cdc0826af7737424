import type { Git } from './git.ts'
import { writeLoose } from './git-loose-objects.ts'
import { noCommit, type Signature } from './git-reading.ts'

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

/** Moves, makes (`before` all zeros) or deletes (`after` all zeros) a ref, only when it still is where one thinks. */
export async function moveRef(git: Git, ref: string, after: string, before: string): Promise<boolean> {
  const args = after === noCommit ? ['update-ref', '-d', ref, before] : ['update-ref', ref, after, before]
  return (await git.attempt(args)).code === 0
}

export type NewBranch = { branch: string; files: Record<string, string>; message?: string }

/** One commit a branch, on top of `base` or without a parent, all of them in one process. */
export async function writeBranches(
  git: Git,
  branches: NewBranch[],
  author: Signature,
  base?: string,
): Promise<void> {
  const who = signed(author)
  const parts = branches.flatMap(({ branch, files, message = 'Initial commit' }) => [
    `commit refs/heads/${branch}\nauthor ${who}\ncommitter ${who}\n${data(message)}`,
    base ? `from ${base}\n` : '',
    ...Object.entries(files).map(
      ([path, content]) => `M 100644 inline ${JSON.stringify(path)}\n${data(content)}`,
    ),
  ])
  await git.run(['fast-import', '--quiet'], { input: parts.join('') })
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}
