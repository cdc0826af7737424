import type { Repository, RoleName } from './repository-state.ts'
import type { Ruleset } from './rule-types.ts'

/** Everything that the sandbox's GitHub remembers beside git: plain data, changed only by the modules in this folder. */
export type World = {
  accounts: Map<number, Account>
  teams: Team[]
  repositories: Map<number, Repository>
  apps: AppRecord[]
  installations: Installation[]
  organizationRulesets: Map<number, Ruleset[]>
  customRoles: Map<number, Map<string, BaseRole>>
  nextId: (kind: string) => number
}

export type BaseRole = 'admin' | 'maintain' | 'write' | 'triage' | 'read'
export type Account = {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization'
  name: string | null
  email: string | null
  createdAt: number
  deleted: boolean
  /** Organizations only: ids of members and of owners. */
  members: Set<number>
  owners: Set<number>
}

export type Team = {
  id: number
  organizationId: number
  slug: string
  name: string
  parentId: number | null
  members: Map<number, 'member' | 'maintainer'>
  repositories: Map<number, RoleName>
}

export type AppRecord = {
  id: number
  slug: string
  name: string
  ownerId: number
  botId: number
  permissions: Record<string, 'read' | 'write'>
  events: string[]
  createdAt: number
}

export type Installation = {
  id: number
  appId: number
  accountId: number
  /** Ids of the repositories, or all of the account's. */
  repositories: Set<number> | 'all'
  suspendedAt: number | null
  createdAt: number
}

/** GitHub's own account for work done in the browser: the committer of merges, never a person. */
export const webFlow = { id: 19_864_447, login: 'web-flow', name: 'GitHub', email: 'noreply@github.com' }
/** Stands in where an account was deleted. */
export const ghost = { id: 10_137, login: 'ghost' }

export function createWorld(now: number): World {
  const counters = new Map<string, number>()
  const nextId = (kind: string) => {
    const next = (counters.get(kind) ?? firstIds[kind] ?? 1000) + 1
    counters.set(kind, next)
    return next
  }
  const world: World = {
    accounts: new Map(),
    teams: [],
    repositories: new Map(),
    apps: [],
    installations: [],
    organizationRulesets: new Map(),
    customRoles: new Map(),
    nextId,
  }
  for (const account of [webFlow, { ...ghost, name: 'Deleted user', email: null }]) {
    world.accounts.set(account.id, anAccount({ ...account, type: 'User', createdAt: now }))
  }
  return world
}

/** Kinds count from different numbers, so that an id taken for another kind's is noticed. */
const firstIds: Record<string, number> = {
  account: 1000,
  team: 20_000,
  repository: 300_000,
  app: 4000,
  installation: 50_000,
  pull: 600_000,
  issue: 700_000,
  review: 8_000_000,
  checkRun: 90_000_000,
  checkSuite: 10_000_000,
  event: 11_000_000,
}

export function anAccount(
  fields: Pick<Account, 'id' | 'login' | 'type' | 'name' | 'email' | 'createdAt'>,
): Account {
  return { ...fields, deleted: false, members: new Set(), owners: new Set() }
}
