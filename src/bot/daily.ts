import { subMonths } from 'date-fns/subMonths'
import type { Logger } from 'pino'
import type { Notice } from '../decision/notice.ts'
import { diagnose } from '../doctor/diagnose.ts'
import type { Diagnosis } from '../doctor/diagnosis.ts'
import { compareRuns } from '../doctor/drift.ts'
import { type DoctorClients, gather } from '../doctor/gather.ts'
import { type LastRun, lastRun, saveLastRun } from '../doctor/last-run.ts'
import { rowSecurityDiagnoses } from '../doctor/row-security.ts'
import type { StagingServer } from '../settings/servers.ts'
import { keptAnchors } from '../store/audit/anchors.ts'
import { lastVerified, saveVerified } from '../store/audit/last-verified.ts'
import { pruneRecords } from '../store/audit/retention.ts'
import { type Verified, verifyEachChain } from '../store/audit/verify.ts'
import type { Database } from '../store/database.ts'
import { pruneFacts } from '../store/facts.ts'
import { pruneDeliveries } from '../store/inbox.ts'
import { pruneRequests } from '../store/notices.ts'
import { type KeptPolicy, keptPolicies } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { type AnchorShell, anchorOverdue, anchorRecords } from './anchoring.ts'
import { minute } from './periodic-task.ts'

export type DailyShell = {
  database: Database
  queue: Pick<Queue, 'enqueueNotice'>
  clients: DoctorClients
  github: AnchorShell['github']
  /** The servers whose databases policies may name. */
  servers: ReadonlyMap<string, StagingServer>
  /** For how many months records are kept. */
  recordsMonths: number
  now: () => Date
  log: Pick<Logger, 'info' | 'warn' | 'error'>
}

const day = 24 * 60 * 60 * 1000

/**
 * Once a day, checks that the gate is still enforced everywhere and that every audit chain is intact, and removes old
 * data. Each drift and its end are announced once. Called hourly, so a failure is retried within the hour, and so is a chain that
 * could not be anchored.
 */
export async function runDailyCheck(shell: DailyShell): Promise<void> {
  const { database, now, log } = shell
  const last = await lastRun(database, now)
  if (!last) return saveLastRun(database, firstRun(now()), now)
  if (now().getTime() - Date.parse(last.at) < day) return retryAnchors(shell)
  const known = await keptPolicies(database, undefined, ['current', 'absent'])
  const enforced = diagnose(await gather(shell.clients))
  const rows = await rowSecurityDiagnoses(await keptPolicies(database), shell.servers, last.remember, known)
  const { appeared, fixed, remember } = compareRuns(last.remember, [...enforced, ...rows])
  for (const { repository, what, fix } of appeared)
    log.warn({ repository, what, fix }, 'The gate is not fully enforced')
  for (const notice of driftNotices(known, appeared, fixed, now())) {
    await shell.queue.enqueueNotice(notice)
  }
  await prune(shell)
  // A broken chain is neither anchored nor pruned, so that it can be investigated unchanged. It keeps no other one from that.
  const broken = await brokenChains(shell)
  const cut = await pruneRecords(database, subMonths(now(), shell.recordsMonths), { except: broken })
  if (cut === undefined)
    shell.log.info(
      'The role of the bot may not remove old records; run `release-gate audit prune` as the owner',
    )
  await anchorRecords(shell, broken)
  await saveLastRun(database, { at: now().toISOString(), remember }, now)
}

/** A chain that did not verify is not anchored until it does. */
async function retryAnchors(shell: DailyShell): Promise<void> {
  const verified = await lastVerified(shell.database, shell.now)
  if (verified) await anchorOverdue(shell, brokenIn(verified.results))
}

/** The first check runs an hour after the first start, once the repositories are set up. */
function firstRun(now: Date): LastRun {
  return { at: new Date(now.getTime() - day + 60 * minute).toISOString(), remember: [], planned: true }
}

/** Findings about a repository's database have a notice of their own. */
const isOfRows = ({ rule }: Diagnosis) => rule.startsWith('row-security')
const subjects = [
  { about: (one: Diagnosis) => !isOfRows(one), part: '', subject: undefined },
  { about: isOfRows, part: '/rows', subject: 'row-level security' as const },
]

/** A notice for each repository with changes. Findings that are not about a repository only appear in the log and in `doctor`. */
function driftNotices(known: KeptPolicy[], appeared: Diagnosis[], fixed: Diagnosis[], at: Date): Notice[] {
  return known.flatMap(({ owner, repo, installationId, repositoryId }) => {
    const isHere = ({ repository }: Diagnosis) =>
      repository.toLowerCase() === `${owner}/${repo}`.toLowerCase()
    return subjects.flatMap(({ about, part, subject }) => {
      const isAbout = (one: Diagnosis) => isHere(one) && about(one)
      const problems = appeared.filter(isAbout).map(({ what, fix }) => `${what} ${fix}`.trim())
      const gone = fixed.filter(isAbout).map(({ what }) => what)
      if (problems.length + gone.length === 0) return []
      const repository = { owner, repo, installationId, repositoryId }
      const key = `drift/${repositoryId}${part}/${at.toISOString().slice(0, 10)}`
      const since = gone.length > 0 ? { fixed: gone } : {}
      return [{ kind: 'drift' as const, key, repository, problems, ...since, ...(subject && { subject }) }]
    })
  })
}

/** Verifies every chain, and announces each that is broken. */
async function brokenChains({ database, queue, log, now }: DailyShell): Promise<number[]> {
  const results = await verifyEachChain(database, await keptAnchors(database))
  await saveVerified(database, results, now)
  const broken = results.filter((result) => !result.ok)
  for (const { installationId, seq, why } of broken) {
    log.error({ installationId, seq, why, alert: true }, 'The audit chain is broken')
    const key = `records/${installationId}/${seq}`
    await queue.enqueueNotice({ kind: 'records', key, installationId, seq, why } satisfies Notice)
  }
  return brokenIn(results)
}

function brokenIn(results: Verified[]): number[] {
  return results.flatMap((result) => (result.ok ? [] : [result.installationId]))
}

/** GitHub keeps deliveries for three days; facts about a commit are not needed after half a year. */
async function prune({ database, now, log }: DailyShell): Promise<void> {
  const deliveries = await pruneDeliveries(database, new Date(now().getTime() - 14 * day))
  const facts = await pruneFacts(database, new Date(now().getTime() - 180 * day))
  await pruneRequests(database, new Date(now().getTime() - 30 * day))
  log.info({ deliveries, facts }, 'Removed old deliveries and facts')
}
