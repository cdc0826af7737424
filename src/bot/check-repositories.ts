import type { Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { policyPath } from '../policy/policy-file.ts'
import { readPolicy } from '../policy/policy-source.ts'
import { compareSharedPolicy, isKeptShared } from '../policy/shared-policy.ts'
import {
  listedTogether,
  type PullView,
  type RepositoryView,
  viewPulls,
  viewRepositories,
} from '../services/github/bulk.ts'
import type { GitHub } from '../services/github/client.ts'
import { isGone } from '../services/github/gone.ts'
import { isLimit } from '../services/github/limits.ts'
import { orProblems, type Row } from '../services/github/partial.ts'
import { readSharedFile } from '../services/github/policy.ts'
import { type RepositoryToCheck, recordChecked, recordCheckFailed } from '../store/hourly-checks.ts'
import { keepStanding, keepValidPolicy } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import {
  closeAll,
  excludeGreensFromRevocation,
  markPullChanged,
  markPullsChanged,
} from '../store/verdicts/changes.ts'
import { type KnownPull, knownOpenPulls } from '../store/verdicts/seen.ts'
import { type CoveringPolicy, policyPlace, pullsToReread } from './hourly-reread-plan.ts'
import type { Parts } from './parts.ts'

export type Installation = { id: number; account: string }
export type KnownPolicy = { text: string; policy: Policy }
/** What was found. `tried`: how many repositories were asked for, the others were seen. */
export type Found = { tried: number; repositories: number; pulls: number; enqueued: number }

/** What a check needs of the running bot. */
export type HourlyCheckParts = Pick<Parts, 'budget' | 'log' | 'probot' | 'serves'> & {
  shell: Pick<Parts['shell'], 'database' | 'github' | 'now'> & {
    queue: Pick<Queue, 'enqueueAll' | 'enqueueNotice'>
  }
  /** Up to so many open pull requests an installation is small; 20 if left out. */
  smallUpTo?: number
}

export type CheckContext = HourlyCheckParts & {
  github: GitHub
  installation: Installation
  /** The valid ones that are known, by the blobs of their files. */
  policies: Map<string, KnownPolicy>
  /** Throws where little is left of a limit of GitHub. */
  room: () => void
  /** The installation has so few open pull requests that all of them are read at each check. */
  small: boolean
  /** Of what need not be read now, as much as GitHub's limits leave room for. */
  inRoom: (numbers: number[]) => number[]
}

/** `sharedLost`: the organization's policy applied before, and can't be read now or is from another repository. */
type View = RepositoryView & { sharedLost: boolean }

type Seen = { listed: RepositoryToCheck; view: View; known: KnownPull[]; policy: CoveringPolicy | undefined }

/**
 * Checks some repositories of an installation. What is not known of one is a problem of that one, which stays visible until
 * the next check of it, and is never taken for "nothing changed".
 */
export async function checkRepositories(
  parts: CheckContext,
  batch: RepositoryToCheck[],
  found: Found,
): Promise<void> {
  const { shell, installation, room } = parts
  const at = shell.now()
  room()
  found.tried += batch.length
  const views = await orProblems(batch, viewWithShared(parts, batch))
  const ids = batch.map(({ repositoryId }) => repositoryId)
  const known = await knownOpenPulls(shell.database, installation.id, ids)
  const seen: Seen[] = []
  for (const [listed, view] of pairs(batch, views)) {
    const one = await checkRepository(parts, listed, view, known.get(listed.repositoryId) ?? [], at)
    if (one?.policy) seen.push(one)
    else if (one) await carryOut(parts, one, [], at, found)
  }
  for (let from = 0; from < seen.length; from += listedTogether)
    await checkPulls(parts, seen.slice(from, from + listedTogether), at, found)
}

/** The rows of one query saw the same policy of the organization. */
async function viewWithShared(context: CheckContext, batch: RepositoryToCheck[]): Promise<Row<View>[]> {
  const views = await viewRepositories(context.github, context.installation.account, batch, policyPath)
  const [first] = views.flatMap((row) =>
    'value' in row && !isSharedRepository(row.value.repo) ? [row.value] : [],
  )
  const sharedLost = first !== undefined && (await isSharedLost(context, first))
  return views.map((row) => {
    if ('problem' in row) return row
    const { own, shared } = row.value.policy
    // As the evaluation names the policy: by the file of the repository, where it has one.
    const policy = { own, shared: sharedLost && own !== undefined ? undefined : shared }
    return { value: { ...row.value, policy, sharedLost: sharedLost && !isSharedRepository(row.value.repo) } }
  })
}

async function isSharedLost(
  { shell, github, installation }: CheckContext,
  view: RepositoryView,
): Promise<boolean> {
  const { id: installationId, account: owner } = installation
  const seen = { blob: view.policy.shared, repositoryId: view.sharedFrom }
  if (await isKeptShared(shell.database, installationId, seen)) return false
  const file = await readSharedFile(github, { owner, repo: view.repo }, policyPath)
  const state = await compareSharedPolicy(shell, github, { installationId, owner }, file)
  return state === 'unreadable' || state === 'replaced'
}

async function checkPulls(context: CheckContext, some: Seen[], at: Date, found: Found): Promise<void> {
  context.room()
  const asked = some.map(({ listed }) => listed)
  const lists = await orProblems(asked, viewPulls(context.github, asked))
  for (const [one, list] of pairs(some, lists)) {
    if ('problem' in list) await note(context, one.listed, list.problem, at)
    else await carryOut(context, one, list.value, at, found)
  }
}

function pairs<Asked, Value>(asked: Asked[], rows: Row<Value>[]): [Asked, Row<Value>][] {
  return asked.map((one, index) => [one, rows[index] ?? { problem: 'GitHub did not give this row' }])
}

async function note(
  { shell, installation, log }: CheckContext,
  listed: RepositoryToCheck,
  problem: string,
  at: Date,
): Promise<void> {
  const { owner, repo, repositoryId } = listed
  log.warn({ repository: `${owner}/${repo}`, problem }, 'A repository could not be checked')
  await recordCheckFailed(shell.database, { installationId: installation.id, repositoryId }, problem, at)
}

/** What is known of a repository now; undefined where nothing is left to be done for it. */
async function checkRepository(
  context: CheckContext,
  listed: RepositoryToCheck,
  row: Row<View>,
  known: KnownPull[],
  at: Date,
): Promise<Seen | undefined> {
  if ('problem' in row) return void (await note(context, listed, row.problem, at))
  const { shell, installation } = context
  const { owner, archived, disabled } = row.value
  const key = { installationId: installation.id, repositoryId: listed.repositoryId }
  // A public repository can be seen by its id wherever it is; the next listing shows whether the App still has a place there.
  if (owner.toLowerCase() !== installation.account.toLowerCase())
    return void (await note(context, listed, `it belongs to ${owner} now`, at))
  if (archived || disabled) {
    return void (await shell.database.transaction(async (tx) => {
      await keepStanding(tx, key, 'out of reach')
      await (archived ? closeAll : excludeGreensFromRevocation)(tx, key)
      await recordChecked(tx, key, at)
    }))
  }
  try {
    return { listed, view: row.value, known, policy: await coveringPolicy(context, listed, row.value) }
  } catch (error) {
    if (isLimit(error) || isGone(error)) throw error
    return void (await note(context, listed, String(error), at))
  }
}

/** The policy that covers a repository now. Its text is read only where no equal one is known. */
async function coveringPolicy(
  context: CheckContext,
  { repositoryId }: RepositoryToCheck,
  view: View,
): Promise<CoveringPolicy | undefined> {
  const { shell, github, installation, policies } = context
  const { owner, repo } = view
  const place = policyPlace(view)
  if (!place) return undefined
  const repository = { installationId: installation.id, repositoryId, owner, repo }
  if (view.sharedLost) return { ...place, valid: 'broken' }
  const known = policies.get(place.blob)
  const read = known
    ? { file: { ...place, text: known.text }, result: { ok: true as const, policy: known.policy } }
    : await readPolicy(shell, github, repository)
  if (!read) return undefined
  const { file, result } = read
  if (!result.ok) return { blob: file.blob, where: file.where, valid: 'broken' }
  policies.set(file.blob, { text: file.text, policy: result.policy })
  // A repository without pull requests still has a channel and a calendar.
  await keepValidPolicy(shell.database, repository, file)
  return { blob: file.blob, where: file.where, valid: result.policy }
}

async function carryOut(
  context: CheckContext,
  { listed, view, known, policy }: Seen,
  open: PullView[],
  at: Date,
  found: Found,
): Promise<void> {
  const { shell, installation } = context
  const { owner, repo } = view
  const repository = { installationId: installation.id, repositoryId: listed.repositoryId, owner, repo }
  const plan = pullsToReread({
    repositoryId: listed.repositoryId,
    view,
    policy,
    open,
    known,
    small: context.small,
    now: at,
  })
  const green = new Set(known.filter((pull) => pull.green).map(({ number }) => number))
  const enqueued = await shell.database.transaction(async (tx) => {
    await keepStanding(tx, repository, policy ? 'current' : 'absent')
    const changed = await markPullsChanged(tx, repository, plan.left)
    for (const { number, head } of plan.changed)
      changed.push(...(await markPullChanged(tx, { ...repository, number }, head)))
    for (const number of [...plan.again.now, ...context.inRoom(plan.again.later)])
      changed.push({ pull: { ...repository, number }, green: green.has(number) })
    const pulls = [...new Map(changed.map((one) => [one.pull.number, one])).values()]
    await shell.queue.enqueueAll(pulls, { tx })
    await recordChecked(tx, repository, at)
    return pulls.length
  })
  found.enqueued += enqueued
  found.repositories += 1
  found.pulls += open.length
}
