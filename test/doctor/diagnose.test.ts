import { describe, expect, it } from 'vitest'
import { diagnose, isDrift } from '../../src/doctor/diagnose.ts'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import type { Facts, RepositoryFacts } from '../../src/doctor/facts.ts'
import type { TeamFacts } from '../../src/services/github/approver-pool.ts'
import type { Bypass } from '../../src/services/github/enforcement/bypass.ts'
import {
  APP,
  aBranch,
  aClassic,
  anInstallation,
  aPolicy,
  aRepository,
  aRuleset,
  aSource,
  CHECK,
  type RepositoryOverrides,
  someFacts,
} from './facts.ts'

const of = (rule: string, facts: Facts): Diagnosis[] => diagnose(facts).filter((one) => one.rule === rule)
const shop = (overrides: RepositoryOverrides) => someFacts({ repositories: [aRepository(overrides)] })
const onMain = (...sources: Parameters<typeof aBranch>[0]) => shop({ branches: [aBranch(sources)] })
const by = (who: string, mode: Bypass['mode'], reach: Bypass['reach'] = 'chosen') => ({ who, mode, reach })

const requiresTeam = 'gates: { approvals: { teams: [operations] } }\n'
const urgentBy = 'gates: { release_window: { urgent: { labelled_by: [operations] } } }\n'

const overriding = (gates: string, when = 'paths: ["pay/**"]') =>
  `gates: { approvals: {}, release_window: {} }\noverrides: [{ name: payments, when: { ${when} }, gates: { ${gates} } }]\n`

type TeamOverrides = TeamFacts extends infer Team
  ? Team extends { name: string }
    ? Omit<Team, 'name'>
    : never
  : never
const withTeam = (team: TeamOverrides, policy = requiresTeam) =>
  shop({
    policy: aPolicy(policy),
    approvers: { writers: 5, teams: [{ name: 'operations', ...team } as TeamFacts] },
  })

describe('a world where all is well', () => {
  it('has no drift, says that the check is required and pinned, and leaves nothing unknown', () => {
    const found = diagnose(someFacts())
    expect(found.filter((one) => one.severity !== 'information')).toEqual([])
    expect(found.map(({ rule }) => rule)).toContain('check-required')
  })
})

type Row = {
  sentence: string
  rule: string
  severity: Diagnosis['severity']
  drifted: Facts
  /** The same but for the drift; by default the world where all is well. */
  well?: Facts
  says: string | RegExp
}

