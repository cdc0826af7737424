import { createHash } from 'node:crypto'
import { isSharedRepository } from '../../decision/shared-repository.ts'
import { activitySince, noCommit, type Span, tipsWithin } from './branch-activity.ts'
import type { GitHub } from './client.ts'
import { orAbsent, statusOfError } from './errors.ts'
import type { Pull } from './pulls.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** The text of a policy file and its location. `unusable`: what stands there can't be a policy, and why. */
export type PolicyFile = { text: string; where: string; blob: string; unusable?: string }

/** Equal only where the same stands there: a link can have the blob of a file. */
export function identityOfFile(file: PolicyFile | undefined): string | undefined {
  return file?.unusable === undefined ? file?.blob : `${file.blob} ${file.unusable}`
}

/**
 * The policy file of a repository on its default branch, never that of the pull request, and the one in the organization's
 * `.github` repository. Where one is undefined there is none, or the App may not read it.
 */
export async function readPolicyFiles(
  github: GitHub,
  repository: RepositoryName,
  path: string,
): Promise<{ own: PolicyFile | undefined; shared: PolicyFile | undefined }> {
  const [own, shared] = await Promise.all([
    readPolicyFile(github, repository, path),
    readSharedFile(github, repository, path),
  ])
  return { own, shared }
}

/** The file of the organization's `.github` repository, now or at a commit; that repository itself falls back to no other. */
export async function readSharedFile(
  github: GitHub,
  { owner, repo }: RepositoryName,
  path: string,
  ref?: string,
): Promise<PolicyFile | undefined> {
  if (isSharedRepository(repo)) return undefined
  const shared = await readPolicyFile(github, { owner, repo: '.github' }, path, ref)
  return shared && { ...shared, where: sharedPlace(owner, path) }
}

/**
 * The organization's file as it stood at any instant of a span: several where it changed within it, or where GitHub does not list yet
 * what brought the file of now. `undefined` among them: there was none.
 */
export async function sharedFilesWithin(
  github: GitHub,
  repository: RepositoryName,
  path: string,
  { span, now }: { span: Span; now: PolicyFile | undefined },
): Promise<(PolicyFile | undefined)[]> {
  const shared = { owner: repository.owner, repo: '.github' }
  const answer = await orAbsent(github.rest.repos.get(shared))
  if (!answer) return [now]
  const { default_branch: branch, created_at } = answer.data
  const madeAt = new Date(created_at ?? 0)
  const rows = await activitySince(github, shared, branch, span.from)
  const { first = branch, moves } = tipsWithin(rows, span)
  const tips = madeAt < span.to ? [first, ...moves] : []
  const readAt = (tip: string) =>
    noCommit.test(tip) ? undefined : readSharedFile(github, repository, path, tip)
  const files = await Promise.all(tips.map(readAt))
  const isNewest = rows[0]?.after === tips.at(-1)
  const lagging = isNewest && files.at(-1)?.blob !== now?.blob ? [now] : []
  return [...(madeAt < span.from ? [] : [undefined]), ...files, ...lagging]
}

/** How the organization's file is named to readers. */
export function sharedPlace(owner: string, path: string): string {
  return `${owner}/.github: ${path}`
}

/** The id of the organization's `.github` repository; undefined where there is none, or the App may not see it. */
export async function sharedRepositoryId(github: GitHub, owner: string): Promise<number | undefined> {
  return (await orAbsent(github.rest.repos.get({ owner, repo: '.github' })))?.data.id
}

/**
 * The policy file of a repository at a ref, by default the default branch. What stands at its path and can't be one has a reason, and no
 * text: a link shows another file, which can change without the policy.
 */
export async function readPolicyFile(
  github: GitHub,
  repository: RepositoryName,
  path: string,
  ref?: string,
): Promise<PolicyFile | undefined> {
  const data = await contentAt(github, repository, path, ref)
  if (!data) return undefined
  const file = { text: '', where: path, blob: Array.isArray(data) || data === tooLarge ? notBlob : data.sha }
  const instead = (what: string) => ({ ...file, unusable: `this is ${what}; make it a file with the policy` })
  const large = { ...file, unusable: 'this file is larger than 1 MB; shorten it' }
  if (data === tooLarge) return large
  if (Array.isArray(data)) return instead('a folder')
  if (data.type === 'submodule') return instead('a submodule')
  if (!('content' in data)) return instead('a symbolic link')
  if (data.encoding !== 'base64') return large
  const bytes = Buffer.from(data.content, 'base64')
  return isBlobOf(bytes, data.sha) ? { ...file, text: bytes.toString('utf8') } : instead('a symbolic link')
}

/** Stands for the id of what is not a file. */
export const notBlob = 'not a file'

/** GitHub answers a link to a file with that file's content, and with the id of the link. */
function isBlobOf(bytes: Buffer, sha: string): boolean {
  const hash = createHash(sha.length === 64 ? 'sha256' : 'sha1')
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === sha
}

/** A file of a repository at a ref, by default the default branch. A folder or a submodule is not a file. */
export async function readFile(
  github: GitHub,
  repository: RepositoryName,
  path: string,
  ref?: string,
): Promise<PolicyFile | undefined> {
  const data = await contentAt(github, repository, path, ref)
  if (!data || Array.isArray(data)) return undefined
  if (data !== tooLarge && (data.type !== 'file' || !('content' in data))) return undefined
  if (data === tooLarge || data.encoding !== 'base64')
    throw new Error(`${path} is larger than 1 MB, and GitHub does not show it`)
  return { text: Buffer.from(data.content, 'base64').toString('utf8'), where: path, blob: data.sha }
}

/** Instead of content: GitHub answers files of more than 1 MB without it, or not at all. */
const tooLarge = 'too large'

async function contentAt(github: GitHub, repository: RepositoryName, path: string, ref: string | undefined) {
  const options = { ...nameOf(repository), path, ...(ref ? { ref } : {}) }
  try {
    return (await orAbsent(github.rest.repos.getContent(options)))?.data
  } catch (error) {
    if (isTooLarge(error)) return tooLarge
    throw error
  }
}

function isTooLarge(error: unknown): boolean {
  const { response } = error as { response?: { data?: { errors?: { code?: string }[] } } }
  const errors = response?.data?.errors
  return (
    statusOfError(error) === 403 && Array.isArray(errors) && errors.some(({ code }) => code === 'too_large')
  )
}

/** The paths of all files at a ref. Undefined: there is no such ref, or GitHub cuts the list. */
export async function listFiles(
  github: GitHub,
  repository: RepositoryName,
  ref: string,
): Promise<string[] | undefined> {
  const options = { ...nameOf(repository), tree_sha: ref, recursive: '1' }
  const answer = await orAbsent(github.rest.git.getTree(options))
  if (!answer || answer.data.truncated) return undefined
  return answer.data.tree.flatMap(({ path, type }) => (type === 'blob' && path ? [path] : []))
}

/** Every path that a pull request touches, including old names of renamed files, and the pull request itself. */
export async function listPullFiles(
  github: GitHub,
  pull: RepositoryName & { number: number },
): Promise<{ paths: string[]; data: Pull }> {
  const at = { owner: pull.owner, repo: pull.repo, pull_number: pull.number }
  const { data } = await github.rest.pulls.get(at)
  const files = await github.paginate(github.rest.pulls.listFiles, { ...at, per_page: 100 })
  const paths = files.flatMap(({ filename, previous_filename: old }) => (old ? [filename, old] : [filename]))
  return { paths, data }
}
