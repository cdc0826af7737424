import { oneLine } from '../decision/markdown.ts'
import { allGates, gatesUnder } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { TeamFacts } from '../services/github/approver-pool.ts'
import { type Found, quoted } from './diagnosis.ts'
import type { PolicyFacts, ReadRepository } from './facts.ts'

/** The teams that a policy names, each once, those of its overrides too. */
export function teamsOf(policy: Policy): string[] {
  const teams = allGates(policy).flatMap(({ approvals, release_window: window }) => [
    ...(approvals?.teams ?? []),
    ...(window?.urgent.labelled_by ?? []),
  ])
  return [...new Set(teams)]
}

/** What the policy and each of its overrides ask for, with the pull requests that it concerns. */
function demandsOf(policy: Policy): { approvals: Approvals | undefined; whom: string }[] {
  const overrides = (policy.overrides ?? []).map((override) => ({
    approvals: gatesUnder(policy, override).approvals,
    whom: `no pull request under the override ${quoted(override.name)}`,
  }))
  return [{ approvals: policy.gates.approvals, whom: 'no pull request' }, ...overrides]
}

type Approvals = NonNullable<Policy['gates']['approvals']>

/** Whether the people whom the policy requires exist: its teams, and enough people with write access. */
export function approverFindings({ policy, approvers }: ReadRepository): Found[] {
  if (policy.kind !== 'valid') return []
  return [
    ...approvers.teams.flatMap((team) => teamFindings(team, policy)),
    ...demandsOf(policy.policy).flatMap(({ approvals, whom }) =>
      countFindings(approvers.writers, approvals, whom),
    ),
  ]
}

type ValidPolicy = Extract<PolicyFacts, { kind: 'valid' }>

function teamFindings(team: TeamFacts, { policy, where }: ValidPolicy): Found[] {
  const demand = demandsOf(policy).find(({ approvals }) => approvals?.teams.includes(team.name))
  const required = demand !== undefined
  const effect = demand ? `so ${demand.whom} can pass` : 'so nobody in it can mark a change as urgent'
  const found = (rule: string, what: string, fix: string): Found[] => [
    { severity: required ? 'error' : 'warning', rule, about: team.name, what: `${what}, ${effect}.`, fix },
  ]
  const name = quoted(team.name)
  if (team.kind === 'absent')
    return found(
      'team-missing',
      `The team ${name} in the policy does not exist`,
      `Fix the team's name in ${where}, or create the team.`,
    )
  if (team.kind === 'unreadable')
    return found(
      'team-unreadable',
      `Cannot read the team ${name} (${oneLine(team.why, 200)})`,
      'Make sure that the App has the permission members: read in the organization of the team.',
    )
  if (team.writers > 0) return []
  const members =
    team.members === 0 ? `The team ${name} has no members` : `No member of the team ${name} has write access`
  return found(
    'team-without-writers',
    members,
    'Give the team write access to the repository, or name another team.',
  )
}

/** People who worked on a change cannot approve it, so a change by someone with write access needs one more person. */
function countFindings(writers: number | undefined, approvals: Approvals | undefined, whom: string): Found[] {
  if (!approvals || writers === undefined || writers > approvals.count) return []
  const people = `${writers} ${writers === 1 ? 'person has' : 'people have'} write access`
  const where = whom === 'no pull request' ? 'the policy' : whom.replace('no pull request under ', '')
  const needs = `${where} requires ${approvals.count} ${approvals.count === 1 ? 'approval' : 'approvals'}`
  const fix = 'Give more people write access, or lower `count` of the gate `approvals`.'
  const found = { rule: 'too-few-approvers', about: `${writers} of ${approvals.count}`, fix }
  return writers < approvals.count
    ? [{ ...found, severity: 'error', what: `Only ${people} and ${needs}, so ${whom} can pass.` }]
    : [
        {
          ...found,
          severity: 'warning',
          what: `Only ${people} and ${needs} from people who did not work on the change, so their own pull requests cannot pass.`,
        },
      ]
}
