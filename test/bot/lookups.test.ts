import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/database/open.ts'
import { buildHouse, type House } from '../sandbox/github/house.ts'
import { aPostgresUrl } from '../support/databases.ts'
import { aRepositoryChecker } from '../support/repository-checker.ts'

const policyFile = '.github/release-gate.yml'
const approvals = (count: number) => `gates:\n  approvals: { count: ${count} }\n`

let house: House
let checker: Awaited<ReturnType<typeof aRepositoryChecker>>
let unread = 0

async function addRepository(name: string, files = {}): Promise<void> {
  const collaborators = { ada: 'admin', wim: 'write' } as const
  await house.github.addRepository({
    owner: 'acme',
    name,
    private: true,
    files: { 'README.md': '#\n', ...files },
    collaborators,
  })
}

async function openPull(repo: string, head: string): Promise<void> {
  const seed = { branch: head, files: { [`${head}.txt`]: 'x\n' } }
  await house.github.seedBranches(`acme/${repo}`, 'wim', [seed], 'main')
  await house.as('wim').pulls.create({ owner: 'acme', repo, title: head, head, base: 'main' })
}

const pushPolicy = (repo: string, count: number) =>
  house.github.push(`acme/${repo}`, 'olga', {
    branch: 'main',
    files: { [policyFile]: approvals(count) },
    message: 'Change the policy',
  })

async function place(repo: string) {
  const { data } = await house.as('olga').repos.get({ owner: 'acme', repo })
  return { installationId: house.installationId, repositoryId: data.id, owner: 'acme', repo }
}

/** Makes GitHub fail wherever it reads the files of a repository, until the function that it gives is called. */
async function breakFiles(repo: string): Promise<() => void> {
  const { repositoryId } = await place(repo)
  const { git } = house.github.world.repositories.get(repositoryId) ?? expect.fail()
  const { read } = git
  git.read = () => Promise.reject(new Error('The files are out of reach'))
  return () => {
    git.read = read
  }
}

/** Everything that is open is read, and each repository gets one more pull request that nothing was told of. */
async function readAll(): Promise<void> {
  house.clock.now += 3_600_000
  await checker.look()
  await checker.read()
  unread += 1
  for (const repo of ['bad', 'good']) await openPull(repo, `unread-${unread}`)
}

const numbersIn = (repo: string, toRead: string[]) =>
  toRead.filter((one) => one.startsWith(`acme/${repo}#`)).map((one) => Number(one.split('#')[1]))

beforeAll(async () => {
  house = await buildHouse()
  checker = await aRepositoryChecker(house.github, await openDatabase({ url: await aPostgresUrl() }), {
    smallUpTo: 0,
  })
  await addRepository('.github', { [policyFile]: approvals(1) })
  for (const repo of ['bad', 'good']) {
    await addRepository(repo)
    await openPull(repo, 'known')
  }
})
afterAll(async () => {
  await checker.database.close()
  await house.github.close()
})

describe('another policy of the organization', () => {
  it('concerns every other pull request, where GitHub does not give one repository', async () => {
    await readAll()
    await pushPolicy('.github', 2)
    const repair = await breakFiles('bad')
    const { toRead, problem } = await checker.lookUp({ of: 'policy', repository: await place('.github') })
    repair()
    expect(numbersIn('good', toRead)).toEqual([1, 2])
    expect(numbersIn('bad', toRead)).toEqual([1])
    expect(problem).toContain('acme/bad')
    expect(problem).not.toContain('acme/good')
  })

  it('concerns those that we know, where GitHub gives none', async () => {
    await readAll()
    await pushPolicy('.github', 3)
    const restore = house.github.faults.add({ kind: 'status', path: /graphql/, status: 502 })
    const { toRead, problem } = await checker.lookUp({ of: 'policy', repository: await place('.github') })
    restore()
    expect(numbersIn('good', toRead)).toEqual([1, 2])
    expect(numbersIn('bad', toRead)).toEqual([1, 2])
    expect(problem).toContain('acme/good: ')
  })

  it('concerns every pull request of a new installation but those that GitHub does not give', async () => {
    await readAll()
    const repair = await breakFiles('bad')
    const { installationId } = house
    const { toRead, problem } = await checker.lookUp({ of: 'installation', installationId })
    repair()
    expect(numbersIn('good', toRead)).toEqual([1, 2, 3, 4])
    expect(problem).toContain('acme/bad')
  })
})

describe('the first policy of a repository', () => {
  it('concerns its pull requests also at the second attempt', async () => {
    await addRepository('fresh')
    await openPull('fresh', 'waiting')
    await pushPolicy('fresh', 1)
    const policy = { of: 'policy' as const, repository: await place('fresh') }
    house.github.faults.add({ kind: 'status', path: /\/fresh\/pulls$/, status: 500, times: 1 })
    expect(await checker.lookUp(policy)).toMatchObject({ problem: expect.stringContaining('Error') })
    expect(numbersIn('fresh', (await checker.lookUp(policy)).toRead)).toEqual([1])
  })
})

describe('repositories that may be out of reach, and are not', () => {
  it('are read each, also where GitHub does not list the pull requests of the first one', async () => {
    await readAll()
    const restore = house.github.faults.add({ kind: 'status', path: /\/bad\/pulls$/, status: 500 })
    const repositoryIds = [(await place('bad')).repositoryId, (await place('good')).repositoryId]
    const { installationId } = house
    const { toRead, problem } = await checker.lookUp({ of: 'reach', installationId, repositoryIds })
    restore()
    expect(numbersIn('good', toRead)).toEqual([1, 2, 3, 4, 5])
    expect(numbersIn('bad', toRead)).toEqual([])
    expect(problem).toBeDefined()
  })
})
