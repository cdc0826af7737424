import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import { hourlyCheckAges } from '../../src/store/hourly-checks.ts'
import { keptPolicies, lastValidPolicy } from '../../src/store/policies.ts'
import { buildHouse, type House } from '../sandbox/github/house.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { aRepositoryChecker } from '../support/repository-checker.ts'

const policyFile = '.github/release-gate.yml'
const approvals = 'gates:\n  approvals: {}\n'
const withReleases = "branches: ['release/*']\ngates:\n  approvals: {}\n"
const hour = 3_600_000

let house: House
let looker: Awaited<ReturnType<typeof aRepositoryChecker>>

type At = { owner: string; repo: string }
/** What happens to a pull request without any event, and whether it is read because of it. Each is open to main, from a draft. */
type PullCase = { what: string; act: (at: At & { pull_number: number }) => unknown; read: boolean }
/** What happens in a repository that has one pull request. */
type RepositoryCase = {
  what: string
  act: (at: At) => unknown
  /** The pull requests that are read because of it. */
  read: number[]
  policy?: string | null
  /** In an organization of its own, with the policy of the organization. */
  alone?: boolean
  /** Its name afterwards. */
  renamed?: string
}

const as = (login: string) => house.as(login)

async function commit(
  { owner, repo }: At,
  login: string,
  branch: string,
  files: Record<string, string | null>,
) {
  const copy = await house.github.workingCopy(`${owner}/${repo}`, login)
  await copy.branch(branch, `origin/${branch}`)
  for (const [path, text] of Object.entries(files))
    await (text === null ? copy.remove(path) : copy.write({ [path]: text }))
  await copy.commit('Change it')
  await copy.push({ ref: branch })
}

async function openPull(at: At, head: string, base = 'main') {
  const files = { [`${head}.txt`]: `${head}\n` }
  await house.github.seedBranches(`${at.owner}/${at.repo}`, 'wim', [{ branch: head, files }], 'main')
  await as('wim').pulls.create({ ...at, title: head, head, base })
}

const review = { event: 'REQUEST_CHANGES', body: 'no' } as const
const ready =
  'mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { clientMutationId } }'

const pullCases: PullCase[] = [
  { what: 'nothing', act: () => undefined, read: false },
  {
    what: 'a push',
    act: (at) => commit(at, 'wim', `topic-${at.pull_number}`, { 'c.txt': 'c\n' }),
    read: true,
  },
  { what: 'a review', act: (at) => as('ada').pulls.createReview({ ...at, ...review }), read: true },
  {
    what: 'a dismissed review',
    act: async (at) => {
      const [review_id = 0] = (await as('ada').pulls.listReviews(at)).data.map(({ id }) => id)
      await as('ada').pulls.dismissReview({ ...at, review_id, message: 'old' })
    },
    read: true,
  },
  {
    what: 'a label that is put on',
    act: ({ pull_number: issue_number, ...at }) =>
      as('ada').issues.addLabels({ ...at, issue_number, labels: ['bug'] }),
    read: true,
  },
  {
    what: 'a label that is taken off',
    act: ({ pull_number: issue_number, ...at }) =>
      as('ada').issues.removeLabel({ ...at, issue_number, name: 'question' }),
    read: true,
  },
  { what: 'another description', act: (at) => as('wim').pulls.update({ ...at, body: 'Urgent' }), read: true },
  {
    what: 'another covered base',
    act: (at) => as('wim').pulls.update({ ...at, base: 'release/1' }),
    read: true,
  },
  {
    what: 'a base that is not covered',
    act: (at) => as('wim').pulls.update({ ...at, base: 'dev' }),
    read: true,
  },
  {
    what: 'the end of the draft',
    act: async (at) => as('wim').graphql(ready, { id: (await as('wim').pulls.get(at)).data.node_id }),
    read: true,
  },
  { what: 'its closing', act: (at) => as('ada').pulls.update({ ...at, state: 'closed' }), read: true },
]

const threeApprovals = 'gates:\n  approvals: { count: 3 }\n'
const edit = (text: string | null) => (at: At) => commit(at, 'ada', 'main', { [policyFile]: text })

