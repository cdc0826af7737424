import { type GroupMember, groupReport } from '../decision/group-report.ts'
import type { MergeGroup, RepositoryRef } from '../decision/merge-task.ts'
import { decide } from '../decision/verdict.ts'
import { wantedBy } from '../judging.ts'
import { withOwnFacts } from '../own-facts.ts'
import { policyFor } from '../policy-source.ts'
import { appendRecord } from '../services/audit.ts'
import { factStore } from '../services/facts.ts'
import { createRun, findRun, stands } from '../services/github/checks.ts'
import type { GitHub } from '../services/github/client.ts'
import { contentsOfGroup, groupStands } from '../services/github/merge-groups.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import {
  forgetGroup,
  type Member,
  type OpenGroup,
  passedGroups,
  repositoriesWithPassedGroups,
  saveGroup,
} from '../services/merge-groups.ts'
import { noteWrite } from '../services/writes.ts'
import { awaitTurn } from '../write-budget.ts'
import { type MergeShell, repositoryOf } from './shell.ts'

/**
 * Judges a merge group: every pull request in it is read afresh and decided, and the check on the group's head passes
 * only where all of them do (rules/release-window.md, "The moment of merging"). Nothing waits here: a queue would wait with
 * it. A group that GitHub is done with is forgotten.
 */
export async function lookAtGroup(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
  signal: AbortSignal,
): Promise<void> {
  if (!(await groupStands(github, repository, group))) {
    return forgetGroup(shell.database, repositoryOf(repository), group.headSha)
  }
  const { pulls, unknown } = await contentsOfGroup(github, repository, group)
  const members: GroupMember[] = []
  const facts: Member[] = []
  for (const number of pulls) {
    const judged = await judgeMember(shell, github, repository, number)
    if (judged === 'no policy') return
    members.push({ number, verdict: judged?.verdict })
    if (judged?.member) facts.push(judged.member)
  }
  signal.throwIfAborted()
  const whole = facts.length === members.length
  await post(
    shell,
    github,
    { ...openGroup(repository, group), members: whole ? facts : [] },
    members,
    unknown,
  )
  const next = nextLook(members)
  if (next) await shell.queue.enqueueMerging({ task: 'group', repository, group }, { at: next })
}

/** A group that passed is looked at again when the calendar changes a verdict: its green must not outlive the window. */
function nextLook(members: GroupMember[]): Date | undefined {
  if (!members.every(({ verdict }) => verdict?.state === 'passed')) return undefined
  const times = members
    .flatMap(({ verdict }) => verdict?.next ?? [])
    .flatMap((step) => (step.kind === 'recheck' ? [Date.parse(step.at)] : []))
  return times.length === 0 ? undefined : new Date(Math.min(...times))
}

function openGroup(repository: RepositoryRef, { headSha, headRef, baseRef }: MergeGroup) {
  return { repository: repositoryOf(repository), headSha, headRef, baseRef }
}

async function judgeMember(shell: MergeShell, github: GitHub, repository: RepositoryRef, number: number) {
  const pull = { ...repositoryOf(repository), number }
  const judging = await policyFor(shell.database, github, pull)
  if (judging.kind === 'none') return 'no policy'
  const store = factStore(shell.database, shell.now)
  const read = await readSnapshot(github, pull, wantedBy(judging), store, shell.now)
  if (!read) return undefined
  const snapshot = await withOwnFacts({ ...shell, github }, read.snapshot, judging)
  if (judging.kind === 'broken') return { verdict: undefined, member: { snapshot } }
  const { policy } = judging
  return { verdict: decide(snapshot, policy), member: { snapshot, policy } }
}

/** Fails the open groups of every repository that would not pass now; run whenever the calendar changes something. */
export async function failClosedGroups(
  shell: Pick<MergeShell, 'database' | 'github' | 'now'>,
): Promise<void> {
  for (const repository of await repositoriesWithPassedGroups(shell.database)) {
    await failOpenGroups(shell, repository)
  }
}

/**
 * Fails the groups of a repository that passed and would not pass now, from the facts that they passed by, without
 * reading: for closing time, after which a group that is still open must not merge. Urgent ones stay.
 * @returns how many were failed.
 */
export async function failOpenGroups(
  shell: Pick<MergeShell, 'database' | 'github' | 'now'>,
  repository: { installationId: number; repositoryId: number },
): Promise<number> {
  const takenAt = shell.now().toISOString()
  let failed = 0
  for (const group of await passedGroups(shell.database, repository)) {
    const members = group.members.map(({ snapshot, policy }) => ({
      number: snapshot.pull.number,
      verdict: policy && decide({ ...snapshot, takenAt }, policy),
    }))
    if (members.every(({ verdict }) => verdict?.state === 'passed')) continue
    await post(shell, await shell.github(repository.installationId), group, members, [])
    failed += 1
  }
  return failed
}

/** Posts a new run where none stands that says the same; a completed run cannot be taken back by a PATCH. */
async function post(
  shell: Pick<MergeShell, 'database' | 'now'>,
  github: GitHub,
  group: Omit<OpenGroup, 'state'>,
  members: GroupMember[],
  unknown: string[],
): Promise<void> {
  const { database, now } = shell
  const { repository, headSha } = group
  const { installationId } = repository
  const { state, report } = groupReport(members, unknown)
  const externalId = `group ${headSha} ${state}`
  await appendRecord(database, {
    installationId,
    kind: 'group',
    at: now(),
    body: { group: { ...group, members: undefined }, state, members: membersIn(members), unknown },
  })
  await saveGroup(database, { ...group, state })
  const found = await findRun(github, repository, headSha, externalId)
  if (found && stands(found, report)) return
  await awaitTurn(database, installationId, now())
  const run = await createRun(github, repository, { sha: headSha, externalId, report })
  await noteWrite(database, installationId, now())
  if (!stands(run, report)) throw new Error(`GitHub keeps the check of a merge group at ${run.status}`)
}

function membersIn(members: GroupMember[]) {
  return members.map(({ number, verdict }) => ({
    number,
    state: verdict?.state ?? 'failed',
    findings: verdict?.findings.map(({ gate, state, title }) => ({ gate, state, title })) ?? [],
  }))
}
