import { parsePolicy } from '../policy/policy-file.ts'
import { listInstallations, listRepositories, viewedTogether } from '../services/github/bulk.ts'
import type { GitHub } from '../services/github/client.ts'
import { factStore } from '../store/facts.ts'
import {
  forgetChecksExcept,
  hourlyCheckAges,
  keepListed,
  type RepositoryToCheck,
  repositoriesToCheck,
} from '../store/hourly-checks.ts'
import { keepOnlyInstallations, keepOnlyRepositories, keptPolicies } from '../store/policies.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { excludeGreensFromRevocation } from '../store/verdicts/changes.ts'
import { countOpen, greensReadBy } from '../store/verdicts/seen.ts'
import {
  checkRepositories,
  type Found,
  type HourlyCheckParts,
  type Installation,
  type KnownPolicy,
} from './check-repositories.ts'
import { isDue } from './hourly-reread-plan.ts'
import { minute } from './periodic-task.ts'

/** How often a part of the repositories is checked. */
export const checkEvery = 5 * minute
/** Each repository is checked once in this time, and at most `checkEvery` later. */
const period = 55 * minute
/** This share of each of GitHub's hourly limits is left to what people wait for. */
const keptForEvents = 0.2

/**
 * Checks every repository once an hour and at startup, since events can be lost. Asks in bulk for what shows a change, and
 * enqueues what differs from what is stored, and what is green in any case. Whatever stops it, a limit or a restart, it
 * continues with the repository that was not checked for the longest time.
 */
export function hourlyCheck(parts: HourlyCheckParts, signal: AbortSignal): () => Promise<void> {
  const startedAt = parts.shell.now()
  const calm = calmReads(parts)
  return async () => {
    const found: Found = { tried: 0, repositories: 0, pulls: 0, enqueued: 0 }
    let cut = false
    const installations = await installationsOf(parts)
    const ids = installations.map(({ id }) => id)
    await forgetChecksExcept(parts.shell.database, ids)
    await keepOnlyInstallations(parts.shell.database, ids)
    await readGreens(parts, ids, startedAt)
    for (const installation of installations) {
      try {
        await checkInstallation({ ...parts, signal, calm }, installation, startedAt, found)
      } catch (error) {
        if (signal.aborted) return
        cut = true
        parts.log.warn(
          { installation: installation.id, problem: String(error) },
          'The hourly check was stopped and goes on in 5 minutes',
        )
      }
    }
    await report(parts, found, cut)
  }
}

async function installationsOf({ probot, serves }: HourlyCheckParts): Promise<Installation[]> {
  const all = await listInstallations(await probot.auth())
  if (!all) throw new Error('The list of installations changed while it was read')
  return all.flatMap(({ id, account, suspended_at: suspended }) =>
    !suspended && account && 'login' in account && serves(account.login)
      ? [{ id, account: account.login }]
      : [],
  )
}

/** A green check is read with its repository; where that cannot be checked, or a limit stops the check, it is read all the same. */
async function readGreens(
  { shell, serves }: HourlyCheckParts,
  installationIds: number[],
  startedAt: Date,
): Promise<void> {
  const { database, queue, now } = shell
  const due = new Date(Math.max(startedAt.getTime(), now().getTime() - 60 * minute))
  const greens = await greensReadBy(database, installationIds, due)
  await queue.enqueueAll(greens.filter(({ owner }) => serves(owner)).map((pull) => ({ pull, green: true })))
}

/** Says that everything was checked only where it was. */
async function report({ shell, log }: HourlyCheckParts, found: Found, cut: boolean): Promise<void> {
  if (found.tried === 0 && !cut) return
  const { oldest, never, unseen } = await hourlyCheckAges(shell.database)
  const anHourAgo = new Date(shell.now().getTime() - 60 * minute)
  if (!cut && never === 0 && unseen === 0 && oldest && oldest >= anHourAgo)
    log.info(found, 'Every open pull request was checked within the last hour')
  else
    log.warn(
      { ...found, oldest, never, unseen },
      'Not every open pull request was checked within the last hour',
    )
}

