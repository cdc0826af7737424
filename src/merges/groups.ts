import { failed } from '../decision/gate.ts'
import type { GroupMember } from '../decision/group-report.ts'
import type { MergeGroup, RepositoryRef } from '../decision/merge-task.ts'
import { covers } from '../decision/policy.ts'
import { decide, verdictOf } from '../decision/verdict.ts'
import { requestMonitors } from '../gate/health-fact.ts'
import { addStoredFacts } from '../gate/own-facts.ts'
import { wantedFacts } from '../gate/snapshot-verdict.ts'
import { policyPath } from '../policy/policy-file.ts'
import { policyFor } from '../policy/policy-source.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  branchOf,
  contentsOfGroup,
  groupStands,
  isInBase,
  sharersOfGroup,
} from '../services/github/merge-groups.ts'
import { identityOfFile, readPolicyFile } from '../services/github/policy.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import { factStore } from '../store/facts.ts'
import { forgetGroup, type Member, passedGroups } from '../store/merge-groups.ts'
import { nextGeneration } from '../store/verdicts.ts'
import { postGroupCheck, revokeGroupGreen, staleMonitorsOf } from './group-check.ts'
import { failOpenGroups } from './open-groups.ts'
import { type MergeShell, repositoryOf } from './shell.ts'

/**
 * Evaluates a merge group: every pull request in it is read afresh and decided, and the check on the group's head passes only
 * where all of them do. Nothing waits here, since the queue would wait with it. A group that GitHub has finished is dropped.
 */
export async function evaluateGroup(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
  signal: AbortSignal,
): Promise<void> {
  if (!(await groupStands(github, repository, group))) return letGo(shell, github, repository, group)
  const generation = await nextGeneration(shell.database)
  const { pulls, unknown } = await contentsOfGroup(github, repository, group)
  const evaluated: Evaluated[] = []
  for (const number of pulls) {
    const otherPolicy = evaluated.some(changesPolicy)
    const next = await evaluateMember(shell, github, repository, number, otherPolicy)
    if (next === 'no policy') return
    evaluated.push(inGroup(next, group))
  }
  const known = await withKnownPolicy(github, repository, group, evaluated)
  const checked = [...known, ...(await failedSharers(shell, github, repository, group))]
  signal.throwIfAborted()
  const members: GroupMember[] = checked.map(({ number, verdict }) => ({ number, verdict }))
  const facts = checked.flatMap(({ member }) => member ?? [])
  const whole = facts.length === members.length
  const open = { repository: repositoryOf(repository), ...group, members: whole ? facts : [], generation }
  await requestMonitors(shell.queue, await staleMonitorsOf(shell.database, open, shell.now()))
  await postGroupCheck(shell, github, open, members, unknown)
  // What was ordered or evaluated while the group was read found no group to fail.
  await failOpenGroups(shell, repository)
  const next = nextLook(members)
  if (next) await shell.queue.enqueueMerging({ task: 'group', repository, group }, { at: next })
}

/** Forgets a group that GitHub has finished. A dropped group leaves no green check behind. */
async function letGo(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
): Promise<void> {
  const [passed] = await passedGroups(shell.database, repository, group.headSha)
  if (passed && !(await isInBase(github, repository, group))) return revokeGroupGreen(shell, github, passed)
  await forgetGroup(shell.database, repositoryOf(repository), group.headSha)
}

/** A group that passed is evaluated again when the calendar changes a verdict: its green must not outlive the window. */
function nextLook(members: GroupMember[]): Date | undefined {
  if (!members.every(({ verdict }) => verdict?.state === 'passed')) return undefined
  const times = members
    .flatMap(({ verdict }) => verdict?.next ?? [])
    .flatMap((step) => (step.kind === 'recheck' ? [Date.parse(step.at)] : []))
  return times.length === 0 ? undefined : new Date(Math.min(...times))
}

/** `policyFile`: which of the repository's own policies it was evaluated by. */
type Evaluated = GroupMember & { member?: Member; policyFile?: string | undefined }

