import {
  type BaseMove,
  type Change,
  type ChangedFile,
  type Tree,
  type TreeEntry,
  treeOf,
} from '../../src/decision/content.ts'
import type { GitRepository } from './git-repository.ts'

/** GitHub's compare shows this many files and no more. */
const mostFiles = 300

/** What GitHub's compare and trees would say about a change, derived from git alone. */
export function changeFrom(repository: GitRepository, base: string, head: string): Change {
  const mergeBase = repository.git('merge-base', base, head)
  const files = changedFiles(repository, mergeBase, head)
  return {
    base,
    mergeBase,
    head,
    mergeBaseTree: treeFrom(repository, mergeBase),
    headTree: treeFrom(repository, head),
    files: files.slice(0, mostFiles),
    filesComplete: files.length < mostFiles,
  }
}

/** The base's own difference as compare gives it: three-dot, whatever it is asked for. */
export function baseMoveFrom(repository: GitRepository, from: string, to: string): BaseMove {
  const compared = changeFrom(repository, from, to)
  return { from: compared.mergeBase, to, files: compared.files ?? [], complete: compared.filesComplete }
}

export function treeFrom(repository: GitRepository, commit: string): Tree {
  const rows = repository
    .bytes(['ls-tree', '-r', '-t', '-l', '-z', commit])
    .toString('utf8')
    .split('\0')
    .filter(Boolean)
  return treeOf(rows.map(treeEntry), false, repository.git('rev-parse', `${commit}^{tree}`))
}

function treeEntry(row: string): TreeEntry {
  const [head = '', path = ''] = row.split('\t', 2)
  const [mode = '', , sha = '', size = '-'] = head.split(/ +/)
  return { path, mode, sha, ...(size === '-' ? {} : { size: Number(size) }) }
}

const statuses: Record<string, ChangedFile['status']> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
}

export function changedFiles(repository: GitRepository, from: string, to: string): ChangedFile[] {
  const common = ['--no-ext-diff', '--no-textconv', '--no-color', '-M', '--no-abbrev', from, to]
  const raw = repository
    .bytes(['diff', '--raw', '-z', ...common])
    .toString('utf8')
    .split('\0')
  const sections = repository
    .bytes(['diff', '-p', '-U3', ...common])
    .toString('utf8')
    .split(/^diff --git .*\n/m)
    .slice(1)
  const files: ChangedFile[] = []
  while (raw.length > 1) {
    const [, , , sha = '', letter = ''] = (raw.shift() ?? '').split(' ')
    const status = statuses[letter.charAt(0)] ?? 'changed'
    const previousPath = status === 'renamed' ? raw.shift() : undefined
    const path = raw.shift() ?? ''
    const section = sections.shift() ?? ''
    // A change of type is drawn as a deletion and an addition, and has no hunks of its own.
    if (letter === 'T') sections.shift()
    const names = { path, ...(previousPath === undefined ? {} : { previousPath }) }
    files.push({ ...names, status, sha, ...linesOf(letter === 'T' ? undefined : patchOf(section)) })
  }
  return files
}

function linesOf(patch: string | undefined): Pick<ChangedFile, 'additions' | 'deletions' | 'patch'> {
  if (patch === undefined) return { additions: 0, deletions: 0 }
  return {
    additions: patch.match(/^\+/gm)?.length ?? 0,
    deletions: patch.match(/^-/gm)?.length ?? 0,
    patch,
  }
}

/** The hunks of one section of `git diff`, from the first `@@`, without the last line feed. */
function patchOf(section: string): string | undefined {
  const start = section.search(/^@@ /m)
  return start < 0 ? undefined : section.slice(start).replace(/\n$/, '')
}
