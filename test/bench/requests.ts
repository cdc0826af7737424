import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Octokit } from '@octokit/rest'
import { type SandboxGitHub, startGitHub } from '../../src/sandbox/github/start.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import type { PostgresAnswer } from '../support/postgres-process.ts'
import { aRepositoryChecker } from '../support/repository-checker.ts'
import type { Measure } from './measure.ts'

/** What each evaluation asks of GitHub: requests that count against the hourly limit (a 304 does not), and writes. */
export async function benchRequests(stage: Stage, shop: Workshop): Promise<Measure[]> {
  const { counts } = stage.github.requests
  const measures: Measure[] = []
  const count = async <Result>(name: string, aim: string, act: () => Promise<Result>): Promise<Result> => {
    // Whatever happens on GitHub moves `updated_at`, and answers that hold it are new.
    await stage.moveTo(new Date(stage.now().getTime() + 1_000))
    const before = { reads: counts.reads, writes: counts.writes }
    const result = await act()
    await stage.settled()
    measures.push(
      {
        name: `${name}: counted reads`,
        value: counts.reads - before.reads,
        unit: '',
        aim: aim.split(', ')[0] ?? '',
      },
      {
        name: `${name}: writes`,
        value: counts.writes - before.writes,
        unit: '',
        aim: aim.split(', ')[1] ?? '',
      },
    )
    return result
  }
  const open = (branch: string) =>
    shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: `export const x = 1\n` } })

  const first = await open('first')
  const change = await count('a pull request is opened', '–, 1', () => open('second'))
  await shop.label('eva', first, 'other')
  await count('approved by a reviewer who is new to the bot', 'at most 2, 1', () =>
    shop.review('chloe', change),
  )
  await shop.review('chloe', first)
  await shop.review('dev', first)
  await count('approved by a reviewer whom it knows', 'at most 2, 1', () => shop.review('dev', change))
  await count('labelled urgent', 'at most 2, 1', () => shop.label('eva', change, 'urgent'))
  const pushed = await count('a push', '–, 2', () =>
    shop.push('ana', change, { 'src/second.ts': 'export const x = 2\n' }),
  )
  await count('a comment review: nothing changes', 'at most 2, 0', () =>
    shop.review('chloe', pushed, 'COMMENT'),
  )
  await count('a delivery comes again: nothing changes', '0, 0', () => again(stage))
  return measures
}

/** GitHub sends the newest delivery about a pull request once more, as an unsigned new id would: it is looked at afresh. */
async function again(stage: Stage): Promise<void> {
  const newest = stage.github.deliveries.log.findLast(({ event }) => event === 'pull_request')
  if (!newest) throw new Error('No delivery was logged.')
  const { headers, payload } = newest.request
  const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body: payload,
    headers: { ...headers, 'x-github-delivery': crypto.randomUUID() },
  })
  if (!answer.ok) throw new Error(`The inbox answered ${answer.status}.`)
}

const approvals = 'gates:\n  approvals: { count: 1 }\n'
const pullsEach = 20
/** One in so many repositories has one pull request that is green. */
const greenIn = 10
const fiveMinutes = 5 * 60_000

/** What an installation in which nothing changes costs in an hour: requests and GraphQL points that GitHub counts. */
export async function benchHours(): Promise<Measure[]> {
  const postgres = fork(new URL('../support/postgres-process.ts', import.meta.url))
  const [answer] = (await once(postgres, 'message')) as [PostgresAnswer]
  if ('problem' in answer) throw new Error(answer.problem)
  const database = await openDatabase({ url: answer.url })
  try {
    return [
      await anHour(database, { repositories: 100, policy: approvals, aim: 300 }),
      await anHour(database, { repositories: 1_000, policy: approvals, aim: 2_500 }),
      await anHour(database, { repositories: 5_000, policy: undefined, aim: 300 }),
    ]
  } finally {
    await database.close()
    postgres.disconnect()
  }
}

type Company = { repositories: number; policy: string | undefined; aim: number }

