import pLimit from 'p-limit'
import { covers } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { combinePolicies } from '../policy/combine-policies.ts'
import { policyPath } from '../policy/policy-file.ts'
import { lostSharedPolicy } from '../policy/shared-policy.ts'
import { readApproverPool } from '../services/github/approver-pool.ts'
import type { GitHub } from '../services/github/client.ts'
import { readEnforcement, readLabels } from '../services/github/enforcement.ts'
import { orAbsent, statusOfError } from '../services/github/errors.ts'
import { isLimit } from '../services/github/limits.ts'
import { readPolicyFiles, sharedPlace } from '../services/github/policy.ts'
import type { KeptShared } from '../store/policies.ts'
import { formatProblem } from '../yaml/yaml-file.ts'
import { readAppManifest } from './app-manifest.ts'
import { teamsOf } from './approver-findings.ts'
import type { Facts, InstallationFacts, PolicyFacts, ReadRepository, RepositoryFacts } from './facts.ts'
import { readIncidentForm } from './incident-form.ts'
import { type Probe, runProbes } from './probes.ts'

/** Where the facts are read. */
export type DoctorClients = {
  /** The client of the App itself. */
  app: GitHub
  installation: (id: number) => Promise<GitHub>
  /** Reads rules and protection in place of the App; only an administrator sees who can bypass them. */
  administrator?: GitHub
  /** Whether the bot serves an account. */
  serves: (account: string) => boolean
  probes: Probe[]
  /** The organization's policy that applied last; left out where the bot's database can't be read. */
  keptShared?: (installationId: number) => Promise<KeptShared | undefined>
  now: () => Date
}

export type RepositoryName = { owner: string; repo: string }

type Installation = {
  id: number
  account: object | null
  html_url: string
  suspended_at: string | null
  permissions: object
  events: string[]
}
type Listed = { name: string; owner: { login: string }; default_branch: string }

/**
 * Reads the input of `diagnose` and writes nothing: about ten requests per repository. Something that cannot be read
 * becomes a fact of its own and does not stop the rest. With `only`, reads one repository and its installation,
 * and the repository of the organization's policy where that applies to it.
 *
 * @throws `retryAfterError` when a rate limit of GitHub is reached, since missing facts must not look like drift.
 */
export async function gather(clients: DoctorClients, only?: RepositoryName): Promise<Facts> {
  const [app, probes] = await Promise.all([
    clients.app.rest.apps.getAuthenticated(),
    runProbes(clients.probes),
  ])
  if (!app.data) throw new Error('GitHub does not recognize the App. Check APP_ID and PRIVATE_KEY.')
  const { id, slug = '', permissions, events } = app.data
  const onServer = app.headers['x-github-enterprise-version'] !== undefined
  const installations = await installationsOf(clients.app, only)
  const read = await Promise.all(installations.map((one) => readInstallation(clients, one, only)))
  const repositories = read.flatMap((one) => one.repositories)
  if (only && repositories.length === 0 && !read.some(({ facts }) => facts.unreadable ?? facts.suspended))
    repositories.push({ kind: 'absent', name: `${only.owner}/${only.repo}` })
  return {
    app: { id, slug, asks: readAppManifest({ onServer }), has: { permissions: plain(permissions), events } },
    installations: read.map(({ facts }) => facts),
    repositories,
    probes,
  }
}

async function installationsOf(app: GitHub, only?: RepositoryName): Promise<Installation[]> {
  if (!only) return app.paginate(app.rest.apps.listInstallations, { per_page: 100 })
  const found = await orAbsent(app.rest.apps.getRepoInstallation(only))
  return found ? [found.data] : []
}

