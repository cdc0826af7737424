import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gitInAShell } from './git-in-a-shell.ts'

type Content = string | Uint8Array
/** What a commit does to a path: text of a plain file, a blob of another mode, a submodule's commit, or null to delete it. */
export type FileChange = Content | { mode: '100755' | '120000'; content: Content } | { commit: string } | null
export type Files = Record<string, FileChange>

export type GitRepository = ReturnType<typeof gitRepository>

const person = { name: 'Test', email: 'test@example.com' }
const environment = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: person.name,
  GIT_AUTHOR_EMAIL: person.email,
  GIT_COMMITTER_NAME: person.name,
  GIT_COMMITTER_EMAIL: person.email,
  LC_ALL: 'C',
}

/**
 * A real git repository in a temporary folder. Commits are named by id; there are no branches to keep in mind, and what one test
 * adds is out of sight of the next, so a whole test file can share one. Call `remove` when done.
 */
export function gitRepository() {
  const folder = mkdtempSync(join(tmpdir(), 'release-gate-git-'))
  const options = { cwd: folder, env: environment }
  const bytes = (args: readonly string[], input?: Content): Buffer => {
    const ended = gitInAShell(args, { ...options, ...(input === undefined ? {} : { input }) })
    if (ended.status !== 0) throw new Error(`git ${args.join(' ')}: ${ended.stderr}`)
    return ended.stdout
  }
  const git = (...args: string[]): string => bytes(args).toString('utf8').trim()
  git('init', '--quiet')
  let commits = 0

  /** A commit on top of its parents (none: a root), which starts from the tree given or else from its first parent's. */
  function commit(parents: readonly string[], files: Files, { tree = '', message = 'Change' } = {}): string {
    const name = `refs/heads/commit-${++commits}`
    const stream = commitStream(name, parents, files, tree, message, 1_700_000_000 + commits)
    return bytes(['fast-import', '--quiet'], stream).toString('utf8').trim()
  }

  /** git's own merge of `theirs` into `ours`, with files laid over the result; it throws on a conflict that is not resolved by them. */
  function merge(ours: string, theirs: string, laidOver: Files = {}): string {
    const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', ours, theirs]
    const { status, stdout } = gitInAShell(args, options)
    const [tree = '', ...conflicts] = stdout.toString('utf8').trim().split('\n')
    const open = conflicts.filter((path) => !(path in laidOver))
    if (status !== 0 && (status !== 1 || open.length > 0))
      throw new Error(`git cannot merge: ${open.join(', ')}`)
    return commit([ours, theirs], laidOver, { tree, message: 'Merge' })
  }

  /** git's own rebase of upstream..head onto another commit; it throws on a conflict. */
  function rebase(head: string, onto: string, upstream = onto): string {
    git('checkout', '--quiet', '--force', '--detach', head)
    git('rebase', '--quiet', '--onto', onto, upstream)
    return git('rev-parse', 'HEAD')
  }

  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  return { folder, git, bytes, commit, merge, rebase, remove, options }
}

function commitStream(
  ref: string,
  parents: readonly string[],
  files: Files,
  tree: string,
  message: string,
  at: number,
): Buffer {
  const parts: Content[] = [
    `commit ${ref}\nmark :1\ncommitter ${person.name} <${person.email}> ${at} +0000\n`,
    ...data(message),
    ...parents.map((parent, index) => `${index === 0 ? 'from' : 'merge'} ${parent}\n`),
    tree === '' ? '' : `M 040000 ${tree} \n`,
    ...Object.entries(files).flatMap(([path, file]) => fileCommand(path, file)),
    'get-mark :1\n',
  ]
  return Buffer.concat(parts.map((part) => Buffer.from(part)))
}

function fileCommand(path: string, file: FileChange): Content[] {
  if (file === null) return [`D ${path}\n`]
  if (typeof file === 'string' || file instanceof Uint8Array)
    return [`M 100644 inline ${path}\n`, ...data(file)]
  if ('commit' in file) return [`M 160000 ${file.commit} ${path}\n`]
  return [`M ${file.mode} inline ${path}\n`, ...data(file.content)]
}

function data(content: Content): Content[] {
  return [`data ${Buffer.from(content).length}\n`, content, '\n']
}
