import { z } from 'zod'
import { codeOwnersFiles, isTeam } from '../code-owners.ts'
import { countApprovals, membersOf } from '../count-approvals.ts'
import { defineGate, type Finding, failed, passed, waiting } from '../gate.ts'
import { code, listSome, plural } from '../markdown.ts'
import type { CodeOwnersFacts, OwnedPaths, Snapshot } from '../snapshot.ts'

/** It has no settings: who owns what stands in CODEOWNERS, and which approvals count in `approvals`. */
const settings = z.strictObject({})

type Read = Extract<CodeOwnersFacts, { state: 'read' }>

/** Each changed file that has owners is approved by one of them, by the CODEOWNERS of the base branch. */
export const codeOwners = defineGate({
  title: 'Code owners',
  settings,
  tightens: () => true,
  evaluate(snapshot, _, gates) {
    const { codeOwners: facts, changed } = snapshot
    if (!facts) return unknown('CODEOWNERS was not read')
    if (!changed?.complete) return unknown(changed?.why ?? 'the changed files are not known')
    const fixes =
      changed.paths.length > 0 && changed.paths.every(({ path }) => codeOwnersFiles.includes(path))
    if (facts.state === 'missing' || facts.state === 'unreadable')
      return fixes ? fixing() : withoutFile(facts, snapshot)
    if (facts.problems.length > 0 && !fixes) return invalid(facts, snapshot)
    return byOwners(facts, snapshot, approversOf(snapshot, gates?.approvals as ApprovalSettings | undefined))
  },
})

type ApprovalSettings = Parameters<typeof countApprovals>[1]

/** Whose approval counts by the gate `approvals`, or by its defaults where the policy does not name it. */
function approversOf(snapshot: Snapshot, wanted: ApprovalSettings = { count: 1, teams: [] }): number[] {
  return countApprovals(snapshot, wanted).counted.map(({ review }) => review.person.id)
}

function byOwners(facts: Read, snapshot: Snapshot, approvers: number[]): Finding {
  if (facts.owned.length === 0)
    return passed('No changed file has an owner', 'No changed file has an owner in CODEOWNERS.')
  const open = facts.owned.filter(
    (each) => !idsOf(each, facts, snapshot).some((id) => approvers.includes(id)),
  )
  const details = facts.owned.map((each) => lineOf(each, open.includes(each)))
  if (open.length === 0)
    return passed(
      'Approved by code owners',
      'Every changed file with code owners is approved by one of them.',
      { details },
    )
  const stuck = open.filter((each) => !idsOf(each, facts, snapshot).some((id) => canApprove(id, snapshot)))
  if (stuck[0]) return withoutApprovers(stuck[0], facts, details)
  const owners = listSome(ownersOf(open), 'or')
  return waiting(
    `Waiting for ${plural(open.length, 'code owner')}`,
    `No owner of ${listSome(
      open.map(({ pattern }) => code(pattern)),
      'or',
    )} has approved yet.`,
    { who: `${owners}, if they did not work on this change`, details },
  )
}

/** Accounts of a rule's owners: those of a team with all its members, and people with write access. An email address is nobody's here. */
function idsOf({ owners }: OwnedPaths, { people }: Read, snapshot: Snapshot): number[] {
  return owners.flatMap((owner) => {
    if (isTeam(owner)) return membersOf(owner.slice(1), snapshot)
    const person = people.find(({ login }) => `@${login}`.toLowerCase() === owner.toLowerCase())
    return person?.write ? [person.id] : []
  })
}

function canApprove(id: number, { contributors, access }: Snapshot): boolean {
  return access[id]?.write !== false && !contributors.some(({ person }) => person.id === id)
}

function ownersOf(open: OwnedPaths[]): string[] {
  return [...new Set(open.flatMap(({ owners }) => owners))].map((owner) => code(owner))
}

function lineOf({ pattern, line, owners, paths }: OwnedPaths, isOpen: boolean): string {
  const who = listSome(
    owners.map((owner) => code(owner)),
    'or',
  )
  const files = plural(paths.length, 'file')
  return `${isOpen ? '⏳' : '✅'} ${code(pattern)} (line ${line}): ${files}, owned by ${who}`
}

function withoutApprovers({ pattern, line, owners }: OwnedPaths, { file }: Read, details: string[]): Finding {
  return failed(
    `No code owner can approve line ${line} of CODEOWNERS`,
    `None of the owners of ${code(pattern)}, ${listSome(owners.map((owner) => code(owner)))}, can approve: each worked on this change, has no write access, does not exist, or is an email address, which GitHub does not resolve.`,
    { who: `Anyone with write access: add another owner in ${code(file)} on the base branch`, details },
  )
}

function unknown(why: string): Finding {
  return failed('Code owners could not be checked', `This gate can't pass, because ${why}.`, {
    who: 'The author: split the change, or ask the release-gate operator',
  })
}

/** Nothing else could repair it, and the other gates still apply. */
function fixing(): Finding {
  return passed(
    'This change adds CODEOWNERS',
    'The base branch has no CODEOWNERS that can be read, and this change contains nothing else.',
  )
}

function withoutFile(facts: Exclude<CodeOwnersFacts, Read>, { base }: Snapshot): Finding {
  const who = `Anyone with write access: open a pull request that only adds or fixes CODEOWNERS`
  return facts.state === 'missing'
    ? failed(
        'CODEOWNERS is missing',
        `The policy requires approvals of code owners, and ${code(base.ref)} has no CODEOWNERS file.`,
        { who },
      )
    : failed('CODEOWNERS could not be read', `${code(facts.file)} on ${code(base.ref)} ${facts.why}.`, {
        who,
      })
}

function invalid({ file, problems }: Read, { base }: Snapshot): Finding {
  const [first] = problems
  return failed(
    `CODEOWNERS is invalid: line ${first?.line}`,
    `${code(file)} on ${code(base.ref)} has ${plural(problems.length, 'error')}. GitHub skips such lines, so the owners of their files are not known.`,
    {
      who: 'Anyone with write access: open a pull request that only fixes CODEOWNERS',
      details: problems.slice(0, 20).map(({ line, message }) => `Line ${line}: ${code(message, 300)}`),
    },
  )
}
