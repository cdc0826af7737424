import { type Policy, policySchema } from '../../src/decision/policy.ts'
import type { PullRef, Snapshot } from '../../src/decision/snapshot.ts'
import { decide, type GateFinding } from '../../src/decision/verdict.ts'
import type { RoleName } from '../../src/sandbox/github/repository-state.ts'
import { type SandboxGitHub, startGitHub } from '../../src/sandbox/github/start.ts'
import { GateOctokit, type GitHub } from '../../src/services/github/client.ts'
import { conditionalFetch } from '../../src/services/github/conditional-fetch.ts'
import { readSnapshot, type Wanted } from '../../src/services/github/snapshot.ts'
import type { FactStore } from '../../src/store/facts.ts'
import { client } from '../sandbox/github/house.ts'
import { answerWithoutSockets } from './without-sockets.ts'

/** The sandbox's GitHub read as the bot reads it, without the bot's process: `readSnapshot`, then `decide`. */
export type Desk = Awaited<ReturnType<typeof aDesk>>
export type Shop = Awaited<ReturnType<typeof openShop>>
export type Pull = { number: number; branch: string; base: string; sha: string }
export type Judgement = GateFinding & { snapshot: Snapshot; text: string }
export type Files = Record<string, string | Buffer>

/** ana and ben write, chloe, dev and eva review, mia maintains, tim may triage, rob may read, olga owns the organisation. */
const staff: Record<string, RoleName> = {
  ana: 'write',
  ben: 'write',
  chloe: 'write',
  dev: 'write',
  eva: 'write',
  mia: 'maintain',
  tim: 'triage',
  rob: 'read',
}

const start = Date.parse('2026-11-24T22:00:00Z')

/** No two desks of a process share a name: the code under test may remember what it read of a repository. */
let count = 0

export async function aDesk() {
  const clock = { time: start }
  const github = await startGitHub({ clock: () => clock.time })
  const useSockets = answerWithoutSockets(github.url, github.answer)
  for (const login of [...Object.keys(staff), 'olga', 'zoe']) github.addUser(login)
  github.addOrganization('acme', { owners: ['olga'] })
  const { installationId } = github.installApp('acme')
  github.requests.set({ hourly: Number.POSITIVE_INFINITY })
  const desk = tools(github, installationId, clock)
  return {
    ...desk,
    close: () => {
      useSockets()
      return github.close()
    },
    shop: async (options: ShopOptions = {}) => {
      count += 1
      return openShop(desk, `shop-${count}`, options)
    },
  }
}

function tools(github: SandboxGitHub, installationId: number, clock: { time: number }) {
  return {
    github,
    installationId,
    now: () => new Date(clock.time),
    /** Later by so many minutes: reviews, pushes and events have times of whole seconds. */
    later: (minutes = 1) => {
      clock.time += minutes * 60_000
    },
    as: (login: string) => client(github.url, github.tokenFor(login)),
    app: (base?: typeof fetch) => clientOf(github, installationId, base),
  }
}

type ShopOptions = {
  files?: Record<string, string>
  private?: boolean
  approvals?: object
  facts?: FactStore
}
type Base = ReturnType<typeof tools>

/** A client of the App with a memory of its own, as a new process has. */
export function clientOf(github: SandboxGitHub, installationId: number, base?: typeof fetch): GitHub {
  return new GateOctokit({
    auth: { appId: github.app.id, token: github.installationToken(installationId) },
    baseUrl: github.url,
    request: { fetch: conditionalFetch(base) },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  }) as GitHub
}

/** Facts in memory, as a database would keep them: values go through JSON. */
export function memoryFacts(): FactStore & { size: () => number } {
  const kept = new Map<string, string>()
  return {
    get: async <Value>(key: string) => {
      const text = kept.get(key)
      return text === undefined ? undefined : (JSON.parse(text) as Value)
    },
    put: async (key, value) => void kept.set(key, JSON.stringify(value)),
    labelOrders: async () => [],
    size: () => kept.size,
  }
}