async function checkInstallation(
  parts: HourlyCheckParts & { signal: AbortSignal; calm: CalmReads },
  installation: Installation,
  startedAt: Date,
  found: Found,
): Promise<void> {
  const { shell } = parts
  const github = await shell.github(installation.id)
  const isNow = (last: Date | undefined, key: number) =>
    last === undefined || last <= startedAt || isDue(last, shell.now(), period, key)
  leaveRoom(parts, installation)
  await listWhereDue(parts, github, installation, isNow)
  const policies = await validPolicies(parts, installation)
  const due = (await repositoriesToCheck(shell.database, installation.id)).filter(
    ({ checkedAt, repositoryId }) => isNow(checkedAt, repositoryId),
  )
  const room = () => {
    parts.signal.throwIfAborted()
    leaveRoom(parts, installation)
  }
  const open = await countOpen(shell.database, installation.id)
  const small = open <= (parts.smallUpTo ?? 20)
  const inRoom = (numbers: number[]) => parts.calm(installation.id, numbers)
  for (const batch of inBatches(due))
    await checkRepositories({ ...parts, github, installation, policies, small, room, inRoom }, batch, found)
}

/** The policies that are known to be valid, by the blobs of their files: these need not be read. */
async function validPolicies(
  { shell }: HourlyCheckParts,
  { id }: Installation,
): Promise<Map<string, KnownPolicy>> {
  const kept = await keptPolicies(shell.database, id)
  const texts = new Map(kept.map(({ blob, text }) => [blob, text]))
  return new Map(
    [...texts].flatMap(([blob, text]) => {
      const read = parsePolicy(text)
      return read.ok ? [[blob, { text, policy: read.policy }] as const] : []
    }),
  )
}

/** @throws `retryAfterError` where little is left of a limit of GitHub. */
function leaveRoom({ budget }: HourlyCheckParts, { id }: Installation): void {
  for (const resource of ['core', 'graphql'] as const) {
    const left = budget.left(id, resource)
    if (left && left.remaining < left.limit * keptForEvents)
      throw retryAfterError(
        left.resetAt,
        `${left.remaining} of ${left.limit} of GitHub's hourly limit (${resource}) are left`,
      )
  }
}

/** About so many requests read a pull request in full. */
const requestsToRead = 8

type CalmReads = (installationId: number, numbers: number[]) => number[]

/**
 * Of what can wait, as much as takes half of the hourly limit, and less where others have used more. Counted here as well,
 * since what is read may be read by another process, whose answers this one does not see.
 */
function calmReads({ budget, shell }: HourlyCheckParts): CalmReads {
  const given = new Map<number, Date[]>()
  return (installationId, numbers) => {
    const now = shell.now()
    const lately = (given.get(installationId) ?? []).filter(
      (at) => now.getTime() - at.getTime() < 60 * minute,
    )
    const { limit, remaining } = budget.left(installationId, 'core') ?? { limit: 5_000, remaining: 5_000 }
    const room = Math.floor((remaining - limit / 2) / requestsToRead)
    const own = Math.floor(limit / 2 / requestsToRead) - lately.length
    const some = numbers.slice(0, Math.max(0, Math.min(room, own)))
    given.set(installationId, [...lately, ...some.map(() => now)])
    return some
  }
}

async function listWhereDue(
  { shell, log }: HourlyCheckParts,
  github: GitHub,
  { id }: Installation,
  isNow: (last: Date | undefined, key: number) => boolean,
): Promise<void> {
  const { database, now } = shell
  const listings = factStore(database, now)
  const key = `looks/listed/${id}`
  const last = await listings.get<{ at: string }>(key)
  // One that was suspended, or was missing from the list for a moment, has lost what is known of its repositories.
  const isKnown = (await repositoriesToCheck(database, id)).length > 0
  if (isKnown && !isNow(last && new Date(last.at), id)) return
  const at = now()
  const listed = await listRepositories(github)
  if (!listed) throw new Error('The list of repositories changed while it was read')
  await database.transaction(async (tx) => {
    for (const { repositoryId, owner, repo } of await keepListed(tx, id, listed, at)) {
      log.warn({ repository: `${owner}/${repo}` }, 'The installation no longer lists this repository')
      await excludeGreensFromRevocation(tx, { installationId: id, repositoryId })
    }
    await keepOnlyRepositories(
      tx,
      id,
      listed.map(({ repositoryId }) => repositoryId),
    )
  })
  await listings.put(key, { at: at.toISOString() })
}

/** What could not be checked before is asked for in small batches, in case it was too much for GitHub. */
function inBatches(repositories: RepositoryToCheck[]): RepositoryToCheck[][] {
  const size = ({ problem }: RepositoryToCheck) => (problem ? 10 : viewedTogether)
  const batches: RepositoryToCheck[][] = []
  for (const one of repositories) {
    const last = batches.at(-1)
    if (last?.[0] && !!last[0].problem === !!one.problem && last.length < size(one)) last.push(one)
    else batches.push([one])
  }
  return batches
}
