import { generateKeyPairSync } from 'node:crypto'
import type { Tokens } from './auth.ts'
import { emitRun } from './checks.ts'
import { type NewPush, pushCommit } from './commit-push.ts'
import type { By } from './context.ts'
import type { NewBranch } from './git-writing.ts'
import { accountById, fullName, type Hub, repositoryByName, requireAccount } from './hub.ts'
import * as installs from './installations.ts'
import { transferIssue } from './issues.ts'
import { dequeue, enqueue } from './merge-queue.ts'
import * as organizations from './organizations.ts'
import * as people from './people.ts'
import { setAutoMerge, setDraft } from './pull-edits.ts'
import { isPull } from './pull-facts.ts'
import * as repositories from './repositories.ts'
import * as changes from './repository-changes.ts'
import type { MergeMethod, Repository, RoleName } from './repository-state.ts'
import { makeWorkingCopy, type WorkingCopy } from './working-copy.ts'
import type { Account, BaseRole } from './world.ts'

export type SandboxUser = { id: number; login: string; email: string | null }
export type SandboxRepository = { id: number; owner: string; name: string; fullName: string; folder: string }
export type OtherApp = {
  id: number
  slug: string
  botId: number
  privateKey: string
  install(account: string): { installationId: number; token: string }
}

/** What a story sets up and does beside the API: the parts of GitHub that have no REST endpoint, or need none. */
export type Stage = ReturnType<typeof createStage>

export function createStage(hub: Hub, tokens: Tokens) {
  return { ...cast(hub, tokens), ...houses(hub), ...installing(hub, tokens), ...acts(hub) }
}

function cast(hub: Hub, tokens: Tokens) {
  const shown = ({ id, login, email }: Account): SandboxUser => ({ id, login, email })
  return {
    addUser: (login: string, options?: people.UserOptions) => shown(people.addUser(hub, login, options)),
    renameUser: (login: string, to: string) => people.renameUser(hub, login, to),
    deleteUser: (login: string) => people.deleteUser(hub, login),
    addOrganization: (login: string, options?: { owners?: string[]; members?: string[] }) =>
      shown(organizations.addOrganization(hub, login, options)),
    renameOrganization: (login: string, to: string) => organizations.renameOrganization(hub, login, to),
    /** Takes a person into an organization, or (`false`) out of it and all of its teams. */
    setOrganizationMember: (org: string, login: string, inside = true) =>
      organizations.setOrganizationMember(hub, org, login, inside),
    addCustomRole: (org: string, name: string, base: BaseRole) =>
      organizations.addCustomRole(hub, org, name, base),
    addTeam(
      org: string,
      slug: string,
      options: { members: string[]; parent?: string },
    ): { id: number; slug: string } {
      const { id } = organizations.addTeam(hub, org, slug, options)
      return { id, slug }
    },
    /** Puts a person into a team, or (`false`) takes them out. */
    setTeamMember: (org: string, slug: string, login: string, inside = true) =>
      organizations.setTeamMember(hub, organizations.findTeam(hub, org, slug), login, inside),
    /** Null takes the team's role away. */
    setTeamRepository(org: string, slug: string, repository: string, role: RoleName | null): void {
      const team = organizations.findTeam(hub, org, slug)
      organizations.setTeamRepository(hub, team, find(hub, repository), role)
    },
    renameTeam: (org: string, slug: string, name: string) =>
      organizations.renameTeam(hub, organizations.findTeam(hub, org, slug), name),
    deleteTeam: (org: string, slug: string) =>
      organizations.deleteTeam(hub, organizations.findTeam(hub, org, slug)),
    /** A personal token, for `@octokit/rest` or curl. */
    tokenFor: (login: string) => tokens.forUser(requireAccount(hub, login)),
  }
}

function houses(hub: Hub) {
  const shown = (repository: Repository): SandboxRepository => ({
    id: repository.id,
    owner: accountById(hub, repository.ownerId).login,
    name: repository.name,
    fullName: fullName(hub, repository),
    folder: repository.git.folder,
  })
  const changing = (name: string, change: (found: Repository, by: By) => void): void => {
    const found = find(hub, name)
    change(found, organizations.byOwner(accountById(hub, found.ownerId)))
  }
  return {
    addRepository: async (params: repositories.NewRepository) =>
      shown(await repositories.addRepository(hub, params)),
    seedBranches: (repository: string, login: string, branches: NewBranch[], base?: string) =>
      repositories.seedBranches(hub, find(hub, repository), login, branches, base),
    copyRepository: (repository: string, names: string[]) =>
      repositories.copyRepository(hub, find(hub, repository), names).map(shown),
    fork: async (repository: string, login: string) =>
      shown(await repositories.forkRepository(hub, find(hub, repository), login)),
    /** Null takes the role away. */
    setCollaborator: (repository: string, login: string, role: RoleName | null) =>
      repositories.setCollaborator(hub, find(hub, repository), login, role),
    collectGarbage: (repository: string) => repositories.collectGarbage(find(hub, repository)),
    renameRepository: (repository: string, name: string) =>
      changing(repository, (found, by) => changes.renameRepository(hub, found, name, by)),
    archiveRepository: (repository: string, archived = true) =>
      changing(repository, (found, by) => changes.changeRepository(hub, found, { archived }, by)),
    transferRepository: (repository: string, owner: string) =>
      changing(repository, (found, by) =>
        changes.transferRepository(hub, found, requireAccount(hub, owner), by),
      ),
    /** The number that the issue has in the other repository. */
    transferIssue(repository: string, number: number, login: string, to: string): number {
      const [from, by] = [find(hub, repository), { userId: requireAccount(hub, login).id, appId: null }]
      const issue = from.issues.get(number)
      if (!issue) throw new Error(`No issue ${repository}#${number}`)
      return transferIssue(hub, from, issue, find(hub, to), by)
    },
    deleteRepository: (repository: string) =>
      changing(repository, (found, by) => changes.deleteRepository(hub, found, by)),
    /** One commit with some files, made and pushed. */
    push: (repository: string, login: string, change: NewPush): Promise<string> =>
      pushCommit(hub, find(hub, repository), requireAccount(hub, login), change),
    workingCopy: (repository: string, login: string): Promise<WorkingCopy> =>
      makeWorkingCopy(hub, find(hub, repository), requireAccount(hub, login)),
  }
}

