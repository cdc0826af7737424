import pLimit from 'p-limit'
import type { GroupMember } from '../decision/group-report.ts'
import { isUnverified } from '../decision/unverified-report.ts'
import { decide } from '../decision/verdict.ts'
import { keptFactsOf } from '../gate/kept-facts.ts'
import { verifyWithin } from '../gate/unverified.ts'
import { isUnwritable } from '../services/github/gone.ts'
import type { Queryable } from '../store/database.ts'
import { activeFreezes, frozenFact } from '../store/freezes.ts'
import {
  changedMembers,
  type Member,
  type OpenGroup,
  passedGroups,
  repositoriesWithPassedGroups,
} from '../store/merge-groups.ts'
import { latestVerdict } from '../store/verdicts.ts'
import { revocationTimeOf } from '../store/write-budget.ts'
import { postGroupCheck } from './group-check.ts'
import { runAll } from './run-all.ts'
import type { MergeShell } from './shell.ts'

type GroupsShell = Pick<MergeShell, 'database' | 'github' | 'now' | 'log'>

/** How many at a time, per repository. */
const atOnce = 4

/**
 * Fails the open groups of every repository that would not pass now; run whenever the calendar or a freeze changes something, and
 * now and then for what could not be verified.
 */
export async function failOpenGroupsEverywhere(shell: GroupsShell): Promise<void> {
  const repositories = await repositoriesWithPassedGroups(shell.database)
  await runAll(repositories.map((repository) => failOpenGroups(shell, repository)))
}

/**
 * Fails the groups of a repository that passed and would not pass now, without reading: from the facts that they passed
 * by, or newer ones where a pull request in them was evaluated since. GitHub merges by the check of the group, so it must
 * not outlive a verdict that it was given for, the window, or an order to freeze; nor a change that could not be verified.
 * Urgent ones stay. One that cannot be failed keeps no other one waiting, and is thrown at the end.
 * @returns how many were failed.
 */
export async function failOpenGroups(
  shell: GroupsShell,
  repository: { installationId: number; repositoryId: number },
): Promise<number> {
  const limit = pLimit(atOnce)
  let failed = 0
  const groups = await passedGroups(shell.database, repository)
  await runAll(
    groups.map((group) =>
      limit(async () => {
        if (await failUnlessPassing(shell, group)) failed += 1
      }),
    ),
  )
  return failed
}

async function failUnlessPassing(shell: GroupsShell, group: OpenGroup): Promise<boolean> {
  const members = await evaluatedNow(shell, group)
  if (members.every(({ verdict }) => verdict?.state === 'passed')) return false
  try {
    const github = await shell.github(group.repository.installationId)
    await postGroupCheck(shell, github, group, members, [])
    return true
  } catch (error) {
    if (!isUnwritable(error)) throw error
    shell.log.warn(
      { group: group.headRef, problem: String(error) },
      'The commit of a merge group is gone, so its check cannot be written',
    )
    return false
  }
}

async function evaluatedNow({ database, now }: GroupsShell, group: OpenGroup): Promise<GroupMember[]> {
  const { repository, members } = group
  const today = {
    takenAt: now().toISOString(),
    takeBack: await revocationTimeOf(database, repository.installationId, now()),
    ...frozenFact(await activeFreezes(database, now()), repository),
  }
  const keptFacts = keptFactsOf(database, now())
  const overdue = await changedMembers(database, group, verifyWithin)
  const evaluated: GroupMember[] = []
  for (const member of members) {
    const { snapshot, policy } = await newestFacts(database, member, { ...group, overdue })
    const { frozen: _, ...facts } = snapshot
    const kept = await keptFacts({ snapshot, policy })
    evaluated.push({
      number: snapshot.pull.number,
      verdict: policy && decide({ ...facts, ...kept, ...today }, policy),
    })
  }
  return evaluated
}

/**
 * What is known of a pull request that was evaluated after its group was, by a newer policy too. Where it is not what the group
 * would merge anymore, or could not be verified, there is nothing to evaluate it by: its own check would not be green either.
 * One that was merged leaves the group as it is.
 */
async function newestFacts(
  database: Queryable,
  member: Member,
  { generation, overdue }: { generation: number; overdue: number[] },
): Promise<Member> {
  const { pull, head, base, takenAt } = member.snapshot
  const later = await latestVerdict(database, pull)
  if (!later || later.snapshot.state === 'merged') return member
  const isNewer = later.generation > generation
  const failedSince = isUnverified(later.report) && (isNewer || later.decidedAt > new Date(takenAt))
  if (failedSince || overdue.includes(pull.number)) return { snapshot: member.snapshot, policy: undefined }
  if (!isNewer) return member
  const isOffered = later.counts && later.headSha === head.sha && later.baseRef === base.ref
  return { snapshot: later.snapshot, policy: isOffered ? later.policy : undefined }
}
