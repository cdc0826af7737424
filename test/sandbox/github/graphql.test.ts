import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { costOf } from '../../../src/sandbox/github/graphql-cost.ts'
import { buildHouse, type House } from './house.ts'

const docs = {
  // GitHub's own examples for points and for nodes.
  points: `{ viewer { repositories(first: 100) { edges { node { id issues(first: 50) { edges { node { id
    labels(first: 60) { edges { node { id name } } } } } } } } } } }`,
  nodes: `{ viewer { repositories(first: 50) { edges { repository: node { name
    pullRequests(first: 20) { edges { pullRequest: node { title comments(first: 10) { edges { node { bodyHTML } } } } } }
    issues(first: 20) { totalCount edges { issue: node { title comments(first: 10) { edges { node { bodyHTML } } } } } } } } }
    followers(first: 10) { edges { follower: node { login } } } } }`,
}
const pulls = (first: number, inside = '') =>
  `query ($ids: [ID!]!, $n: Int) { nodes(ids: $ids) { ... on Repository { ...Pulls } } }
   fragment Pulls on Repository { pullRequests(first: ${first}) { nodes { number ${inside} } } }`
const ids = (count: number) => Array.from({ length: count }, (_, index) => `R_${index}`)

describe('the cost of a query', () => {
  it.each<[string, string, Record<string, unknown>, number, number]>([
    ["that GitHub's documentation calculates", docs.points, {}, 51, 100 + 5_000 + 300_000],
    ["whose nodes GitHub's documentation calculates", docs.nodes, {}, 21, 22_060],
    ['without connections is one point', '{ viewer { login } }', {}, 1, 0],
    ['that is not GraphQL is one point', '{ viewer {', {}, 1, 0],
    ['counts each repository that is asked for by its id', pulls(50), { ids: ids(100) }, 1, 100 + 5_000],
    [
      'multiplies what stands in a fragment',
      pulls(50, 'labels(first: 20) { nodes { name } }'),
      { ids: ids(20) },
      10,
      20 + 1_000 + 20_000,
    ],
    [
      'counts a page whose size is a variable',
      pulls(50, 'labels(first: $n) { nodes { name } }'),
      { ids: ids(20), n: 20 },
      10,
      20 + 1_000 + 20_000,
    ],
    [
      'adds up aliases',
      `{ ${ids(100)
        .map((id) => `${id}: repository(owner: "a", name: "b") { pullRequests(last: 10) { totalCount } }`)
        .join(' ')} }`,
      {},
      1,
      1_000,
    ],
  ])('%s', (_, query, variables, cost, nodeCount) => {
    expect(costOf(query, variables)).toEqual({ cost, nodeCount })
  })
})

