import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'

/** One changed file as GitHub's REST API words it. `patch` is absent for binary, huge and `-diff` files. */
export type ChangedFile = {
  sha: string
  filename: string
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed'
  additions: number
  deletions: number
  previousFilename?: string
  patch?: string
}

/** GitHub shows no patch of a file past 20,000 lines, and none after 1 MB of the whole diff. */
const patchLines = 20_000
const patchBytes = 1_000_000

/** All files that differ between two trees or commits, renames found; worked out once for each pair. */
export function changedFiles(git: Git, before: string, after: string): Promise<ChangedFile[]> {
  return git.remember(`files ${before} ${after}`, async () => {
    const listing = ['--raw', '--no-abbrev', '--numstat', '--patch', '-z']
    const attributes = await attributesOf(git, after)
    const output = await git.run([...attributes, 'diff-tree', '-r', '-M', ...listing, before, after])
    const { files, patches } = parseListing(output)
    return withPatches(files, splitPatches(patches))
  })
}

/** The diff as text, as the media type `diff` gives it. */
export function diffText(git: Git, before: string, after: string): Promise<string> {
  return git.remember(`diff ${before} ${after}`, async () =>
    git.run([...(await attributesOf(git, after)), 'diff', '-M', before, after]),
  )
}

/** A bare repository has no working tree: the `.gitattributes` of the newer side are handed to git as a file. */
async function attributesOf(git: Git, revision: string): Promise<string[]> {
  const object = await git.read(`${revision}:.gitattributes`)
  if (object?.type !== 'blob') return []
  const folder = join(git.folder, 'sandbox-attributes')
  const file = join(folder, object.id)
  await mkdir(folder, { recursive: true })
  await writeFile(file, object.content)
  return ['-c', `core.attributesFile=${file}`]
}

type Listed = Omit<ChangedFile, 'patch'> & { raw: string; binary: boolean }

/** Raw lines (`:modes shas status`, path or two) come first, then as many of numstat, then the patches. */
function parseListing(text: string): { files: Listed[]; patches: string } {
  const parts = text.split('\0')
  const files: Listed[] = []
  let index = 0
  while (parts[index]?.startsWith(':')) {
    const raw = parts[index]?.split(' ')[4] ?? 'M'
    const moved = /^[RC]/.test(raw)
    files.push(rawFile(parts.slice(index, index + (moved ? 3 : 2)), raw))
    index += moved ? 3 : 2
  }
  const withCounts = files.map((file) => {
    const [additions = '0', deletions = '0', path = ''] = (parts[index] ?? '').split('\t')
    index += path === '' ? 3 : 1
    return counted(file, { additions, deletions })
  })
  return { files: withCounts, patches: parts.slice(index).join('\0').replace(/^\0/, '') }
}

function rawFile([header = '', first = '', second]: string[], raw: string): Listed {
  const [, , before = '', after = ''] = header.split(' ')
  return {
    sha: raw === 'D' ? before : after,
    filename: second ?? first,
    status: statusOf(raw),
    additions: 0,
    deletions: 0,
    raw,
    binary: false,
    ...(second === undefined ? {} : { previousFilename: first }),
  }
}

function counted(file: Listed, count: { additions: string; deletions: string }): Listed {
  if (count.additions === '-') return { ...file, binary: true }
  return { ...file, additions: Number(count.additions), deletions: Number(count.deletions) }
}

function statusOf(raw: string): ChangedFile['status'] {
  const known: Record<string, ChangedFile['status']> = {
    A: 'added',
    D: 'removed',
    R: 'renamed',
    C: 'copied',
    T: 'changed',
  }
  return known[raw[0] ?? ''] ?? 'modified'
}

function splitPatches(text: string): string[] {
  return text.split(/^(?=diff --git )/m).filter((section) => section.startsWith('diff --git '))
}

/** Sections come in the order of the listing; a change of type is written as a deletion and a creation. */
function withPatches(files: Listed[], sections: string[]): ChangedFile[] {
  let next = 0
  let shown = 0
  return files.map(({ raw, binary, ...file }) => {
    const own = sections.slice(next, next + (raw.startsWith('T') ? 2 : 1))
    next += own.length
    const patch = own.map(hunks).filter(Boolean).join('\n')
    shown += patch.length
    const tooLarge = file.additions + file.deletions > patchLines || shown > patchBytes
    return binary || patch === '' || tooLarge ? file : { ...file, patch }
  })
}

function hunks(section: string): string {
  const start = section.search(/^@@ /m)
  return start < 0 ? '' : section.slice(start).replace(/\n$/, '')
}