const table: Row[] = [
  {
    sentence: 'a covered branch that does not require the check, a policy without a required check',
    rule: 'check-not-required',
    severity: 'error',
    drifted: onMain(),
    says: 'main does not require "Release gate", so pull requests can be merged without it.',
  },
  {
    sentence: 'a ruleset that asks for the check and is only evaluated',
    rule: 'check-not-required',
    severity: 'error',
    drifted: shop({
      branches: [aBranch([])],
      rulesets: [aRuleset({ name: 'Try', enforcement: 'evaluate' })],
    }),
    says: 'The ruleset "Try" requires it but is in evaluate mode.',
  },
  {
    sentence: 'a ruleset that asks for the check and is disabled',
    rule: 'check-not-required',
    severity: 'error',
    drifted: shop({ branches: [aBranch([])], rulesets: [aRuleset({ enforcement: 'disabled' })] }),
    says: 'requires it but is disabled.',
  },
  {
    sentence: 'a check of nearly the same name is another check',
    rule: 'check-not-required',
    severity: 'error',
    drifted: onMain(aSource({ checks: [{ name: 'release-gate', appId: APP }] })),
    says: 'It requires "release-gate", which is a different name.',
  },
  {
    sentence: 'an unpinned check in a ruleset: anyone with write access can forge it',
    rule: 'check-unpinned',
    severity: 'error',
    drifted: onMain(aSource({ checks: [{ name: CHECK, appId: null }] })),
    says: 'the ruleset "Release gate" accepts "Release gate" from any source, so anyone with write access can post a green one.',
  },
  {
    sentence: 'an unpinned check in classic branch protection',
    rule: 'check-unpinned',
    severity: 'error',
    drifted: onMain(aClassic({ checks: [{ name: CHECK, appId: null }] })),
    well: onMain(aClassic()),
    says: 'the protection of main accepts',
  },
  {
    sentence: 'an unpinned check next to a pinned one is not a vulnerability',
    rule: 'check-unpinned',
    severity: 'error',
    drifted: onMain(aSource({ checks: [{ name: CHECK, appId: null }] }), aClassic({ checks: [] })),
    well: onMain(aSource({ checks: [{ name: CHECK, appId: null }] }), aClassic()),
    says: 'from any source',
  },
  {
    sentence: 'a check pinned to another App',
    rule: 'check-of-another-app',
    severity: 'error',
    drifted: onMain(aSource({ checks: [{ name: CHECK, appId: 99 }] })),
    says: 'from App 99, but this is App 4001, so no pull request can be merged.',
  },
  {
    sentence: 'a second covered branch that does not require the check',
    rule: 'check-not-required',
    severity: 'error',
    drifted: shop({ branches: [aBranch([aSource()]), aBranch([], 'release/1')] }),
    well: shop({ branches: [aBranch([aSource()]), aBranch([aSource()], 'release/1')] }),
    says: 'release/1 does not require',
  },
  {
    sentence: 'a required check on a branch that the policy does not cover',
    rule: 'check-required-uncovered',
    severity: 'error',
    drifted: shop({ branches: [aBranch([aSource()]), aBranch([aSource()], 'develop', false)] }),
    well: shop({ branches: [aBranch([aSource()]), aBranch([], 'develop', false)] }),
    says: 'On develop, the ruleset "Release gate" requires "Release gate", but the policy does not cover',
  },
  {
    sentence: 'a bypass list that may not be read is said to be so',
    rule: 'bypass-hidden',
    severity: 'unknown',
    drifted: onMain(aSource({ bypass: 'hidden' })),
    says: 'GitHub shows the bypass list only to people who can edit the ruleset.',
  },
  {
    sentence: 'an exempt bypass leaves no trace',
    rule: 'bypass-exempt',
    severity: 'error',
    drifted: onMain(aSource({ bypass: [by('the team acme/ops', 'exempt')] })),
    well: onMain(aSource({ bypass: [by('the team acme/ops', 'pull_request')] })),
    says: 'The team acme/ops can bypass the ruleset "Release gate" without a trace ("Exempt")',
  },
  {
    sentence: 'a kind of actor that GitHub has added since is unknown, and said to be so',
    rule: 'bypass-unknown',
    severity: 'unknown',
    drifted: onMain(aSource({ bypass: [by('PlanetOwner 3', 'always', 'unknown')] })),
    well: onMain(aSource({ bypass: [] })),
    says: 'PlanetOwner 3 can bypass the ruleset "Release gate" in a way that this version does not know',
  },
  {
    sentence: 'a way to bypass that GitHub has added since is unknown, though its people are not',
    rule: 'bypass-unknown',
    severity: 'unknown',
    drifted: onMain(aSource({ bypass: [by('@ada', 'unknown')] })),
    well: onMain(aSource({ bypass: [by('@ada', 'pull_request')] })),
    says: '@ada can bypass the ruleset "Release gate" in a way that this version does not know',
  },
  {
    sentence: 'everyone with write access may bypass',
    rule: 'bypass-writers',
    severity: 'error',
    drifted: onMain(aSource({ bypass: [by('everyone with write access', 'pull_request', 'writers')] })),
    says: 'so the gate is not enforced.',
  },
  {
    sentence: 'chosen people may always bypass',
    rule: 'bypass-always',
    severity: 'warning',
    drifted: onMain(aSource({ bypass: [by('@ada', 'always'), by('@bob', 'always')] })),
    well: onMain(aSource({ bypass: [by('@ada', 'pull_request')] })),
    says: '@ada and @bob can always bypass the ruleset "Release gate", even by pushing without a pull request.',
  },
  {
    sentence: 'administrators pass classic protection over',
    rule: 'bypass-always',
    severity: 'warning',
    drifted: onMain(
      aClassic({ bypass: [by('administrators of the repository', 'always', 'administrators')] }),
    ),
    well: onMain(aClassic()),
    says: 'Administrators of the repository can always bypass the protection of main',
  },
  {
    sentence: 'a bypass through pull requests is reported, and no drift',
    rule: 'bypass-pull-request',
    severity: 'information',
    drifted: onMain(
      aSource({ bypass: [by('owners of the organization', 'pull_request', 'administrators')] }),
    ),
    says: 'Such a merge is recorded as an exception.',
  },
  {
    sentence:
      'a bypass of one rule opens nothing where another requires the same and nobody may pass that over',
    rule: 'bypass-always',
    severity: 'information',
    drifted: onMain(aSource({ bypass: [by('@ada', 'always')] }), aClassic()),
    well: onMain(aSource(), aClassic()),
    says: '@ada can always bypass',
  },
  {
    sentence: 'a merge queue set to HEADGREEN merges red members',
    rule: 'queue-headgreen',
    severity: 'error',
    drifted: onMain(aSource({ queue: { grouping: 'HEADGREEN' } })),
    well: onMain(aSource({ queue: { grouping: 'ALLGREEN' } })),
    says: 'only checks the head of a group (HEADGREEN)',
  },
  {
    sentence: 'a merge queue that is on',
    rule: 'queue-on',
    severity: 'information',
    drifted: onMain(aSource({ queue: { grouping: 'ALLGREEN' } })),
    says: 'main has a merge queue',
  },
  {
    sentence: 'a merge queue that is off',
    rule: 'queue-off',
    severity: 'information',
    drifted: onMain(aSource()),
    well: onMain(aSource({ queue: { grouping: 'ALLGREEN' } })),
    says: 'main has no merge queue.',
  },
  {
    sentence: 'a branch that can be pushed to without a pull request',
    rule: 'pull-request-not-required',
    severity: 'warning',
    drifted: onMain(aSource({ pullRequired: false })),
    says: 'a commit with a green check can be pushed to it at any time.',
  },
  {
    sentence: 'a branch that can be force-pushed',
    rule: 'force-push-allowed',
    severity: 'warning',
    drifted: onMain(aSource({ refusesForcePush: false })),
    says: 'can be force-pushed',
  },
  {
    sentence: 'a branch that can be deleted',
    rule: 'deletion-allowed',
    severity: 'warning',
    drifted: onMain(aSource({ refusesDeletion: false })),
    says: 'can be deleted',
  },
  {
    sentence: 'strict up-to-date is only information',
    rule: 'up-to-date-on',
    severity: 'information',
    drifted: onMain(aSource({ strict: true })),
    says: 'must be up to date',
  },
  {
    sentence: 'GitHub dismisses approvals that the gate would keep',
    rule: 'dismisses-stale-approvals',
    severity: 'information',
    drifted: onMain(aSource({ dismissStale: true })),
    well: shop({
      branches: [aBranch([aSource({ dismissStale: true })])],
      policy: aPolicy('gates:\n  release_window: {}\n'),
    }),
    says: 'GitHub dismisses approvals on every push',
  },
  {
    sentence: 'GitHub requires more approvals than the policy',
    rule: 'asks-more-approvals',
    severity: 'information',
    drifted: onMain(aSource({ approvals: 3 })),
    well: onMain(aSource({ approvals: 2 })),
    says: 'GitHub requires 3 approvals on main and the policy requires 2',
  },
  {
    sentence: 'rules that may not be read are never taken for good ones',
    rule: 'branch-unreadable',
    severity: 'error',
    drifted: shop({
      branches: [{ name: 'main', covered: true, state: { readable: false, why: 'Upgrade to GitHub Pro' } }],
    }),
    says: 'Cannot read whether main requires the check: Upgrade to GitHub Pro',
  },
  {
    sentence: 'branches beyond those that are read are counted',
    rule: 'branches-left-out',
    severity: 'warning',
    drifted: shop({ unread: 12 }),
    says: '12 more branches',
  },
  {
    sentence: 'a required check without a policy blocks everything, on a branch',
    rule: 'required-without-policy',
    severity: 'error',
    drifted: shop({ policy: { kind: 'none' } }),
    says: '"Release gate" is required on main, but there is no policy, so the check is never published and nothing can be merged.',
  },
  {
    sentence: 'a required check without a policy blocks everything, by a ruleset on other branches',
    rule: 'required-without-policy',
    severity: 'error',
    drifted: shop({ policy: { kind: 'none' }, branches: [aBranch([])], rulesets: [aRuleset()] }),
    well: shop({
      policy: { kind: 'none' },
      branches: [aBranch([])],
      rulesets: [aRuleset({ enforcement: 'disabled' })],
    }),
    says: 'is required by the ruleset "Release gate"',
  },
  {
    sentence: 'no policy and no required check: not covered, and no drift',
    rule: 'no-policy',
    severity: 'information',
    drifted: shop({ policy: { kind: 'none' }, branches: [aBranch([])], labels: [] }),
    says: 'the gate does not cover it.',
  },
  {
    sentence: 'an invalid policy',
    rule: 'policy-invalid',
    severity: 'error',
    drifted: shop({ policy: aPolicy('gates:\n  aprovals: {}\n') }),
    says: 'aprovals',
  },
  {
    sentence: 'a policy that names no gate',
    rule: 'policy-empty',
    severity: 'error',
    drifted: shop({ policy: aPolicy('gates: {}\n') }),
    says: 'enables no gate, so nothing can pass.',
  },
  {
    sentence: 'a label that is missing',
    rule: 'label-missing',
    severity: 'warning',
    drifted: shop({ labels: ['urgent', 'release'] }),
    well: shop({ labels: ['Urgent', 'RELEASE', 'hold'] }),
    says: 'The label "hold" is missing.',
  },
  {
    sentence: 'the urgent label by the name that the policy gives it',
    rule: 'label-missing',
    severity: 'warning',
    drifted: shop({ policy: aPolicy('gates:\n  release_window:\n    urgent: { label: Hotfix }\n') }),
    well: shop({
      policy: aPolicy('gates:\n  release_window:\n    urgent: { label: Hotfix }\n'),
      labels: ['hotfix', 'release', 'hold'],
    }),
    says: 'The label "Hotfix" is missing.',
  },
  {
    sentence: 'a permission that the App lacks',
    rule: 'app-permission-lacking',
    severity: 'error',
    drifted: someFacts({ has: { permissions: { checks: 'read', contents: 'read' } } }),
    says: 'does not have the permission checks: write. It is needed for: the check.',
  },
  {
    sentence: 'an event that the App lacks',
    rule: 'app-event-lacking',
    severity: 'error',
    drifted: someFacts({ has: { events: ['pull_request'] } }),
    says: 'is not subscribed to the event merge_group. It is needed for: the merge queue asks for its checks.',
  },
  {
    sentence: 'more permission than the App uses',
    rule: 'app-permission-excess',
    severity: 'warning',
    drifted: someFacts({ has: { permissions: { checks: 'write', contents: 'write', workflows: 'write' } } }),
    says: 'contents: write and workflows: write',
  },
  {
    sentence: 'an account that has not accepted a new permission',
    rule: 'installation-lacks',
    severity: 'error',
    drifted: someFacts({ installations: [anInstallation({ permissions: { contents: 'read' } })] }),
    says: 'has not granted everything the App requests. Missing: checks: write.',
  },
  {
    sentence: 'an installation that is suspended',
    rule: 'installation-suspended',
    severity: 'error',
    drifted: someFacts({ installations: [anInstallation({ suspended: true })], repositories: [] }),
    says: 'is suspended',
  },
  {
    sentence: 'an installation that cannot be read',
    rule: 'installation-unreadable',
    severity: 'error',
    drifted: someFacts({ installations: [anInstallation({ unreadable: '502 Bad gateway' })] }),
    says: '502 Bad gateway',
  },
  {
    sentence: 'an account that the bot does not serve',
    rule: 'account-not-served',
    severity: 'information',
    drifted: someFacts({ installations: [anInstallation({ served: false })], repositories: [] }),
    says: 'not in ALLOWED_ACCOUNTS',
  },
  {
    sentence: 'a repository that the App is not installed on',
    rule: 'not-installed',
    severity: 'error',
    drifted: someFacts({ repositories: [{ kind: 'absent', name: 'acme/gone' }] }),
    says: 'not installed on this repository',
  },
  {
    sentence: 'a repository that cannot be read',
    rule: 'repository-unreadable',
    severity: 'error',
    drifted: someFacts({ repositories: [{ kind: 'unreadable', name: 'acme/shop', why: '403 No' }] }),
    says: 'Cannot read whether the gate is enforced: 403 No',
  },
  {
    sentence: 'a database that does not answer',
    rule: 'probe-failed',
    severity: 'error',
    drifted: someFacts({
      probes: [{ name: 'database', state: 'failed', message: 'The database cannot be reached.' }],
    }),
    well: someFacts({ probes: [{ name: 'database', state: 'ok', message: 'The database works.' }] }),
    says: 'cannot be reached',
  },
  {
    sentence: 'a database that cannot be checked from here is not known, and no drift',
    rule: 'probe-unknown',
    severity: 'unknown',
    drifted: someFacts({ probes: [{ name: 'database', state: 'unknown', message: 'Not from here.' }] }),
    says: 'Not from here.',
  },
  {
    sentence: 'a required team that does not exist',
    rule: 'team-missing',
    severity: 'error',
    drifted: withTeam({ kind: 'absent' }),
    well: withTeam({ kind: 'read', members: 3, writers: 1 }),
    says: 'The team "operations" in the policy does not exist, so no pull request can pass.',
  },
  {
    sentence: 'a required team that the App cannot read',
    rule: 'team-unreadable',
    severity: 'error',
    drifted: withTeam({ kind: 'unreadable', why: 'Resource not accessible by integration' }),
    well: withTeam({ kind: 'read', members: 3, writers: 1 }),
    says: 'Cannot read the team "operations" (Resource not accessible by integration), so no pull request can pass.',
  },
  {
    sentence: 'a required team in which nobody has write access',
    rule: 'team-without-writers',
    severity: 'error',
    drifted: withTeam({ kind: 'read', members: 3, writers: 0 }),
    well: withTeam({ kind: 'read', members: 3, writers: 1 }),
    says: 'No member of the team "operations" has write access, so no pull request can pass.',
  },
  {
    sentence: 'a required team without members',
    rule: 'team-without-writers',
    severity: 'error',
    drifted: withTeam({ kind: 'read', members: 0, writers: 0 }),
    well: withTeam({ kind: 'read', members: 1, writers: 1 }),
    says: 'The team "operations" has no members, so no pull request can pass.',
  },
  {
    sentence: 'a team that only an override requires',
    rule: 'team-missing',
    severity: 'error',
    drifted: withTeam({ kind: 'absent' }, overriding('approvals: { teams: [operations] }')),
    well: withTeam(
      { kind: 'read', members: 2, writers: 2 },
      overriding('approvals: { teams: [operations] }'),
    ),
    says: 'The team "operations" in the policy does not exist, so no pull request under the override "payments" can pass.',
  },
  {
    sentence: 'an override that requires more approvals than there are people',
    rule: 'too-few-approvers',
    severity: 'error',
    drifted: shop({ policy: aPolicy(overriding('approvals: { count: 9 }')) }),
    well: shop({ policy: aPolicy(overriding('approvals: { count: 3 }')) }),
    says: 'Only 5 people have write access and the override "payments" requires 9 approvals, so no pull request under the override "payments" can pass.',
  },
  {
    sentence: 'a label of an override that is missing',
    rule: 'label-missing',
    severity: 'warning',
    drifted: shop({
      policy: aPolicy(overriding('hold: { label: stop }', 'labels: [risky]')),
      labels: ['urgent', 'release', 'stop'],
    }),
    well: shop({
      policy: aPolicy(overriding('hold: { label: stop }', 'labels: [risky]')),
      labels: ['urgent', 'release', 'stop', 'Risky'],
    }),
    says: 'The label "risky" is missing.',
  },
  {
    sentence: 'a policy that only reports',
    rule: 'report-only',
    severity: 'information',
    drifted: shop({ policy: aPolicy('enforce: false\ngates: { approvals: {} }\n') }),
    says: 'The policy only reports (`enforce: false`): every check is green, and nothing is blocked.',
  },
  {
    sentence: "a repository of the organization's policy that does not require the check",
    rule: 'organization-policy-not-gated',
    severity: 'error',
    drifted: shop({ name: 'acme/.github', branches: [aBranch([])] }),
    well: shop({ name: 'acme/.github' }),
    says: `The organization's policy can be changed without passing the gate, because main is not known to require "Release gate" from this App.`,
  },
  {
    sentence: "a repository of the organization's policy whose rules cannot be read",
    rule: 'organization-policy-not-gated',
    severity: 'error',
    drifted: shop({
      name: 'acme/.github',
      branches: [{ name: 'main', covered: true, state: { readable: false, why: '403' } }],
    }),
    well: shop({ name: 'acme/.github' }),
    says: 'because main is not known to require',
  },
  {
    sentence: "a repository of the organization's policy where it only reports",
    rule: 'organization-policy-not-gated',
    severity: 'error',
    drifted: shop({ name: 'acme/.github', policy: aPolicy('enforce: false\ngates: { approvals: {} }\n') }),
    well: shop({ policy: aPolicy('enforce: false\ngates: { approvals: {} }\n') }),
    says: 'because its own policy only reports.',
  },
  {
    sentence: 'a setting that the organization locks',
    rule: 'policy-setting-ignored',
    severity: 'warning',
    drifted: shop({ policy: { ...aPolicy(), ignored: ['p.yml:3:5: `approvals`: is locked'] } as never }),
    says: 'A setting has no effect: p.yml:3:5: `approvals`: is locked.',
  },
  {
    sentence: 'a team that may mark as urgent and does not exist',
    rule: 'team-missing',
    severity: 'warning',
    drifted: withTeam({ kind: 'absent' }, urgentBy),
    well: withTeam({ kind: 'read', members: 1, writers: 1 }, urgentBy),
    says: 'does not exist, so nobody in it can mark a change as urgent.',
  },
  {
    sentence: 'fewer people with write access than required approvals',
    rule: 'too-few-approvers',
    severity: 'error',
    drifted: shop({ approvers: { writers: 1, teams: [] } }),
    says: 'Only 1 person has write access and the policy requires 2 approvals, so no pull request can pass.',
  },
  {
    sentence:
      'as many people with write access as required approvals, since nobody approves their own change',
    rule: 'too-few-approvers',
    severity: 'warning',
    drifted: shop({ approvers: { writers: 2, teams: [] } }),
    well: shop({ approvers: { writers: 3, teams: [] } }),
    says: 'Only 2 people have write access and the policy requires 2 approvals from people who did not work on the change',
  },
]