describe('a query in bulk', () => {
  let house: House
  let first: string
  let second: string
  beforeAll(async () => {
    house = await buildHouse({ '.github/release-gate.yml': 'gates:\n  approvals: {}\n' })
    await house.github.addRepository({ owner: 'acme', name: 'empty', private: true })
    first = (await house.bot.repos.get(house.repo)).data.node_id
    second = (await house.bot.repos.get({ owner: 'acme', repo: 'empty' })).data.node_id
  })
  afterEach(() => house.github.requests.set({ hourly: 5_000 }))
  afterAll(() => house.github.close())

  type Answer = {
    data?: Record<string, never>
    errors?: { type: string; message: string; path?: unknown[] }[]
  }
  const ask = async (query: string, variables: object = {}) => {
    const answer = await fetch(`${house.github.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `token ${house.github.installationToken(house.installationId)}` },
      body: JSON.stringify({ query, variables }),
    })
    const header = (name: string) => answer.headers.get(`x-ratelimit-${name}`)
    return {
      status: answer.status,
      body: (await answer.json()) as Answer,
      remaining: Number(header('remaining')),
      resource: header('resource'),
    }
  }

  it('gives the others where one cannot be given, with an error that names its place', async () => {
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository {
      nameWithOwner isArchived isDisabled defaultBranchRef { name } policy: object(expression: "HEAD:.github/release-gate.yml") { __typename oid } } } }`
    const { body } = await ask(query, { ids: [first, 'R_OTk5', second] })
    const blob = { __typename: 'Blob', oid: expect.stringMatching(/^[0-9a-f]{40}$/) }
    const both = { isArchived: false, isDisabled: false }
    expect(body).toEqual({
      data: {
        nodes: [
          { nameWithOwner: 'acme/shop', ...both, defaultBranchRef: { name: 'main' }, policy: blob },
          null,
          expect.objectContaining({ nameWithOwner: 'acme/empty', policy: null }),
        ],
      },
      errors: [expect.objectContaining({ type: 'NOT_FOUND', path: ['nodes', 1] })],
    })
  })

  it('says what it cost and what is left, which its headers say too', async () => {
    const before = (await ask('{ viewer { login } }')).remaining
    const query = `query ($ids: [ID!]!) { rateLimit { cost nodeCount limit used remaining resetAt }
      nodes(ids: $ids) { ... on Repository { pullRequests(first: 100) { nodes { commits(first: 10) { totalCount } } } } } }`
    const { body, remaining, resource } = await ask(query, { ids: [first, second] })
    expect(body.data).toMatchObject({
      rateLimit: { cost: 2, nodeCount: 2_202, limit: 5_000, remaining: before - 2, used: 5_000 - before + 2 },
    })
    expect({ remaining, resource }).toEqual({ remaining: before - 2, resource: 'graphql' })
  })

  it('is refused where less is left than it costs, while a cheaper one is not', async () => {
    const { remaining } = await ask('{ viewer { login } }')
    house.github.requests.set({ hourly: 5_000 - remaining + 1 })
    const dear = `{ repository(owner: "acme", name: "shop") { pullRequests(first: 100) { nodes { commits(first: 100) { totalCount
      nodes { commit { oid } } } } } ${ids(100)
        .map((id) => `${id}: pullRequests(first: 1) { totalCount }`)
        .join(' ')} } }`
    expect(await ask(dear)).toMatchObject({
      status: 200,
      remaining: 0,
      body: { errors: [{ type: 'RATE_LIMITED' }] },
    })
    expect((await ask('{ viewer { login } }')).body).toHaveProperty('data')
    expect((await ask('{ viewer { login } }')).body).toMatchObject({ errors: [{ type: 'RATE_LIMITED' }] })
  })

  it.each([
    [
      'asks for more than 500,000 nodes',
      { ids: ids(51) },
      'pullRequests(first: 100) { nodes { commits(first: 100) { totalCount } } }',
      'MAX_NODE_LIMIT_EXCEEDED',
    ],
    ['names more than 100 ids', { ids: ids(101) }, 'name', 'ARGUMENT_LIMIT'],
    [
      'asks for pages of more than 100',
      { ids: [] },
      'pullRequests(first: 101) { totalCount }',
      'UNPROCESSABLE',
    ],
  ])('is refused where it %s', async (_, variables, fields, type) => {
    const { body } = await ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { ${fields.replace('name', 'nameWithOwner')} } }
      repository(owner: "acme", name: "shop") { ${fields.replace('name', 'nameWithOwner')} } }`,
      variables,
    )
    expect(body.errors?.map((error) => error.type)).toContain(type)
  })

  it('leaves no pull request out where another one is closed between two pages', async () => {
    const numbers: number[] = []
    for (const branch of ['one', 'two', 'three'])
      numbers.push(await house.openPull('wim', branch, { [branch]: 'x\n' }))
    const page = async (after: string | null) => {
      const query = `query ($after: String) { repository(owner: "acme", name: "shop") {
        pullRequests(states: OPEN, orderBy: { field: CREATED_AT, direction: ASC }, first: 2, after: $after) {
          nodes { number } pageInfo { hasNextPage endCursor } } } }`
      const { repository } = (await house.bot.graphql(query, { after })) as {
        repository: { pullRequests: { nodes: { number: number }[]; pageInfo: { endCursor: string } } }
      }
      return repository.pullRequests
    }
    const { nodes, pageInfo } = await page(null)
    await house.as('wim').pulls.update({ ...house.repo, pull_number: numbers[0] ?? 0, state: 'closed' })
    const rest = await page(pageInfo.endCursor)
    expect([...nodes, ...rest.nodes].map(({ number }) => number)).toEqual(numbers)
  })

  it('does not give an App what it has no permission for', async () => {
    const { permissions } = house.github.app
    const { contents = 'read' } = permissions
    delete permissions.contents
    const { body } = await ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { nameWithOwner object(expression: "HEAD") { oid } } } }`,
      { ids: [first] },
    )
    permissions.contents = contents
    expect(body).toMatchObject({
      data: { nodes: [{ nameWithOwner: 'acme/shop', object: null }] },
      errors: [{ type: 'FORBIDDEN', path: ['nodes', 0, 'object'] }],
    })
  })
})