function installing(hub: Hub, tokens: Tokens) {
  const installation = (id: number) => {
    const found = hub.world.installations.find((one) => one.id === id)
    if (!found) throw new Error(`No installation ${id}`)
    return found
  }
  return {
    installApp(account: string, options: { repositories?: string[] } = {}): { installationId: number } {
      return { installationId: installs.install(hub, hub.appId, account, options.repositories).id }
    },
    changeInstallation: (id: number, action: 'added' | 'removed', names: string[]) =>
      installs.changeRepositories(hub, installation(id), action, names),
    suspendApp(id: number, suspended = true): void {
      tokens.suspendInstallation(id, suspended)
      installs.suspend(hub, installation(id), suspended)
    },
    /** An owner accepts what the App requests again. */
    acceptPermissions: (
      id: number,
      asked: { permissions?: Record<string, 'read' | 'write'>; events?: string[] },
    ) => installs.acceptPermissions(hub, installation(id), asked),
    uninstallApp: (id: number) => installs.uninstall(hub, installation(id)),
    /** A token of the App under test, for tests that act as the App without its process. */
    installationToken: (id: number) => tokens.forInstallation(hub.appId, id).token,
    otherApp: (slug: string) => otherApp(hub, tokens, slug),
  }
}

function otherApp(hub: Hub, tokens: Tokens, slug: string): OtherApp {
  const { id, botId } = installs.registerApp(hub, slug, accountById(hub, 0).id)
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  tokens.addApp(id, keys.publicKey)
  return {
    id,
    slug,
    botId,
    privateKey: keys.privateKey,
    install(account) {
      const installationId = installs.install(hub, id, account).id
      return { installationId, token: tokens.forInstallation(id, installationId).token }
    },
  }
}

/** What people do with buttons of the web pages. `pull` is `owner/name#number`. */
function acts(hub: Hub) {
  const act = async (pull: string, login: string, deed: (found: Found) => Promise<void>) => {
    const [name = '', number] = pull.split('#')
    const repository = find(hub, name)
    const issue = repository.issues.get(Number(number))
    if (!issue || !isPull(issue)) throw new Error(`No pull request ${pull}`)
    const by = { userId: requireAccount(hub, login).id, appId: null }
    await hub.exclusive(repository, () => deed({ repository, issue, by }))
  }
  type Found = {
    repository: Repository
    issue: Parameters<typeof setDraft>[2]
    by: { userId: number; appId: null }
  }
  return {
    markReady: (pull: string, login: string) =>
      act(pull, login, (on) => setDraft(hub, on.repository, on.issue, false, on.by)),
    convertToDraft: (pull: string, login: string) =>
      act(pull, login, (on) => setDraft(hub, on.repository, on.issue, true, on.by)),
    enableAutoMerge: (pull: string, login: string, method: MergeMethod = 'merge') =>
      act(pull, login, ({ repository, issue, by }) =>
        setAutoMerge(hub, repository, issue, { userId: by.userId, method, title: null, message: null }, by),
      ),
    disableAutoMerge: (pull: string, login: string) =>
      act(pull, login, (on) => setAutoMerge(hub, on.repository, on.issue, null, on.by)),
    enqueue: (pull: string, login: string, jump = false) =>
      act(pull, login, (on) => enqueue(hub, on.repository, on.issue, on.by, jump)),
    dequeue: (pull: string, login: string) =>
      act(pull, login, (on) => dequeue(hub, on.repository, on.issue, on.by)),
    /** Presses one of the buttons that a check run offers. */
    requestAction(repository: string, checkRunId: number, identifier: string, login: string): void {
      const found = find(hub, repository)
      const run = [...found.checkRuns.values()].flat().find(({ id }) => id === checkRunId)
      if (!run) throw new Error(`No check run ${checkRunId}`)
      const by = { userId: requireAccount(hub, login).id, appId: null }
      emitRun(hub, found, run, 'requested_action', by, { requested_action: { identifier } })
    },
  }
}

function find(hub: Hub, name: string): Repository {
  const [owner = '', repo = ''] = name.split('/')
  const found = repositoryByName(hub, owner, repo)
  if (!found) throw new Error(`No repository ${name}`)
  return found
}
