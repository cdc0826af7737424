import { type GroupMember, groupReport } from '../decision/group-report.ts'
import { type CheckReport, revokedReport } from '../decision/report.ts'
import { decide } from '../decision/verdict.ts'
import { scheduleOf } from '../gate/calendar/schedule.ts'
import { reasonNotToTurnGreen, staleMonitors } from '../gate/may-turn-green.ts'
import { createRun, matchesReport } from '../services/github/checks.ts'
import type { GitHub } from '../services/github/client.ts'
import { newestRunOf } from '../services/github/merge-groups.ts'
import { appendRecord } from '../store/audit.ts'
import type { Queryable, Transaction } from '../store/database.ts'
import { activeFreezes, frozenFact, lockFreezes } from '../store/freezes.ts'
import { tryWithLease } from '../store/leases.ts'
import {
  changedMembers,
  forgetGroup,
  type OpenGroup,
  passedGroups,
  saveGroup,
} from '../store/merge-groups.ts'
import { monitorsOf } from '../store/monitors.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { noteWrite, requireWriteBudget } from '../store/write-budget.ts'
import type { MergeShell } from './shell.ts'

type GroupShell = Pick<MergeShell, 'database' | 'now'>
type Group = Omit<OpenGroup, 'state'>

/**
 * Brings the check of a group to what its members say. A group is kept as passed before it is green, so that whoever
 * fails open groups finds it; and as failed only when that stands on GitHub, so that a retry does not leave it green.
 */
export async function postGroupCheck(
  shell: GroupShell,
  github: GitHub,
  group: Group,
  members: GroupMember[],
  unknown: string[],
): Promise<void> {
  const { state, report } = groupReport(members, unknown)
  const keep = () =>
    shell.database.transaction(async (tx) => {
      if (state === 'passed') await refuseStaleGreen(tx, group, shell.now())
      const body = { group: namesOf(group), state, members: membersIn(members), unknown }
      const { installationId } = group.repository
      await appendRecord(tx, { installationId, kind: 'group', at: shell.now(), body })
      await saveGroup(tx, { ...group, state })
    })
  await inTurn(shell, group, async () => {
    if (state === 'passed') await keep()
    await bring(shell, github, group, { what: state, report })
    if (state === 'failed') await keep()
  })
}

/** @throws `retryAfterError` where the group would turn green on facts that have been overtaken: it is evaluated again. */
async function refuseStaleGreen(tx: Transaction, group: Group, now: Date): Promise<void> {
  await lockFreezes(tx, 'verdict')
  const { frozen } = frozenFact(await activeFreezes(tx, now), group.repository)
  const changed = await changedMembers(tx, group)
  const [monitor] = await staleMonitorsOf(tx, group, now)
  if (monitor !== undefined)
    throw retryAfterError(new Date(now.getTime() + 2_000), `the monitor ${monitor} was read too long ago`)
  for (const { snapshot, policy } of group.members) {
    const { number } = snapshot.pull
    const readAt = new Date(snapshot.takenAt)
    const nextAt = policy && scheduleOf(decide(snapshot, policy), snapshot, policy, readAt).nextAt
    const freeze = { at: snapshot.frozen, now: frozen }
    const why = reasonNotToTurnGreen({ readAt, changedSince: changed.includes(number), nextAt, freeze }, now)
    if (why) throw retryAfterError(now, `#${number} of a merge group: ${why}`)
  }
}

/** The monitors that its members were decided by and that must be read again before it turns green. */
export async function staleMonitorsOf(db: Queryable, { members }: Group, now: Date): Promise<number[]> {
  const ids = members.flatMap(({ snapshot }) => snapshot.health?.monitors.map(({ id }) => id) ?? [])
  return staleMonitors(await monitorsOf(db, [...new Set(ids)]), now)
}

/** Revokes the green check of a group that was dropped unmerged: its head could be proposed again after the window has closed. */
export async function revokeGroupGreen(shell: GroupShell, github: GitHub, group: Group): Promise<void> {
  const report = revokedReport('The merge queue dropped this group')
  await inTurn(shell, group, async () => {
    // GitHub drops a group as soon as its check fails: whoever failed it has said more than this.
    const [green] = await passedGroups(shell.database, group.repository, group.headSha)
    if (!green) return forgetGroup(shell.database, group.repository, group.headSha)
    await bring(shell, github, group, { what: 'given up', report })
    await shell.database.transaction(async (tx) => {
      const { installationId } = group.repository
      const body = { group: namesOf(group), state: 'given up', members: [], unknown: [] }
      await appendRecord(tx, { installationId, kind: 'group', at: shell.now(), body })
      await forgetGroup(tx, group.repository, group.headSha)
    })
  })
}

/** One writer at a time per group, since a slow one must not overwrite a red check with green. */
async function inTurn(shell: GroupShell, group: Group, work: () => Promise<void>): Promise<void> {
  const { installationId, repositoryId } = group.repository
  const key = `group ${installationId}/${repositoryId}/${group.headSha}`
  const lease = await tryWithLease(shell.database, key, shell.now, work)
  if (!lease)
    throw retryAfterError(new Date(shell.now().getTime() + 2_000), 'another process is writing this check')
}

/**
 * Posts a new run if the newest one differs: PATCH cannot reopen a completed run, and an older run does not count even if it is
 * equal.
 */
async function bring(
  { database, now }: GroupShell,
  github: GitHub,
  { repository, headSha }: Group,
  { what, report }: { what: string; report: CheckReport },
): Promise<void> {
  const { installationId } = repository
  const externalId = `group ${headSha} ${what}`
  const newest = await newestRunOf(github, repository, { sha: headSha, externalId })
  if (newest && matchesReport(newest, report)) return
  await requireWriteBudget(database, installationId, now())
  const run = await createRun(github, repository, { sha: headSha, externalId, report })
  await noteWrite(database, installationId, now())
  if (!matchesReport(run, report)) throw new Error(`GitHub keeps the check of a merge group at ${run.status}`)
}

function namesOf({ repository, headSha, headRef, baseRef }: Group) {
  return { repository, headSha, headRef, baseRef }
}

function membersIn(members: GroupMember[]) {
  return members.map(({ number, verdict }) => ({
    number,
    state: verdict?.state ?? 'failed',
    findings: verdict?.findings.map(({ gate, state, title }) => ({ gate, state, title })) ?? [],
  }))
}