async function anHour(database: Database, company: Company): Promise<Measure> {
  const time = { now: Date.parse('2026-11-24T22:00:00Z') }
  await database.query(
    'TRUNCATE release_gate.verdicts, release_gate.check_runs, release_gate.policies, release_gate.looks, release_gate.facts',
  )
  const aMinute = () => {
    time.now += 61_000
  }
  const github = await startGitHub({ clock: () => time.now })
  try {
    await found(github, company)
    time.now += fiveMinutes
    // The second has a token of its own, as every hour has: what the first one has read it reads afresh.
    const [first, second] = [
      await aRepositoryChecker(github, database),
      await aRepositoryChecker(github, database),
    ]
    time.now += 1_000
    await first.look()
    await first.read(aMinute)
    const greens = await database.query("SELECT 1 FROM release_gate.verdicts WHERE state = 'passed'")
    if (company.policy && greens.length !== 1) throw new Error(`${greens.length} pull requests are green`)
    await multiply(github, database, company)
    time.now += 60_000
    first.restart()
    await first.look()
    await first.read(aMinute)
    const before = github.requests.counts.counted
    for (let look = 0; look < 12; look++) {
      time.now += fiveMinutes
      await second.look()
      await second.read(aMinute)
    }
    const changed = second.log.filter(
      ({ msg }) => msg !== 'Every open pull request was checked within the last hour',
    )
    if (changed.length > 0) throw new Error(`not a quiet hour: ${JSON.stringify(changed[0])}`)
    const value = github.requests.counts.counted - before
    return { name: nameOf(company), value, unit: 'requests and points', aim: `${company.aim}` }
  } finally {
    await github.close()
  }
}

function nameOf({ repositories, policy }: Company): string {
  const many = `${repositories.toLocaleString('en')} repositories`
  const green = repositories / greenIn
  return policy
    ? `${many} with ${pullsEach} pull requests each, ${green} of them green`
    : `${many} without a policy`
}

/** Two repositories: one whose pull requests wait, and one of which one pull request is green. */
async function found(github: SandboxGitHub, { policy }: Company): Promise<void> {
  for (const login of ['ana', 'chloe']) github.addUser(login)
  github.addOrganization('acme', { owners: ['chloe'] })
  const files = { 'README.md': '# Shop\n', ...(policy ? { '.github/release-gate.yml': policy } : {}) }
  for (const name of ['waits', 'green']) {
    await github.addRepository({ owner: 'acme', name, private: true, files, collaborators: { ana: 'write' } })
    const branches = Array.from({ length: pullsEach }, (_, n) => `topic-${n}`)
    const seeds = branches.map((branch) => ({ branch, files: { [`${branch}.txt`]: 'x\n' } }))
    await github.seedBranches(`acme/${name}`, 'ana', seeds, 'main')
    const ana = person(github, 'ana')
    for (const head of branches)
      await ana.rest.pulls.create({ owner: 'acme', repo: name, title: head, head, base: 'main' })
  }
  const review = { owner: 'acme', repo: 'green', pull_number: 1, event: 'APPROVE' } as const
  await person(github, 'chloe').rest.pulls.createReview(review)
  github.installApp('acme')
  github.requests.reset()
}

function person(github: SandboxGitHub, login: string): Octokit {
  return new Octokit({ auth: github.tokenFor(login), baseUrl: github.url })
}

/** Copies of both, in GitHub and in what the bot has stored, as if it had read each of them. */
async function multiply(github: SandboxGitHub, database: Database, { repositories }: Company): Promise<void> {
  const green = repositories / greenIn
  const names = (kind: string, count: number) => Array.from({ length: count - 1 }, (_, n) => `${kind}-${n}`)
  for (const [kind, count] of [
    ['waits', repositories - green],
    ['green', green],
  ] as const) {
    const copies = github.copyRepository(`acme/${kind}`, names(kind, count))
    const ids = copies.map(({ id }) => id)
    const columns = async (table: string) => {
      const rows = await database.query<{ name: string }>(
        `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'release_gate' AND table_name = $1
         AND column_name NOT IN ('repository_id', 'repo', 'seq')`,
        [table],
      )
      return rows.map(({ name }) => name).join(', ')
    }
    for (const table of ['verdicts', 'check_runs', 'policies']) {
      const others = await columns(table)
      await database.query(
        `INSERT INTO release_gate.${table} (repository_id, repo, ${others})
         SELECT copy.id, copy.name, ${others} FROM release_gate.${table},
           unnest($1::bigint[], $2::text[]) AS copy(id, name) WHERE repo = $3`,
        [ids, copies.map(({ name }) => name), kind],
      )
    }
  }
}
