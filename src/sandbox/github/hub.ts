import type { By, SandboxClock } from './context.ts'
import { notFound } from './problems.ts'
import type { PullIssue, Repository } from './repository-state.ts'
import { type Account, type AppRecord, ghost, type Installation, type World } from './world.ts'

/** What every module of the sandbox's GitHub works with. */
export type Hub = {
  /** API root without a slash at the end. */
  url: string
  world: World
  clock: SandboxClock
  /** The folder that holds the bare repositories. */
  folder: string
  /** The App under test. */
  appId: number
  /** Sends a webhook to the App under test. */
  deliver(event: string, payload: Record<string, unknown>): void
  /** One change of a repository at a time, in the order of asking. */
  exclusive<T>(repository: Repository, task: () => Promise<T>): Promise<T>
  /** Work that GitHub does after answering, such as auto-merge; `settled` waits for it. */
  later(repository: Repository, task: () => Promise<void>): void
  settled(): Promise<void>
  revokeInstallation(installationId: number): void
  background: Background
}

/**
 * What GitHub starts automatically when something changed. It stands here, and not in calls from file to file, since its
 * own work (a merge, a closed pull request) starts it again. Each ends before `settled` does.
 */
export type Background = {
  /** Auto-merge of a pull request checks again. */
  autoMerge(repository: Repository, issue: PullIssue): void
  /** A merge queue rebuilds its groups; with `leaving`, without that pull request. */
  rebuildQueue(repository: Repository, branch: string, leaver?: Leaver): void
}

export type Leaver = { leaving: number; by: By }

/** Queues each repository's changes and keeps count of the work that is still to come. */
export function createTurns(): Pick<Hub, 'exclusive' | 'later' | 'settled'> {
  const tails = new Map<number, Promise<unknown>>()
  const pending = new Set<Promise<unknown>>()
  const failures: unknown[] = []
  const exclusive = <T>(repository: Repository, task: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(repository.id) ?? Promise.resolve()).then(task, task)
    const tail = turn.catch(() => undefined)
    tails.set(repository.id, tail)
    return turn
  }
  return {
    exclusive,
    later(repository, task) {
      const work: Promise<unknown> = exclusive(repository, task)
        .catch((error: unknown) => failures.push(error))
        .finally(() => pending.delete(work))
      pending.add(work)
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending)
      const failure = failures.shift()
      if (failure) throw failure
    },
  }
}

/** GitHub's times: UTC to the second. */
export function isoTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}
export function isoTimeOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at)
}

export function accountById(hub: Hub, id: number): Account {
  const found = hub.world.accounts.get(id) ?? hub.world.accounts.get(ghost.id)
  if (!found) throw new Error(`No account ${id}`)
  return found
}

/** A living account by its login, whatever the case; undefined when unknown, renamed away or deleted. */
export function accountByLogin(hub: Hub, login: string): Account | undefined {
  const wanted = login.toLowerCase()
  for (const account of hub.world.accounts.values()) {
    if (!account.deleted && account.login.toLowerCase() === wanted) return account
  }
  return undefined
}

export function requireAccount(hub: Hub, login: string): Account {
  const found = accountByLogin(hub, login)
  if (!found) throw notFound()
  return found
}

export function repositoryByName(hub: Hub, owner: string, name: string): Repository | undefined {
  const account = accountByLogin(hub, owner)
  if (!account) return undefined
  const wanted = name.toLowerCase()
  for (const repository of hub.world.repositories.values()) {
    if (repository.ownerId === account.id && repository.name.toLowerCase() === wanted) return repository
  }
  return undefined
}

export function fullName(hub: Hub, repository: Repository): string {
  return `${accountById(hub, repository.ownerId).login}/${repository.name}`
}

export function appById(hub: Hub, id: number): AppRecord {
  const found = hub.world.apps.find((app) => app.id === id)
  if (!found) throw new Error(`No app ${id}`)
  return found
}

/** The installation through which an app may see a repository, suspended ones left out. */
export function installationFor(hub: Hub, appId: number, repository: Repository): Installation | undefined {
  return hub.world.installations.find(
    (installation) =>
      installation.appId === appId && installation.suspendedAt === null && covers(installation, repository),
  )
}

export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.accountId !== repository.ownerId) return false
  return installation.repositories === 'all' || installation.repositories.has(repository.id)
}

/** The id that an App has in sign-ins. */
export function clientIdOf(appId: number): string {
  return `Iv1.${appId}`
}
