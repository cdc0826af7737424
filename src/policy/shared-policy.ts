import { lockedBy } from '../decision/locked-by.ts'
import type { Notice } from '../decision/notice.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  type PolicyFile,
  readPolicyFile,
  sharedPlace,
  sharedRepositoryId,
} from '../services/github/policy.ts'
import { appendRecord } from '../store/audit.ts'
import type { Database, Transaction } from '../store/database.ts'
import { deleteShared, type KeptShared, keepShared, keptShared, lockShared } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import { parsePolicyFile, policyPath } from './policy-file.ts'

/** What reading a policy needs: that of an organization is kept, and a change of its locks is recorded and announced. */
export type PolicyShell = { database: Database; now: () => Date; queue: Pick<Queue, 'enqueueNotice'> }

export type Organization = { installationId: number; owner: string }

/**
 * Whether an organization's policy applies. `none`: there is none, or it was removed from a repository in sight. `unreadable`: it applied
 * before and can't be read now. `replaced`: another repository has the name of the one that it applied from. After the last two,
 * nothing tells what is locked.
 */
export type SharedState = 'applies' | 'none' | 'unreadable' | 'replaced'

/**
 * Compares an organization's policy with the one that applied before, and keeps it. Whoever may create repositories could delete
 * `.github` and create it with another policy, so its id is compared wherever the file is another one.
 *
 * Writes: it stores the policy, and records and announces what it locks now.
 * @throws where GitHub cannot be read, and where `.github` or the file changed in between: an older copy must not be recorded as a change.
 */
export async function compareSharedPolicy(
  shell: PolicyShell,
  github: GitHub,
  organization: Organization,
  file: PolicyFile | undefined,
): Promise<SharedState> {
  const kept = await keptShared(shell.database, organization.installationId)
  if (!file && !kept) return 'none'
  if (file && kept?.blob === file.blob && kept.repositoryId !== null) return 'applies'
  const repositoryId = await sharedRepositoryId(github, organization.owner)
  if (repositoryId === undefined) {
    if (kept) return 'unreadable'
    throw new Error(`${sharedPlace(organization.owner, policyPath)} was removed while it was read`)
  }
  if ((kept?.repositoryId ?? repositoryId) !== repositoryId) return 'replaced'
  const again = await readPolicyFile(github, { owner: organization.owner, repo: '.github' }, policyPath)
  if (again?.blob !== file?.blob) throw changedMeanwhile(organization)
  await keepAndRecord(shell, organization, kept, file && { ...file, repositoryId })
  return file ? 'applies' : 'none'
}

function changedMeanwhile({ owner }: Organization): Error {
  return new Error(`${sharedPlace(owner, policyPath)} was changed while it was read`)
}

/** Whether it is the policy that was kept, from the same repository: then it need not be read. */
export async function isKeptShared(
  database: Database,
  installationId: number,
  { blob, repositoryId }: { blob: string | undefined; repositoryId: number | undefined },
): Promise<boolean> {
  const kept = await keptShared(database, installationId)
  if (!kept) return blob === undefined
  return blob === kept.blob && repositoryId === kept.repositoryId
}

async function keepAndRecord(
  shell: PolicyShell,
  organization: Organization,
  kept: KeptShared | undefined,
  file: (PolicyFile & { repositoryId: number }) | undefined,
): Promise<void> {
  const { installationId } = organization
  const before = kept?.locks ?? ''
  const after = file ? lockedNames(file) : ''
  await shell.database.transaction(async (tx) => {
    await lockShared(tx, installationId)
    const now = await keptShared(tx, installationId)
    if (now?.blob !== kept?.blob && now?.blob !== file?.blob) throw changedMeanwhile(organization)
    const changed = file
      ? await keepShared(tx, installationId, { ...file, locks: after ?? before })
      : await deleteShared(tx, installationId)
    const isLocking = before !== '' || after !== ''
    if (changed && isLocking && kept?.blob !== file?.blob)
      await recordLocks(shell, tx, organization, {
        before,
        after,
        blob: file?.blob,
        repositoryId: file?.repositoryId,
      })
  })
}

/** What a policy locks, separated by commas. Undefined where it is invalid: then nothing passes, and it unlocks nothing. */
export function lockedNames(file: PolicyFile): string | undefined {
  const read = parsePolicyFile(file)
  return read.ok ? lockedBy(read.policy).join(', ') : undefined
}

/** `after` is undefined where the policy is invalid, `blob` and `repositoryId` where it was removed. */
type Change = {
  before: string
  after: string | undefined
  blob: string | undefined
  repositoryId: number | undefined
  /** Who accepted another repository, and instead of which one. */
  accepted?: { by: string; byId: number; authority: string; instead: number }
}

/** Records a change of what an organization's policy locks, and announces it. */
export async function recordLocks(
  { now, queue }: Pick<PolicyShell, 'now' | 'queue'>,
  tx: Transaction,
  { installationId, owner: organization }: Organization,
  { before, after, blob, repositoryId, accepted }: Change,
): Promise<void> {
  const kind = 'organization policy'
  const locked = { before, after: after ?? null }
  const body = {
    organization,
    repositoryId: repositoryId ?? null,
    blob: blob ?? null,
    locked,
    ...(accepted && { accepted }),
  }
  const { seq } = await appendRecord(tx, { installationId, kind, at: now(), body })
  const key = `organization-policy/${installationId}/${seq}`
  const acceptedBy = accepted && `${accepted.by} (${accepted.authority})`
  const about = { installationId, seq, organization, ...(acceptedBy !== undefined && { acceptedBy }) }
  const notice: Notice = { kind, key, ...about, ...locked }
  await queue.enqueueNotice(notice, { tx })
}

/** Why no policy applies where an organization's is unreadable or was replaced. */
export function sharedPolicyProblem(owner: string, state: 'unreadable' | 'replaced'): FileProblem {
  const { what, fix } = losses[state](owner)
  return { file: sharedPlace(owner, policyPath), line: 1, column: 1, message: `${what}. ${fix}` }
}

/** What is wrong where an organization's policy that applied before does not apply now. Writes nothing. */
export async function lostSharedPolicy(
  github: GitHub,
  owner: string,
  kept: KeptShared | undefined,
  file: PolicyFile | undefined,
): Promise<Loss | undefined> {
  if (!kept || (file?.blob === kept.blob && kept.repositoryId !== null)) return undefined
  const repositoryId = await sharedRepositoryId(github, owner)
  if (repositoryId === undefined) return losses.unreadable(owner)
  return (kept.repositoryId ?? repositoryId) === repositoryId ? undefined : losses.replaced(owner)
}

export type Loss = { what: string; fix: string }

const losses = {
  unreadable: (owner: string): Loss => ({
    what: "the organization's policy can no longer be read, so release-gate can't tell what it locks",
    fix: `An owner of ${owner} can give the App access to the repository ${owner}/.github. If the organization has no policy now, the repository is enough without that file`,
  }),
  replaced: (owner: string): Loss => ({
    what: "this repository isn't the one that the organization's policy came from before, so its policy doesn't count",
    fix: `An owner of ${owner} can restore the earlier repository under this name. To accept this one, they run \`release-gate policy accept ${owner}\``,
  }),
}
