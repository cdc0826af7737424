import type { By } from './context.ts'
import { type Commit, findCommit, type Signature } from './git-reading.ts'
import { changeTree } from './git-trees.ts'
import { writeBlob, writeCommit } from './git-writing.ts'
import type { Hub } from './hub.ts'
import { commitOf, personSignature, webFlowSignature } from './merging.ts'
import { problem } from './problems.ts'
import { pushRefusal } from './push-refusals.ts'
import { moveBranch } from './pushes.ts'
import type { Repository } from './repository-state.ts'

type Person = { name: string; email: string; date?: string }
export type FileEdit = { message: string; sha: string; branch: string; author: Person; committer: Person }

export type Written = { commit: Commit; branch: string; created: boolean; blob: string | null }

/** A commit that changes one file, made and signed by GitHub in the name of a person; `bytes` null deletes the file. */
export async function writeFileCommit(
  hub: Hub,
  repository: Repository,
  by: By,
  path: string,
  bytes: Buffer | null,
  input: Partial<FileEdit>,
): Promise<Written> {
  const { git } = repository
  const branch = input.branch ?? repository.defaultBranch
  const tip = await findCommit(git, `refs/heads/${branch}`)
  if (!tip) throw problem(404, `Branch ${branch} not found`)
  const old = await git.read(`${tip.sha}:${path}`)
  checkOldFile(path, old?.id, input.sha, bytes === null)
  const blob = bytes ? await writeBlob(git, bytes) : null
  const tree = await changeTree(git, tip.tree, [{ path, mode: '100644', sha: blob }])
  const author = given(hub, input.author ?? input.committer) ?? personSignature(hub, by.userId)
  const committer = given(hub, input.committer) ?? webFlowSignature(hub)
  const message = input.message ?? `${old ? 'Update' : 'Create'} ${path}`
  const sha = await writeCommit(git, { tree, parents: [tip.sha], message, author, committer })
  if (!input.committer) repository.signed.add(sha)
  const move = { ref: `refs/heads/${branch}`, before: tip.sha, after: sha, by }
  const refused = pushRefusal(hub, repository, { ...move, forced: false })
  if (refused) throw problem(409, `Repository rule violations found\n\n${refused}`)
  await moveBranch(hub, repository, move)
  return { commit: await commitOf(repository, sha), branch, created: !old, blob }
}

function checkOldFile(
  path: string,
  old: string | undefined,
  sha: string | undefined,
  removing: boolean,
): void {
  if (removing && !old) throw problem(404, 'Not Found')
  if (old && !sha) throw problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
  if (sha && sha !== old) throw problem(409, `${path} does not match ${sha}`)
}

function given(hub: Hub, person: Person | undefined): Signature | undefined {
  if (!person) return undefined
  return { name: person.name, email: person.email, at: person.date ? Date.parse(person.date) : hub.clock() }
}