describe('each drift is seen, and not where there is none', () => {
  it.each(table)('$sentence ($rule)', ({ rule, severity, drifted, well = someFacts(), says }) => {
    const [found, ...more] = of(rule, drifted)
    expect(found?.severity).toBe(severity)
    expect(found?.what).toMatch(typeof says === 'string' ? new RegExp(RegExp.escape(says)) : says)
    expect(more).toEqual([])
    expect(of(rule, well).filter((one) => one.severity === severity)).toEqual([])
    if (isDrift({ ...(found as Diagnosis) })) expect(found?.fix).not.toBe('')
  })
})

describe('what is not reported about approvers', () => {
  it.each([
    ['a number of people that cannot be read', shop({ approvers: { writers: undefined, teams: [] } })],
    [
      'few people where the policy requires no approvals',
      shop({ approvers: { writers: 1, teams: [] }, policy: aPolicy('gates: { release_window: {} }\n') }),
    ],
    [
      'anything while the policy is invalid',
      shop({
        approvers: { writers: 0, teams: [{ name: 'x', kind: 'absent' }] },
        policy: aPolicy('gates: 1\n'),
      }),
    ],
  ])('%s', (_, facts) => {
    expect(diagnose(facts).filter(({ rule }) => /^team-|^too-few/.test(rule))).toEqual([])
  })
})