async function readInstallation(
  clients: DoctorClients,
  installation: Installation,
  only?: RepositoryName,
): Promise<{ facts: InstallationFacts; repositories: RepositoryFacts[] }> {
  const { account } = installation
  // An enterprise, which has no login, owns no repository.
  const login = account && 'login' in account ? String(account.login) : `installation ${installation.id}`
  const facts: InstallationFacts = {
    account: login,
    page: installation.html_url,
    suspended: installation.suspended_at !== null,
    served: clients.serves(login),
    permissions: plain(installation.permissions),
    events: installation.events,
  }
  if (facts.suspended || !facts.served) return { facts, repositories: [] }
  try {
    const github = await clients.installation(installation.id)
    const kept = await clients.keptShared?.(installation.id)
    const reader = clients.administrator ?? github
    const limit = pLimit(2)
    const names = await repositoriesOf(github, only)
    const repositories = await Promise.all(
      names.map((one) => limit(() => readOrExplain({ github, reader, kept }, one))),
    )
    const shared = only && repositories.some(isUnderShared) ? await sharedOf(github, only) : []
    const theirs = await Promise.all(shared.map((one) => readOrExplain({ github, reader, kept }, one)))
    return { facts, repositories: [...repositories, ...theirs] }
  } catch (error) {
    return { facts: { ...facts, unreadable: problemOf(error) }, repositories: [] }
  }
}

async function repositoriesOf(github: GitHub, only?: RepositoryName): Promise<Listed[]> {
  if (only) return [(await github.rest.repos.get(only)).data]
  const all = await github.paginate(github.rest.apps.listReposAccessibleToInstallation, { per_page: 100 })
  return all.filter(({ archived, disabled }) => !archived && !disabled)
}

function isUnderShared(one: RepositoryFacts): boolean {
  return one.kind === 'read' && one.policy.kind !== 'none' && one.policy.shared === true
}

/** The repository of the organization's policy: whoever can change that decides on every other one. */
async function sharedOf(github: GitHub, { owner }: RepositoryName): Promise<Listed[]> {
  const found = await orAbsent(github.rest.repos.get({ owner, repo: '.github' }))
  return found ? [found.data] : []
}

type Reading = { github: GitHub; reader: GitHub; kept: KeptShared | undefined }

async function readOrExplain(reading: Reading, listed: Listed): Promise<RepositoryFacts> {
  const name = `${listed.owner.login}/${listed.name}`
  try {
    return await readRepository(reading, listed)
  } catch (error) {
    return { kind: 'unreadable', name, why: problemOf(error) }
  }
}

/** Reads the policy, labels and approvers as the App sees them; rules and protection with `reader`. */
async function readRepository(
  { github, reader, kept }: Reading,
  { name, owner, default_branch: defaultBranch }: Listed,
): Promise<ReadRepository> {
  const repository = { owner: owner.login, repo: name }
  const policy = await readPolicy(github, repository, kept)
  const covered =
    policy.kind === 'valid'
      ? { covers: (branch: string) => covers(policy.policy, branch, defaultBranch) }
      : {}
  const teams = policy.kind === 'valid' ? teamsOf(policy.policy) : []
  const [enforcement, labels, approvers, incidentForm] = await Promise.all([
    readEnforcement(reader, repository, { defaultBranch, ...covered }),
    readLabels(github, repository),
    readApproverPool(github, repository, teams),
    policy.kind === 'valid' ? readIncidentForm(github, policy.policy) : undefined,
  ])
  return {
    kind: 'read',
    name: `${owner.login}/${name}`,
    defaultBranch,
    policy,
    enforcement,
    labels,
    approvers,
    ...(incidentForm && { incidentForm }),
  }
}

async function readPolicy(
  github: GitHub,
  repository: RepositoryName,
  kept: KeptShared | undefined,
): Promise<PolicyFacts> {
  const read = await readPolicyFiles(github, repository, policyPath)
  const combined = combinePolicies(read)
  if (!combined) return { kind: 'none' }
  const { owner, repo } = repository
  const loss = isSharedRepository(repo) ? undefined : await lostSharedPolicy(github, owner, kept, read.shared)
  if (loss) return { kind: 'lost', where: sharedPlace(owner, policyPath), loss, shared: true }
  const { file, files, result, ignored } = combined
  const facts = { where: file.where, shared: files.shared !== undefined }
  return result.ok
    ? { kind: 'valid', policy: result.policy, ignored: ignored.map(formatProblem), ...facts }
    : { kind: 'invalid', problems: result.problems.map(formatProblem), ...facts }
}

function plain(permissions: object): Record<string, string> {
  return Object.fromEntries(Object.entries(permissions).map(([name, level]) => [name, String(level)]))
}

/** The problem as text. Rethrows a rate limit. */
function problemOf(error: unknown): string {
  if (isLimit(error)) throw error
  const status = statusOfError(error)
  const message = error instanceof Error ? error.message : String(error)
  return status === undefined ? message : `${status} ${message}`
}
