import type { GitHub } from '../services/github/client.ts'
import {
  type PolicyFile,
  readPolicyFile,
  sharedPlace,
  sharedRepositoryId,
} from '../services/github/policy.ts'
import type { Database } from '../store/database.ts'
import { keptShared, replaceShared } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { markChanged } from '../store/verdicts/changes.ts'
import { policyPath } from './policy-file.ts'
import { lockedNames, type Organization, recordLocks } from './shared-policy.ts'

/** An owner of an organization, as whoever calls this has made sure. */
export type Owner = { id: number; login: string; authority: string }

/** `id`: the repository that they accept; undefined: they want to know which one there is. */
export type Acceptance = { organization: Organization; id: number | undefined; by: Owner }

export type AcceptanceOutcome =
  | { message: string; repositoryId: number }
  | { refused: string; status: number }

type AcceptingShell = {
  database: Database
  queue: Pick<Queue, 'enqueueAll' | 'enqueueNotice'>
  now: () => Date
}

/**
 * Accepts another repository under the name `.github` as the one that the organization's policy comes from, records and announces
 * it, and has every pull request of the installation evaluated again. The order names the repository by its id, so that nobody accepts one
 * that has taken the name since they looked.
 */
export async function acceptShared(
  shell: AcceptingShell,
  github: GitHub,
  { organization, id, by }: Acceptance,
): Promise<AcceptanceOutcome> {
  const { installationId, owner } = organization
  const kept = await keptShared(shell.database, installationId)
  const instead = kept?.repositoryId ?? undefined
  if (instead === undefined)
    return refused(`No policy of ${owner} has applied so far, so there is none that another one replaces.`)
  const there = await sharedThere(github, owner)
  if (!there) return refused(`The App cannot read ${owner}/.github. Give it access to that repository first.`)
  const { repositoryId, file } = there
  const name = `${owner}/.github (repository ${repositoryId})`
  if (repositoryId === instead) return refused(`The policy of ${owner} comes from ${name} already.`)
  const before = kept?.locks ?? ''
  if (id !== repositoryId) {
    const what = `${name} has taken the place of repository ${instead}, which locked ${before || 'nothing'}. ${inWords(file)}`
    return refused(`${what} To accept it, run \`release-gate policy accept ${owner} --id ${repositoryId}\`.`)
  }
  const after = file ? lockedNames(file) : ''
  const next = file && { blob: file.blob, repositoryId, locks: after ?? before }
  const isDone = await shell.database.transaction(async (tx) => {
    if (!(await replaceShared(tx, installationId, instead, next))) return false
    const { id: byId, login, authority } = by
    const accepted = { by: login, byId, authority, instead }
    await recordLocks(shell, tx, organization, { before, after, blob: file?.blob, repositoryId, accepted })
    await shell.queue.enqueueAll(await markChanged(tx, { installationId }), { tx })
    return true
  })
  if (!isDone) return refused('Someone else has just accepted one. Nothing was changed.')
  return { message: `The policy of ${owner} comes from ${name} from now on. ${inWords(file)}`, repositoryId }
}

/** Read between two looks at the id, so that it is the file of that very repository. */
async function sharedThere(
  github: GitHub,
  owner: string,
): Promise<{ repositoryId: number; file: PolicyFile | undefined } | undefined> {
  const repositoryId = await sharedRepositoryId(github, owner)
  const file = await readPolicyFile(github, { owner, repo: '.github' }, policyPath)
  if (repositoryId === undefined || (await sharedRepositoryId(github, owner)) !== repositoryId)
    return undefined
  return { repositoryId, file: file && { ...file, where: sharedPlace(owner, policyPath) } }
}

function inWords(file: PolicyFile | undefined): string {
  if (!file) return 'It has no policy.'
  const locks = lockedNames(file)
  if (locks === undefined) return 'Its policy is invalid, so every check fails until it is fixed.'
  return `It locks ${locks || 'nothing'}.`
}

function refused(why: string): AcceptanceOutcome {
  return { refused: why, status: 409 }
}
