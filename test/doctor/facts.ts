import type { Facts, InstallationFacts, ReadRepository } from '../../src/doctor/facts.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import type { Ruleset, Source } from '../../src/services/github/enforcement/sources.ts'
import type { Branch } from '../../src/services/github/enforcement.ts'

export const APP = 4001
export const CHECK = 'Release gate'

/** A ruleset that binds a branch as it should be: the check is pinned and nobody goes round it. */
export function aSource(overrides: Partial<Source> = {}): Source {
  return {
    kind: 'ruleset',
    id: 'ruleset 7',
    name: 'Release gate',
    checks: [{ name: CHECK, appId: APP }],
    strict: false,
    bypass: [],
    pullRequired: true,
    approvals: 0,
    dismissStale: false,
    queue: null,
    refusesForcePush: true,
    refusesDeletion: true,
    ...overrides,
  }
}

export function aClassic(overrides: Partial<Source> = {}): Source {
  return aSource({ kind: 'classic', id: 'protection of main', name: null, ...overrides })
}

export function aBranch(sources: Source[], name = 'main', covered = true): Branch {
  return { name, covered, state: { readable: true, sources } }
}

export function aRuleset(overrides: Partial<Ruleset> = {}): Ruleset {
  return {
    id: 7,
    name: 'Release gate',
    owner: 'Repository',
    enforcement: 'active',
    include: ['~DEFAULT_BRANCH'],
    exclude: [],
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          do_not_enforce_on_create: true,
          required_status_checks: [{ context: CHECK, integration_id: APP }],
        },
      },
    ],
    bypass: [],
    ...overrides,
  }
}

export function aPolicy(text = 'gates:\n  approvals: {}\n  release_window: {}\n'): ReadRepository['policy'] {
  const result = parsePolicy(text)
  return result.ok
    ? { kind: 'valid', policy: result.policy, where: '.github/release-gate.yml' }
    : {
        kind: 'invalid',
        where: '.github/release-gate.yml',
        problems: result.problems.map(({ message }) => message),
      }
}

export type RepositoryOverrides = Partial<Omit<ReadRepository, 'enforcement'>> &
  Partial<ReadRepository['enforcement']>

/** A repository where all is well. */
export function aRepository(overrides: RepositoryOverrides = {}): ReadRepository {
  const { branches = [aBranch([aSource()])], unread = 0, rulesets = [], ...rest } = overrides
  return {
    kind: 'read',
    name: 'acme/shop',
    defaultBranch: 'main',
    policy: aPolicy(),
    enforcement: { branches, unread, rulesets },
    labels: ['urgent', 'release', 'hold'],
    approvers: { writers: 5, teams: [] },
    ...rest,
  }
}

const permissions = { checks: 'write', contents: 'read' }
const events = ['merge_group', 'pull_request']

export function anInstallation(overrides: Partial<InstallationFacts> = {}): InstallationFacts {
  return {
    account: 'acme',
    page: 'https://github.com/organizations/acme/settings/installations/1',
    suspended: false,
    served: true,
    permissions,
    events,
    ...overrides,
  }
}

/** Facts of a world where all is well. */
export function someFacts(overrides: Partial<Facts> & { has?: Partial<Facts['app']['has']> } = {}): Facts {
  const { has, ...rest } = overrides
  return {
    app: {
      id: APP,
      slug: 'release-gate',
      asks: {
        permissions: [
          { name: 'checks', level: 'write', reason: 'the check' },
          { name: 'contents', level: 'read', reason: 'the policy file' },
        ],
        events: [
          { name: 'merge_group', level: 'on', reason: 'the merge queue asks for its checks' },
          { name: 'pull_request', level: 'on', reason: '' },
        ],
      },
      has: { permissions, events, ...has },
    },
    installations: [anInstallation()],
    repositories: [aRepository()],
    probes: [],
    ...rest,
  }
}