async function openShop(desk: Base, name: string, options: ShopOptions) {
  const { github } = desk
  const made = await github.addRepository({
    owner: 'acme',
    name,
    private: options.private ?? true,
    files: options.files ?? {
      'README.md': '# Shop\n',
      'src/price.ts': numbered(40),
      'src/cart.ts': numbered(40),
    },
    collaborators: staff,
  })
  const repo = { owner: 'acme', repo: name }
  let facts = options.facts ?? memoryFacts()
  const policy = policySchema.parse({ gates: { approvals: options.approvals ?? {} } })
  let app = desk.app()
  const refOf = (pull: Pull): PullRef => ({
    installationId: desk.installationId,
    repositoryId: made.id,
    ...repo,
    number: pull.number,
  })
  const copyOf = (login: string) => github.workingCopy(made.fullName, login)
  const shop = {
    ...repo,
    name: made.fullName,
    policy,
    refOf,
    copyOf,
    as: desk.as,
    /** A commit on a branch, made and pushed by one person; the branch is made where `from` is. */
    push: async (login: string, branch: string, files: Files, options: PushOptions = {}) => {
      const date = desk.now().getTime()
      desk.later()
      const change = { message: 'Change it', from: 'main', ...options, branch, files, date, force: true }
      return github.push(made.fullName, login, change)
    },
    open: async (
      login: string,
      files: Files,
      options: PushOptions & { branch?: string; base?: string } = {},
    ) => {
      const { branch = 'feature', base = 'main' } = options
      const sha = await shop.push(login, branch, files, { from: `origin/${base}`, ...options })
      return shop.offer(login, branch, base, sha)
    },
    offer: async (login: string, branch: string, base: string, sha: string): Promise<Pull> => {
      const { data } = await desk
        .as(login)
        .rest.pulls.create({ ...repo, head: branch, base, title: 'A change' })
      return { number: data.number, branch, base, sha }
    },
    review: async (login: string, pull: Pull, event = 'APPROVE', commit?: string) => {
      desk.later()
      const { data } = await desk.as(login).rest.pulls.createReview({
        ...repo,
        pull_number: pull.number,
        event: event as 'APPROVE',
        body: event === 'APPROVE' ? '' : 'See my note.',
        ...(commit === undefined ? {} : { commit_id: commit }),
      })
      return data.id
    },
    approve: async (pull: Pull, ...logins: string[]) => {
      for (const login of logins) await shop.review(login, pull)
    },
    /** The bot as a new process with nothing in its memory; what it stored stays. */
    restart: (base?: typeof fetch) => {
      app = desk.app(base)
    },
    /** Everything that was found out is gone, as after a loss of the database. */
    forget: () => {
      facts = memoryFacts()
    },
    read: async (pull: Pull, wanted: Partial<Wanted> = {}) => {
      const ref = refOf(pull)
      const answer = await readSnapshot(
        app,
        ref,
        { teams: [], boundLabels: [], labels: [], ...wanted },
        facts,
        desk.now,
      )
      if (!answer) throw new Error(`There is no pull request ${pull.number}`)
      return answer.snapshot
    },
    judge: async (pull: Pull): Promise<Judgement> =>
      judged(await shop.read(pull, { teams: teamsOf(policy) }), policy),
  }
  return shop
}

type PushOptions = {
  from?: string
  message?: string
  remove?: string[]
  amend?: boolean
  author?: { name: string; email: string }
  committer?: { name: string; email: string }
  coAuthors?: { name: string; email: string }[]
}

function teamsOf(policy: Policy): string[] {
  return policy.gates.approvals?.teams ?? []
}

function judged(snapshot: Snapshot, policy: Policy): Judgement {
  const finding = decide(snapshot, policy).findings.find(({ gate }) => gate === 'approvals')
  if (!finding) throw new Error('The policy names no approvals')
  const text = [finding.title, finding.reason, ...(finding.details ?? [])].join('\n')
  return { ...finding, snapshot, text }
}

/** Text of numbered lines, some of them replaced. */
export function numbered(count: number, replaced: Record<number, string> = {}): string {
  return Array.from({ length: count }, (_, index) => `${replaced[index + 1] ?? `line ${index + 1}`}\n`).join(
    '',
  )
}