describe('what the doctor tells once', () => {
  it('a bypass list of one ruleset over many branches', () => {
    const hidden = aSource({ bypass: 'hidden' })
    const branches = ['main', 'release/1', 'release/2'].map((name) => aBranch([hidden], name))
    expect(of('bypass-hidden', shop({ branches }))).toHaveLength(1)
  })

  it('a branch without the required check, and nothing about what else it lacks', () => {
    expect(
      diagnose(onMain())
        .filter(isDrift)
        .map(({ rule }) => rule),
    ).toEqual(['check-not-required'])
  })

  it('each rule that can be bypassed, where all that require the check can be', () => {
    const open = [by('@ada', 'always')]
    const found = of('bypass-always', onMain(aSource({ bypass: open }), aClassic({ bypass: open })))
    expect(found.map(({ severity }) => severity)).toEqual(['warning', 'warning'])
  })

  it('a policy that is not valid, and nothing about branches that it may cover', () => {
    const branches = [aBranch([aSource()]), aBranch([aSource()], 'next', false)]
    const facts = shop({ branches, policy: aPolicy('gates: 1\n') })
    expect(
      diagnose(facts)
        .filter(isDrift)
        .map(({ rule }) => rule),
    ).toEqual(['policy-invalid'])
  })

  it('a ruleset that is in force elsewhere is not said to sleep', () => {
    const [found] = of('check-not-required', shop({ branches: [aBranch([])], rulesets: [aRuleset()] }))
    expect(found?.what).not.toContain('requires it but')
  })

  it('a permission that the App itself lacks, and not again for each account', () => {
    const lacking = { checks: 'read', contents: 'read' }
    const facts = someFacts({
      has: { permissions: lacking },
      installations: [anInstallation({ permissions: lacking })],
    })
    expect(
      diagnose(facts)
        .filter(isDrift)
        .map(({ rule }) => rule),
    ).toEqual(['app-permission-lacking'])
  })
})

describe('the order and the text', () => {
  it('the worst findings come first, over all repositories', () => {
    const quiet = aRepository({ name: 'acme/quiet' })
    const open: RepositoryFacts = aRepository({ name: 'acme/open', branches: [aBranch([])], labels: [] })
    const found = diagnose(someFacts({ repositories: [quiet, open] }))
    expect(found[0]).toMatchObject({ repository: 'acme/open', severity: 'error' })
    expect(found.map(({ severity }) => severity)).toEqual(
      [...found.map(({ severity }) => severity)].sort(
        (a, b) => 'ewui'.indexOf(a[0] ?? '') - 'ewui'.indexOf(b[0] ?? ''),
      ),
    )
  })

  it('a name with control characters cannot move the cursor of a terminal', () => {
    const found = diagnose(
      onMain(aSource({ name: 'Gate\u001b[2J\u202e', checks: [{ name: CHECK, appId: null }] })),
    )
    expect(found.map(({ what }) => what).join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})