const repositoryCases: RepositoryCase[] = [
  { what: 'a push to the base branch', act: (at) => commit(at, 'ada', 'main', { 'b.txt': 'b\n' }), read: [] },
  { what: 'a new pull request', act: (at) => openPull(at, 'two'), read: [2] },
  {
    what: 'a new one to a branch that is not covered',
    act: (at) => openPull(at, 'two', 'release/1'),
    read: [],
  },
  {
    what: 'a new one to a covered branch',
    act: (at) => openPull(at, 'two', 'release/1'),
    policy: withReleases,
    read: [2],
  },
  { what: 'another policy', act: edit(threeApprovals), read: [1] },
  { what: 'a policy that became invalid', act: edit('gates: nothing\n'), read: [1] },
  { what: 'a policy that is deleted', act: edit(null), read: [1] },
  { what: 'a first policy', act: edit(approvals), policy: null, read: [1] },
  {
    what: 'another default branch with an equal policy',
    act: (at) => as('ada').repos.update({ ...at, default_branch: 'release/1' }),
    policy: withReleases,
    read: [1],
  },
  {
    what: 'another name of the repository',
    act: ({ owner, repo }) => house.github.renameRepository(`${owner}/${repo}`, 'renamed'),
    renamed: 'renamed',
    read: [1],
  },
  {
    what: 'another policy of the organization',
    act: ({ owner }) => edit(threeApprovals)({ owner, repo: '.github' }),
    policy: null,
    alone: true,
    read: [1],
  },
  {
    what: 'a policy of its own, equal to that of the organization',
    act: edit(approvals),
    policy: null,
    alone: true,
    read: [1],
  },
  {
    what: 'the end of the repository: it is archived',
    act: ({ owner, repo }) => house.github.archiveRepository(`${owner}/${repo}`),
    read: [],
  },
  {
    what: 'another owner of the repository',
    act: ({ owner, repo }) => house.github.transferRepository(`${owner}/${repo}`, 'nora'),
    read: [],
  },
]

const people = { ada: 'admin', mary: 'maintain', wim: 'write' } as const

async function addRepository(owner: string, name: string, policy: string | null): Promise<At> {
  const files = { 'README.md': '# Shop\n', ...(policy === null ? {} : { [policyFile]: policy }) }
  await house.github.addRepository({ owner, name, private: true, files, collaborators: people })
  return { owner, repo: name }
}

async function buildPulls(): Promise<At> {
  const at = await addRepository('acme', 'pulls', withReleases)
  const branches = ['dev', 'release/1', ...pullCases.map((_, index) => `topic-${index + 1}`)]
  const seeds = branches.map((branch) => ({ branch, files: { [`${branch}.txt`]: 'x\n' } }))
  await house.github.seedBranches('acme/pulls', 'wim', seeds, 'main')
  for (const [index] of pullCases.entries()) {
    const head = `topic-${index + 1}`
    await as('wim').pulls.create({ ...at, title: head, head, base: 'main', draft: true })
    await as('ada').issues.addLabels({ ...at, issue_number: index + 1, labels: ['question'] })
    await as('mary').pulls.createReview({ ...at, pull_number: index + 1, ...review })
  }
  return at
}

async function build({ policy = approvals, alone }: RepositoryCase, index: number): Promise<At> {
  const owner = alone ? `org-${index}` : 'acme'
  if (alone) {
    house.github.addOrganization(owner, { owners: ['olga'] })
    await addRepository(owner, '.github', approvals)
  }
  const at = await addRepository(owner, `shop-${index}`, policy)
  const files = { 'r.txt': 'r\n' }
  await house.github.seedBranches(`${owner}/${at.repo}`, 'ada', [{ branch: 'release/1', files }], 'main')
  await openPull(at, 'one')
  if (alone) house.github.installApp(owner)
  return at
}

beforeAll(async () => {
  house = await buildHouse()
  looker = await aRepositoryChecker(house.github, await openDatabase({ url: await aPostgresUrl() }), {
    smallUpTo: 0,
  })
})
afterAll(async () => {
  await looker.database.close()
  await house.github.close()
})

const later = (milliseconds: number) => {
  house.clock.now += milliseconds
}

