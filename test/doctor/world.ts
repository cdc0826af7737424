import { once } from 'node:events'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { diagnose } from '../../src/doctor/diagnose.ts'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import type { Facts, ReadRepository } from '../../src/doctor/facts.ts'
import { type DoctorClients, gather, type RepositoryName } from '../../src/doctor/gather.ts'
import { createAppProbot } from '../../src/services/github/app-client.ts'
import type { Source } from '../../src/services/github/enforcement/sources.ts'
import type { Branch } from '../../src/services/github/enforcement.ts'
import { personClient } from '../../src/services/github/person-client.ts'
import { buildHouse, type House } from '../sandbox/github/house.ts'

export const policy = 'branches: [main, "release/*"]\ngates:\n  approvals: {}\n  release_window: {}\n'

/** A sandbox with `acme/shop` under a policy, and the App with everything that `app.yml` asks for. */
export async function aWorld(files: Record<string, string> = { '.github/release-gate.yml': policy }) {
  const house = await buildHouse({ 'README.md': '# Shop\n', ...files })
  const { github } = house
  const { id, privateKey, webhookSecret } = github.app
  const settings = { appId: id, privateKey, webhookSecrets: [webhookSecret], apiUrl: github.url }
  const now = () => new Date(house.clock.now)
  const probot = createAppProbot(settings, pino({ level: 'silent' }), { now })
  const outside: DoctorClients = {
    app: await probot.auth(),
    installation: (installationId) => probot.auth(installationId),
    serves: () => true,
    probes: [],
    now,
  }
  const read = (overrides: Partial<DoctorClients> = {}, only?: RepositoryName): Promise<Facts> =>
    gather({ ...outside, ...overrides }, only)
  const person = (login: string) => ({ administrator: personClient(github.url, github.tokenFor(login)) })
  return {
    ...house,
    outside,
    read,
    person,
    diagnose: async (overrides: Partial<DoctorClients> = {}): Promise<Diagnosis[]> =>
      diagnose(await read(overrides)),
  }
}

/** An address of this machine at which nobody listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return `http://127.0.0.1:${address.port}`
}

export type World = Awaited<ReturnType<typeof aWorld>>

/** A ruleset as a person makes it: the check pinned to the App, on the default branch. */
export function rulesetBody({ github }: Pick<House, 'github'>, overrides: object = {}) {
  return {
    name: 'Main',
    enforcement: 'active' as const,
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [requiredCheck(github.app.id)],
    ...overrides,
  }
}

export function requiredCheck(appId?: number, settings: object = {}) {
  const check = { context: 'Release gate', ...(appId === undefined ? {} : { integration_id: appId }) }
  return {
    type: 'required_status_checks' as const,
    parameters: {
      strict_required_status_checks_policy: false,
      required_status_checks: [check],
      ...settings,
    },
  }
}

export function shopOf(facts: Facts): ReadRepository {
  const shop = facts.repositories.find(({ name }) => name === 'acme/shop')
  if (shop?.kind !== 'read') throw new Error(`acme/shop was not read: ${JSON.stringify(shop)}`)
  return shop
}

export function sourcesOf({ enforcement }: ReadRepository, branch = 'main'): Source[] {
  const found = enforcement.branches.find(({ name }) => name === branch)
  if (!found?.state.readable) throw new Error(`${branch} was not read: ${JSON.stringify(found)}`)
  return found.state.sources
}

export const namesOf = (branches: Branch[], covered: boolean) =>
  branches.filter((branch) => branch.covered === covered).map(({ name }) => name)
