import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Git, openGit } from './git.ts'
import { entriesIn, type GitObject, readLoose } from './git-loose-objects.ts'
import { runGit } from './git-process.ts'

/** What a clone reads in its folder `.git`; objects that it has not made are in the bare repository that it borrows from. */
export function openClone(folder: string, from: Git): Git {
  const git = openGit(join(folder, '.git'))
  const read = async (name: string) => {
    const own = readLoose(git.folder, name)
    return own === 'elsewhere' ? from.read(name) : own
  }
  return { ...git, read }
}

/** A clone as `git clone` leaves it, of which git itself only fills the working tree: it would take four processes. */
export async function cloneInto(folder: string, from: string): Promise<void> {
  const own = join(folder, '.git')
  mkdirSync(join(own, 'objects/info'), { recursive: true })
  writeFileSync(join(own, 'objects/info/alternates'), `${join(from, 'objects')}\n`)
  const branch = /^ref: refs\/heads\/(.*)$/m.exec(textOf(join(from, 'HEAD')))?.[1] ?? 'main'
  writeFileSync(join(own, 'HEAD'), `ref: refs/heads/${branch}\n`)
  writeFileSync(join(own, 'config'), configOf(from, branch))
  mkdirSync(join(own, 'refs/heads'), { recursive: true })
  copyRefs(from, own)
  writeRef(own, 'refs/remotes/origin/HEAD', `ref: refs/remotes/origin/${branch}`)
  const tip = `refs/remotes/origin/${branch}`
  if (!existsSync(join(own, tip)) && !textOf(join(own, 'packed-refs')).includes(` ${tip}\n`)) return
  const { code, stderr } = await runGit(folder, ['reset', '--quiet', '--hard', tip])
  if (code !== 0) throw new Error(`git reset: ${stderr.trim()}`)
}

function configOf(from: string, branch: string): string {
  return `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[remote "origin"]
\turl = ${from}
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "${branch}"]
\tremote = origin
\tmerge = refs/heads/${branch}
`
}

/** Branches become those of `origin`, and tags stay what they are. */
function copyRefs(from: string, own: string): void {
  const copies = [
    ['refs/heads', 'refs/remotes/origin'],
    ['refs/tags', 'refs/tags'],
  ] as const
  for (const [theirs, ours] of copies)
    if (existsSync(join(from, theirs))) cpSync(join(from, theirs), join(own, ours), { recursive: true })
  const packed = textOf(join(from, 'packed-refs')).split('\n')
  const kept = packed.filter((line) => /^(\^|[0-9a-f]{40} refs\/(heads|tags)\/)/.test(line))
  const lines = kept.map((line) => line.replace(' refs/heads/', ' refs/remotes/origin/'))
  if (lines.length > 0) writeFileSync(join(own, 'packed-refs'), `${lines.join('\n')}\n`)
}

export function writeRef(own: string, ref: string, value: string): void {
  mkdirSync(dirname(join(own, ref)), { recursive: true })
  writeFileSync(join(own, ref), `${value}\n`)
}

/** The branch that HEAD is on. Empty: on none. */
export function currentBranch(own: string): string {
  return /^ref: refs\/heads\/(.*)$/m.exec(textOf(join(own, 'HEAD')))?.[1] ?? ''
}

/** The commit that HEAD, or a branch, is at, where a file of its own says so. Undefined: git must say. */
export function tipIn(own: string, name: string): string | undefined {
  const branch = name === 'HEAD' ? currentBranch(own) : name
  if (!/^[\w./-]+$/.test(branch) || branch.includes('..')) return undefined
  if (['.', 'refs', 'refs/tags'].some((place) => name !== 'HEAD' && existsSync(join(own, place, branch))))
    return undefined
  const sha = textOf(join(own, 'refs/heads', branch)).trim()
  return /^[0-9a-f]{40}$/.test(sha) ? sha : undefined
}

/** Whether all objects that the clone has made are in files of their own. */
export function isLoose(own: string): boolean {
  const packs = join(own, 'objects/pack')
  return !existsSync(packs) || readdirSync(packs).length === 0
}

/**
 * Hands the bare repository what a commit needs of the clone's own objects, what an object refers to before the object itself. A
 * commit that nobody pushed stays unknown to it.
 */
export function handOver(own: string, to: string, id: string): void {
  const [mine, theirs] = [own, to].map((folder) => join(folder, 'objects', id.slice(0, 2), id.slice(2)))
  if (!mine || !theirs || existsSync(theirs)) return
  const object = readLoose(own, id)
  if (object === 'elsewhere' || !object) return
  for (const needed of referredBy(object)) handOver(own, to, needed)
  mkdirSync(dirname(theirs), { recursive: true })
  linkSync(mine, theirs)
}

function referredBy({ type, content }: GitObject): string[] {
  if (type === 'blob') return []
  if (type === 'tree') return entriesIn(content).map(({ sha }) => sha)
  const [headers = ''] = content.toString('utf8').split('\n\n')
  return [...headers.matchAll(/^(?:tree|parent|object) ([0-9a-f]{40})$/gm)].map(([, id]) => id ?? '')
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