describe('what changed without an event', () => {
  const places: At[] = []
  let first: string[] = []
  let unchanged: string[] = []
  let found: string[] = []
  beforeAll(async () => {
    const pulls = await buildPulls()
    for (const [index, one] of repositoryCases.entries()) places.push(await build(one, index))
    later(2 * 60_000)
    first = await looker.look()
    await looker.read()
    later(hour)
    unchanged = await looker.look()
    for (const [index, { act }] of pullCases.entries()) await act({ ...pulls, pull_number: index + 1 })
    for (const [index, { act }] of repositoryCases.entries()) await act(places[index] as At)
    later(hour)
    found = await looker.look()
    await looker.read()
  })

  it('is everything that a policy covers, at the first look', () => {
    const pulls = pullCases.map((_, index) => `acme/pulls#${index + 1}`)
    const others = repositoryCases.flatMap(({ policy, alone }, index) =>
      policy === null && !alone ? [] : [`${places[index]?.owner}/shop-${index}#1`],
    )
    expect(first).toEqual([...pulls, ...others].sort())
  })

  it('is nothing, where nothing changed', () => {
    expect(unchanged).toEqual([])
  })

  it.each(pullCases.map((one, index) => ({ ...one, number: index + 1 })))(
    'is found for a pull request: $what',
    ({ number, read }) => {
      expect(found.includes(`acme/pulls#${number}`)).toBe(read)
    },
  )

  it.each(repositoryCases.map((one, index) => ({ ...one, index })))(
    'is found for a repository: $what',
    ({ index, read, renamed }) => {
      const name = `${places[index]?.owner}/${renamed ?? `shop-${index}`}`
      const numbers = found.filter((one) => one.startsWith(`${name}#`))
      expect(numbers).toEqual(read.map((number) => `${name}#${number}`))
    },
  )

  it('is not found again once it was read', async () => {
    later(hour)
    expect(await looker.look()).toEqual([])
  })

  it('leaves no repository that the App cannot reach among those that are checked', async () => {
    expect(await hourlyCheckAges(looker.database)).toMatchObject({ unseen: 0 })
    expect(
      looker.log.filter(({ msg }) => /no longer lists/.test(msg)).map(({ repository }) => repository),
    ).toEqual([`acme/shop-${repositoryCases.length - 1}`])
  })
})

describe('which policies are listed, without an event', () => {
  const owner = 'listing'
  let installation: number
  const listed = async () => {
    later(hour)
    await looker.look()
    const kept = await keptPolicies(looker.database)
    return kept.flatMap((one) => (one.owner === owner ? [`${one.installationId}/${one.repo}`] : []))
  }
  const both = () => [`${installation}/api`, `${installation}/shop`]
  beforeAll(async () => {
    house.github.addOrganization(owner, { owners: ['olga'] })
    for (const name of ['api', 'shop']) await addRepository(owner, name, approvals)
    ;({ installationId: installation } = house.github.installApp(owner, { repositories: ['api', 'shop'] }))
    expect(await listed()).toEqual(both())
  })

  it('leaves out one whose file was deleted, which stays the last valid one, until the file is back', async () => {
    await edit(null)({ owner, repo: 'api' })
    expect(await listed()).toEqual([`${installation}/shop`])
    const { data } = await as('ada').repos.get({ owner, repo: 'api' })
    const api = { installationId: installation, repositoryId: data.id }
    expect(await lastValidPolicy(looker.database, api)).toBe(approvals)
    await edit(approvals)({ owner, repo: 'api' })
    expect(await listed()).toEqual(both())
  })

  it('keeps one whose file became invalid', async () => {
    await edit('gates: nothing\n')({ owner, repo: 'api' })
    expect(await listed()).toEqual(both())
    await edit(approvals)({ owner, repo: 'api' })
  })

  it('leaves out those of a suspended installation until it is not suspended anymore', async () => {
    house.github.suspendApp(installation)
    expect(await listed()).toEqual([])
    house.github.suspendApp(installation, false)
    expect(await listed()).toEqual(both())
  })

  it('lists those of an installation again in the next round after it was missing', async () => {
    expect(await listed()).toEqual(both())
    for (const suspended of [true, false]) {
      house.github.suspendApp(installation, suspended)
      later(5 * 60_000)
      await looker.look()
    }
    const kept = await keptPolicies(looker.database, installation)
    expect(kept.map(({ repo }) => `${installation}/${repo}`)).toEqual(both())
  })

  it('leaves out an archived repository until it is not archived anymore', async () => {
    house.github.archiveRepository(`${owner}/api`)
    expect(await listed()).toEqual([`${installation}/shop`])
    house.github.archiveRepository(`${owner}/api`, false)
    expect(await listed()).toEqual(both())
  })

  it('keeps one whose repository GitHub does not give for now', async () => {
    house.github.faults.add({ kind: 'status', path: /graphql/, status: 502 })
    expect(await listed()).toEqual(both())
    house.github.faults.clear()
  })

  it('leaves out a repository that was taken from the installation', async () => {
    house.github.changeInstallation(installation, 'removed', ['api'])
    expect(await listed()).toEqual([`${installation}/shop`])
  })

  it('leaves out the former installation after the App was installed again', async () => {
    house.github.uninstallApp(installation)
    ;({ installationId: installation } = house.github.installApp(owner))
    expect(await listed()).toEqual(both())
  })
})