/** A pull request that was closed, or has another base since, is evaluated for something else than this group would merge. */
function inGroup(evaluated: Evaluated, { baseRef }: MergeGroup): Evaluated {
  const { snapshot } = evaluated.member ?? {}
  if (!snapshot || snapshot.state === 'merged') return evaluated
  const branch = branchOf(baseRef)
  if (snapshot.state === 'open' && snapshot.base.ref === branch) return evaluated
  const why = failed(
    `Closed, or no longer for ${branch}`,
    'GitHub removes such a pull request from the merge queue.',
    {
      who: `Anyone with write access: reopen it or set its base to ${branch} again, then add it to the queue`,
    },
  )
  return { ...evaluated, verdict: verdictOf([{ gate: 'policy', gateTitle: 'Merge queue', ...why }]) }
}

/**
 * A check belongs to a commit, and anyone who can push can open a pull request from the head of a group to another branch. Those that the
 * policy covers there, and that do not pass, keep the group from turning them green.
 */
async function failedSharers(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  group: MergeGroup,
): Promise<Evaluated[]> {
  const failing: Evaluated[] = []
  for (const number of await sharersOfGroup(github, repository, group)) {
    const evaluated = await evaluateMember(shell, github, repository, number, false)
    if (evaluated !== 'no policy' && evaluated.verdict?.state !== 'passed' && isCovered(evaluated))
      failing.push(evaluated)
  }
  return failing
}

/** The default branch is always covered, and whatever could not be read counts. */
function isCovered({ member }: Evaluated): boolean {
  if (!member) return true
  const { ref, defaultBranch } = member.snapshot.base
  return member.policy ? covers(member.policy, ref, defaultBranch) : ref === defaultBranch
}

function changesPolicy({ member }: Evaluated): boolean {
  return member?.snapshot.policyEffect !== undefined
}

/** `otherPolicy`: the group changes the policy ahead of this member, so what a second change would make of it is not known. */
async function evaluateMember(
  shell: MergeShell,
  github: GitHub,
  repository: RepositoryRef,
  number: number,
  otherPolicy: boolean,
): Promise<Evaluated | 'no policy'> {
  const pull = { ...repositoryOf(repository), number }
  const applicable = await policyFor(shell, github, pull)
  if (applicable.kind === 'none') return 'no policy'
  const store = factStore(shell.database, shell.now)
  const read = await readSnapshot(github, pull, wantedFacts(applicable), store, shell.now)
  if (!read) return { number, verdict: undefined }
  const snapshot = await addStoredFacts({ ...shell, github }, read.snapshot, applicable)
  if (applicable.kind === 'broken') return { number, verdict: undefined, member: { snapshot } }
  const { policy, files } = applicable
  const alone = { number, verdict: decide(snapshot, policy), member: { snapshot, policy } }
  const evaluated = { ...alone, policyFile: identityOfFile(files.own) }
  return otherPolicy && changesPolicy(evaluated) ? afterAnotherPolicy(evaluated) : evaluated
}

function afterAnotherPolicy(evaluated: Evaluated): Evaluated {
  const { member } = evaluated
  if (!member?.policy) return evaluated
  const snapshot = { ...member.snapshot, policyOutdated: true as const }
  return { ...evaluated, verdict: decide(snapshot, member.policy), member: { ...member, snapshot } }
}

/**
 * Fails one of the members where the policy at the head of the group is not what they were checked for: that of the default branch, or of the
 * pull request that changes it. A branch that began at such a change can take it back, and so change nothing of the default branch's.
 */
async function withKnownPolicy(
  github: GitHub,
  repository: RepositoryRef,
  { headSha }: MergeGroup,
  evaluated: Evaluated[],
): Promise<Evaluated[]> {
  const base = evaluated[0]?.member?.snapshot.base
  if (!base || base.ref !== base.defaultBranch) return evaluated
  if (!evaluated.every(({ verdict }) => verdict?.state === 'passed')) return evaluated
  const fileAt = async (sha: string) =>
    identityOfFile(await readPolicyFile(github, repository, policyPath, sha))
  const change = evaluated.find(changesPolicy)
  const expected = change?.member ? await fileAt(change.member.snapshot.head.sha) : evaluated[0]?.policyFile
  if ((await fileAt(headSha)) === expected) return evaluated
  const last = Math.max(
    evaluated.findLastIndex((one) => !changesPolicy(one)),
    0,
  )
  return evaluated.map((one, index) => (index === last ? afterAnotherPolicy(one) : one))
}