describe("an organization's policy that is lost without an event", () => {
  const lock = (count: number) => `locked: [approvals]\ngates: { approvals: { count: ${count} } }\n`
  const owner = 'lost-org'
  const output = async (repo: string) => {
    const { data: pull } = await as('ada').pulls.get({ owner, repo, pull_number: 1 })
    const { data } = await as('ada').checks.listForRef({ owner, repo, ref: pull.head.sha })
    return data.check_runs[0]?.output
  }
  const look = async () => {
    later(hour)
    const found = (await looker.look()).filter((name) => name.startsWith(owner))
    await looker.read()
    return found
  }
  beforeAll(async () => {
    house.github.addOrganization(owner, { owners: ['olga'] })
    await addRepository(owner, '.github', lock(2))
    for (const [name, policy] of [
      ['own', 'gates: {}\n'],
      ['bare', null],
    ] as const)
      await openPull(await addRepository(owner, name, policy), 'one')
    house.github.installApp(owner)
  })

  it('applies at first, and what it locks is announced once', async () => {
    looker.notices.length = 0
    expect(await look()).toEqual([`${owner}/bare#1`, `${owner}/own#1`])
    expect(await output('own')).toMatchObject({ title: 'Waiting for 2 approvals' })
    expect(looker.notices).toEqual([
      expect.objectContaining({
        kind: 'organization policy',
        organization: owner,
        before: '',
        after: 'approvals, branches, enforce, push',
      }),
    ])
  })

  it('is missed in every repository when it was deleted', async () => {
    house.github.deleteRepository(`${owner}/.github`)
    expect(await look()).toEqual([`${owner}/bare#1`, `${owner}/own#1`])
    expect((await output('own'))?.summary).toMatch(/can no longer be read, so release-gate can't tell/)
    expect(await look()).toEqual([])
  })

  it('is not taken from a new repository with that name, and nothing is announced', async () => {
    looker.notices.length = 0
    await addRepository(owner, '.github', 'gates: { approvals: { count: 1 } }\n')
    expect(await look()).toEqual([`${owner}/bare#1`])
    expect((await output('bare'))?.summary).toMatch(/this repository isn't the one that/)
    for (const repo of ['own', 'bare']) {
      const { title, summary } = (await output(repo)) ?? {}
      expect(title).toBe(
        "The organization's policy can't be used: lost-org/.github: .github/release-gate.yml",
      )
      expect(summary).not.toMatch(/write access|default branch/)
    }
    expect(await look()).toEqual([])
    expect(looker.notices).toEqual([])
  })
})

describe('a look that is stopped', () => {
  let github: House['github']
  let clock: House['clock']
  let bot: House['bot']
  let small: House
  let stopped: Awaited<ReturnType<typeof aRepositoryChecker>>
  beforeAll(async () => {
    small = await buildHouse({ [policyFile]: approvals })
    ;({ github, clock, bot } = small)
    // With acme/shop 31 that a policy covers: their pull requests are listed in two queries.
    for (let number = 1; number <= 30; number++)
      await github.addRepository({
        owner: 'acme',
        name: `shop-${number}`,
        private: true,
        files: { [policyFile]: approvals },
      })
    stopped = await aRepositoryChecker(github, await openDatabase({ url: await aPostgresUrl() }), {
      smallUpTo: 0,
    })
  })
  afterEach(() => {
    github.requests.set({ hourly: 5_000 })
    github.faults.clear()
    github.requests.reset()
    clock.now += hour
  })
  afterAll(async () => {
    await stopped.database.close()
    await github.close()
  })

  const all = 'Every open pull request was checked within the last hour'
  const notAll = 'Not every open pull request was checked within the last hour'
  const said = () =>
    stopped.log
      .splice(0)
      .map(({ msg }) => msg)
      .filter((msg) => msg.includes('very open'))
  const ages = () => hourlyCheckAges(stopped.database)
  /** Leaves so many points, and with them a fifth of the limit and as many. */
  const leavePoints = async (points: number) => {
    github.requests.set({ hourly: 20 })
    for (let used = 0; used < 20 - 4 - points; used++) await bot.graphql('{ viewer { login } }')
  }

  it('by a limit leaves the rest of it to others, says that it is not done, and goes on where it was', async () => {
    // One query for all repositories, and one for the pull requests of 25.
    await leavePoints(1)
    await stopped.look()
    expect(await ages()).toMatchObject({ repositories: 31, never: 6 })
    expect(said()).toEqual([notAll])
    github.requests.set({ hourly: 5_000 })
    github.requests.reset()
    clock.now += 61 * 60_000
    await stopped.look()
    expect(await ages()).toMatchObject({ never: 0, oldest: new Date(clock.now) })
    expect(said()).toEqual([all])
  })

  it('by a limit and then by a restart begins with the repositories that were not reached', async () => {
    const began = new Date(clock.now)
    await leavePoints(1)
    stopped.restart()
    await stopped.look()
    const reached = () =>
      stopped.database.query('SELECT repository_id FROM release_gate.looks WHERE looked_at >= $1', [began])
    expect(await reached()).toHaveLength(25)
    clock.now += hour
    github.requests.set({ hourly: 5_000 })
    github.requests.reset()
    await leavePoints(1)
    stopped.restart()
    await stopped.look()
    expect(await reached()).toHaveLength(31)
  })

  it('by nothing is spread over the hour, with two queries every 5 minutes', async () => {
    await stopped.look()
    said()
    const { counts } = github.requests
    const perLook: number[] = []
    const before = { points: counts.byRoute.get('POST /graphql') ?? 0 }
    for (let minutes = 5; minutes <= 55; minutes += 5) {
      clock.now += 5 * 60_000
      const at = new Date(clock.now)
      await stopped.look()
      const looked = await stopped.database.query('SELECT 1 FROM release_gate.looks WHERE looked_at = $1', [
        at,
      ])
      perLook.push(looked.length)
    }
    expect(perLook.reduce((sum, looked) => sum + looked, 0)).toBe(31)
    expect(Math.max(...perLook)).toBeLessThan(10)
    expect((counts.byRoute.get('POST /graphql') ?? 0) - before.points).toBeLessThanOrEqual(22)
    expect(said()).not.toContain(notAll)
  })

  it('by a repository that is not given names it, and looks at all others', async () => {
    github.app.permissions.contents = undefined as never
    stopped.log.length = 0
    await stopped.look()
    github.app.permissions.contents = 'read'
    expect(stopped.log).toContainEqual(
      expect.objectContaining({
        repository: 'acme/shop-1',
        problem: 'FORBIDDEN: Resource not accessible by integration',
      }),
    )
    expect(await ages()).toMatchObject({ unseen: 31 })
    expect(said()).toEqual([notAll])
    clock.now += hour
    await stopped.look()
    expect(await ages()).toMatchObject({ unseen: 0 })
    expect(said()).toEqual([all])
  })

  it('by nothing reads what can wait only as far as half of the hourly limit goes', async () => {
    await github.seedBranches(
      'acme/shop',
      'wim',
      ['a', 'b', 'c', 'd'].map((branch) => ({ branch, files: { [branch]: 'x\n' } })),
      'main',
    )
    for (const head of ['a', 'b', 'c', 'd'])
      await small.as('wim').pulls.create({ owner: 'acme', repo: 'shop', title: head, head, base: 'main' })
    await stopped.look()
    await stopped.read()
    // All were read right after they were opened, so each is read again when there is room: for two of them.
    clock.now += 61 * 60_000
    github.requests.set({ hourly: 40 })
    expect(await stopped.look()).toHaveLength(2)
    await stopped.read()
  })

  it.each([
    ['an outage', { kind: 'status', status: 502 }],
    ['a cut connection', { kind: 'reset' }],
  ] as const)('by %s has checked nothing', async (_, fault) => {
    const { oldest } = await ages()
    github.faults.add({ ...fault, path: '/graphql' })
    stopped.log.length = 0
    await stopped.look()
    expect((await ages()).oldest).toEqual(oldest)
    expect(said()).toEqual([notAll])
  })

  it('by a list of repositories that cannot be had is stopped before it begins', async () => {
    github.faults.add({ kind: 'status', status: 502, path: '/installation/repositories' })
    stopped.log.length = 0
    await stopped.look()
    expect(said()).toEqual([notAll])
  })
})

describe('a green check', () => {
  const green = { owner: 'acme', repo: 'green' }
  const minutes = (count: number) => later(count * 60_000)
  let watcher: Awaited<ReturnType<typeof aRepositoryChecker>>
  beforeAll(async () => {
    await addRepository('acme', 'green', 'gates:\n  approvals: { count: 1 }\n')
    await openPull(green, 'one')
    await as('mary').pulls.createReview({ ...green, pull_number: 1, event: 'APPROVE' })
    watcher = await aRepositoryChecker(house.github, await openDatabase({ url: await aPostgresUrl() }), {
      smallUpTo: 0,
    })
    minutes(2)
    await watcher.look()
    await watcher.read()
  })
  afterEach(() => house.github.faults.clear())
  afterAll(() => watcher.database.close())
  const conclusion = async () => {
    const { data } = await as('ada').pulls.get({ ...green, pull_number: 1 })
    const { data: checks } = await as('ada').checks.listForRef({ ...green, ref: data.head.sha })
    return checks.check_runs[0]?.conclusion
  }
  const isAsked = async () => (await watcher.look()).includes('acme/green#1')

  it('is read in full once an hour, though nothing shows a change, and not more often', async () => {
    expect(await conclusion()).toBe('success')
    const asked: boolean[] = []
    for (let minute = 5; minute <= 120; minute += 5) {
      minutes(5)
      asked.push(await isAsked())
      await watcher.read()
    }
    expect(asked.filter(Boolean)).toHaveLength(2)
  })

  it('whose approver lost the role, which no look can see, is not green after an hour', async () => {
    house.github.setCollaborator('acme/green', 'mary', 'read')
    minutes(60)
    expect(await isAsked()).toBe(true)
    await watcher.read()
    expect(await conclusion()).not.toBe('success')
    house.github.setCollaborator('acme/green', 'mary', 'maintain')
  })

  it('is read also where its repository cannot be checked, or a limit stops the look', async () => {
    await as('wim').issues.createComment({ ...green, issue_number: 1, body: 'hi' })
    minutes(60)
    await watcher.look()
    await watcher.read()
    expect(await conclusion()).toBe('success')
    house.github.faults.add({ kind: 'status', status: 502, path: '/graphql' })
    minutes(60)
    expect(await isAsked()).toBe(true)
    house.github.faults.clear()
    await watcher.read()
    house.github.faults.add({ kind: 'rate-limit', path: '/installation/repositories' })
    minutes(60)
    expect(await isAsked()).toBe(true)
  })
})

it('an installation with few pull requests has all of them read every hour, for what no look can see', async () => {
  house.github.addOrganization('small', { owners: ['olga'] })
  await addRepository('small', 'shop', approvals)
  await openPull({ owner: 'small', repo: 'shop' }, 'one')
  house.github.installApp('small')
  const watcher = await aRepositoryChecker(house.github, await openDatabase({ url: await aPostgresUrl() }), {
    smallUpTo: 10,
  })
  later(5 * 60_000)
  await watcher.look()
  await watcher.read()
  later(hour)
  const asked = await watcher.look()
  expect(asked).toContain('small/shop#1')
  expect(asked).not.toContain('acme/pulls#1')
  await watcher.database.close()
})

it('a new pull request has those read too that have the same head, and no others', async () => {
  const twins = await addRepository('acme', 'twins', withReleases)
  const release = { branch: 'release/1', files: { 'r.txt': 'r\n' } }
  await house.github.seedBranches('acme/twins', 'ada', [release], 'main')
  await openPull(twins, 'one')
  await openPull(twins, 'other')
  later(hour)
  await looker.look()
  await looker.read()
  await as('wim').pulls.create({ ...twins, title: 'again', head: 'one', base: 'release/1' })
  later(hour)
  const found = (await looker.look()).filter((one) => one.startsWith('acme/twins#'))
  expect(found).toEqual(['acme/twins#1', 'acme/twins#3'])
  await looker.read()
  later(hour)
  expect((await looker.look()).filter((one) => one.startsWith('acme/twins#'))).toEqual([])
})
