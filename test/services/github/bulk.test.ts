import { ProbotOctokit } from 'probot'
import { describe, expect, it } from 'vitest'
import {
  listInstallations,
  listRepositories,
  viewPulls,
  viewRepositories,
} from '../../../src/services/github/bulk.ts'
import type { GitHub } from '../../../src/services/github/client.ts'
import { notBlob } from '../../../src/services/github/policy.ts'

type PartOf = { type?: string; message?: string; path?: (string | number)[] }
type Answer = { data?: unknown; errors?: PartOf[] } | string

/** GitHub that gives these answers, in this order; with errors, Octokit throws them together with the data. */
function answering(...answers: Answer[]): GitHub {
  const graphql = async () => {
    const answer = answers.shift()
    if (typeof answer === 'string' || !answer?.errors)
      return typeof answer === 'string' ? answer : answer?.data
    const errors = answer.errors.map((error) => ({ message: 'No', ...error }))
    throw Object.assign(new Error('Request failed'), { data: answer.data, errors })
  }
  return { graphql } as unknown as GitHub
}

const asked = [7, 8, 9].map((id) => ({
  repositoryId: id,
  nodeId: `R_${id}`,
  owner: 'acme',
  repo: `shop-${id}`,
}))
const oid = (text: string) => text.repeat(40)
const repository = (id: number, more: object = {}) => ({
  databaseId: id,
  nameWithOwner: `acme/shop-${id}`,
  isArchived: false,
  isDisabled: false,
  defaultBranchRef: { name: 'main' },
  policy: { __typename: 'Blob', oid: oid('a') },
  ...more,
})
const rows = [repository(7), repository(8), repository(9)]
const shared = { databaseId: 5, policy: { __typename: 'Blob', oid: oid('f') } }
const view = (github: GitHub) => viewRepositories(github, 'acme', asked, '.github/release-gate.yml')

describe('many repositories at once', () => {
  const noAccess = { type: 'FORBIDDEN', message: 'Resource protected by organization SAML enforcement.' }
  it.each<[string, unknown, PartOf, RegExp]>([
    ['that is gone', null, { type: 'NOT_FOUND', path: ['nodes', 1] }, /^NOT_FOUND/],
    ['that SAML protects', null, { ...noAccess, path: ['nodes', 1] }, /SAML/],
    [
      'whose policy may not be read',
      repository(8, { policy: null }),
      { type: 'FORBIDDEN', path: ['nodes', 1, 'policy'] },
      /^FORBIDDEN/,
    ],
    [
      'whose error has no type',
      repository(8),
      { path: ['nodes', 1, 'defaultBranchRef', 'name'] },
      /^UNKNOWN: No/,
    ],
  ])('one %s is a problem of its own, and the others are seen', async (_, row, error, problem) => {
    const seen = await view(answering({ data: { nodes: [rows[0], row, rows[2]], shared }, errors: [error] }))
    expect(seen.map((one) => 'value' in one)).toEqual([true, false, true])
    expect(seen[1]).toEqual({ problem: expect.stringMatching(problem) })
  })

  it.each<[string, unknown]>([
    ['is null without a word', null],
    ['is another one', repository(10)],
    ['lacks a field', { ...repository(8), isArchived: undefined }],
    ['is no repository', {}],
  ])('one row that %s is a problem of its own', async (_, row) => {
    const seen = await view(answering({ data: { nodes: [rows[0], row, rows[2]], shared } }))
    expect(seen.map((one) => 'value' in one)).toEqual([true, false, true])
  })

  it.each<[string, Answer]>([
    ['has an error that concerns no row', { data: { nodes: rows, shared }, errors: [{ type: 'INTERNAL' }] }],
    [
      'may not give the shared policy',
      { data: { nodes: rows, shared: null }, errors: [{ type: 'FORBIDDEN', path: ['shared'] }] },
    ],
    [
      'may not give the file of the shared policy',
      {
        data: { nodes: rows, shared: { databaseId: 5, policy: null } },
        errors: [{ type: 'NOT_FOUND', path: ['shared', 'policy'] }],
      },
    ],
    ['has no shared repository without saying why', { data: { nodes: rows, shared: null } }],
    ['has fewer rows than were asked for', { data: { nodes: rows.slice(1), shared } }],
    ['has no data', { errors: [{ type: 'RATE_LIMITED' }] }],
    ['is HTML', '<html>Unicorn!</html>'],
    ['is empty', { data: null }],
  ])('nothing is seen of any where the answer %s', async (_, answer) => {
    await expect(view(answering(answer))).rejects.toThrow()
  })

  it('have the shared policy beside their own, and a mark where a folder has that name', async () => {
    const data = {
      nodes: [
        rows[0],
        repository(8, { policy: null }),
        repository(9, { policy: { __typename: 'Tree', oid: oid('b') } }),
      ],
      shared,
    }
    const policies = (await view(answering({ data }))).map((one) => 'value' in one && one.value.policy)
    expect(policies).toEqual([
      { own: oid('a'), shared: oid('f') },
      { own: undefined, shared: oid('f') },
      { own: notBlob, shared: oid('f') },
    ])
  })

  it('have no shared policy where the account has no repository for it', async () => {
    const missing = { type: 'NOT_FOUND', path: ['shared'] }
    const [seen] = await view(answering({ data: { nodes: rows, shared: null }, errors: [missing] }))
    expect(seen).toMatchObject({ value: { policy: { own: oid('a'), shared: undefined } } })
  })
})

describe('the open pull requests of many repositories', () => {
  const row = (number: number) => ({
    number,
    headRefOid: oid('a'),
    baseRefName: 'main',
    isDraft: false,
    updatedAt: '2026-11-24T22:00:00Z',
  })
  const page = (id: number, numbers: number[], next?: string) => ({
    databaseId: id,
    pullRequests: {
      nodes: numbers.map(row),
      pageInfo: { hasNextPage: next !== undefined, endCursor: next ?? null },
    },
  })
  const pages = (...nodes: unknown[]): Answer => ({ data: { nodes } })
  const [one, two] = asked
  const pulls = async (...answers: Answer[]) => viewPulls(answering(...answers), one && two ? [one, two] : [])
  const numbersOf = (seen: Awaited<ReturnType<typeof pulls>>) =>
    seen.map((list) => ('value' in list ? list.value.map(({ number }) => number) : list.problem))

  it('are found on every page', async () => {
    const seen = await pulls(
      pages(page(7, [1, 2], 'b'), page(8, [3])),
      pages(page(7, [4], 'c')),
      pages(page(7, [5])),
    )
    expect(numbersOf(seen)).toEqual([[1, 2, 4, 5], [3]])
  })

  it.each<[string, Answer[]]>([
    [
      'says that there is more, and not where',
      [
        pages(page(7, [1]), {
          ...page(8, []),
          pullRequests: { nodes: [], pageInfo: { hasNextPage: true, endCursor: null } },
        }),
      ],
    ],
    [
      'does not say whether there is more',
      [pages(page(7, [1]), { ...page(8, []), pullRequests: { nodes: [], pageInfo: {} } })],
    ],
    ['is the same page again', [pages(page(7, [1]), page(8, [2], 'b')), pages(page(8, [2], 'b'))]],
    [
      'is refused on a later page',
      [
        pages(page(7, [1]), page(8, [2], 'b')),
        { data: { nodes: [null] }, errors: [{ type: 'FORBIDDEN', path: ['nodes', 0] }] },
      ],
    ],
    ['is of another repository', [pages(page(7, [1]), page(9, [2]))]],
    [
      'has a row without a head',
      [
        pages(page(7, [1]), {
          ...page(8, []),
          pullRequests: { nodes: [{ ...row(2), headRefOid: null }], pageInfo: { hasNextPage: false } },
        }),
      ],
    ],
    [
      'has a row that is null',
      [
        pages(page(7, [1]), {
          ...page(8, []),
          pullRequests: { nodes: [null], pageInfo: { hasNextPage: false } },
        }),
      ],
    ],
  ])('are not taken for known where a list %s, and those of the others are', async (_, answers) => {
    const seen = await pulls(...answers)
    expect(numbersOf(seen)).toEqual([[1], expect.any(String)])
  })
})

describe('the repositories of an installation', () => {
  const listing = (total: number, ids: number[]) => {
    const repositories = ids.map((id) => ({
      id,
      node_id: `R_${id}`,
      name: `shop-${id}`,
      owner: { login: 'acme' },
    }))
    const list = async ({ page }: { page: number }) => ({
      data: { total_count: total, repositories: repositories.slice((page - 1) * 100, page * 100) },
    })
    return { rest: { apps: { listReposAccessibleToInstallation: list } } } as unknown as GitHub
  }
  const ids = Array.from({ length: 250 }, (_, index) => index)

  it('are listed on every page', async () => {
    expect(await listRepositories(listing(250, ids))).toHaveLength(250)
  })

  it('are none where the account has none', async () => {
    expect(await listRepositories(listing(0, []))).toEqual([])
  })

  it.each([
    ['fewer are given than GitHub counts', listing(251, ids)],
    ['one is given twice, as one that moved between two pages is', listing(250, ids.with(150, 3))],
  ])('are not known where %s', async (_, github) => {
    expect(await listRepositories(github)).toBeUndefined()
  })
})

describe('the installations of the App', () => {
  /** GitHub over HTTP, with so many installations; `removed`: by the number of the request, those that are gone from then on. */
  const appWith = (count: number, removed: Record<number, number[]> = {}) => {
    let ids = Array.from({ length: count }, (_, index) => index + 1)
    let requests = 0
    const fetch = async (url: string) => {
      requests += 1
      const gone = removed[requests] ?? []
      ids = ids.filter((id) => !gone.includes(id))
      const page = Number(new URL(url).searchParams.get('page') ?? 1)
      const rows = ids.slice((page - 1) * 100, page * 100).map((id) => ({ id }))
      const next = `<https://api.github.com/app/installations?per_page=100&page=${page + 1}>; rel="next"`
      return Response.json(rows, page * 100 < ids.length ? { headers: { link: next } } : {})
    }
    return new ProbotOctokit({ request: { fetch }, retry: { enabled: false }, throttle: { enabled: false } })
  }
  const idsOf = async (app: ReturnType<typeof appWith>) =>
    (await listInstallations(app as unknown as GitHub))?.map(({ id }) => id)

  it.each([0, 99, 100, 250])('are all listed where there are %i', async (count) => {
    expect(await idsOf(appWith(count))).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  })

  it.each([
    ['one of the first page is removed before the second is read', appWith(250, { 2: [7] })],
    ['the second page is gone with it', appWith(101, { 2: [7] })],
    ['one is removed while the list is read again', appWith(250, { 5: [7] })],
  ])('are not known where %s', async (_, app) => {
    expect(await idsOf(app)).toBeUndefined()
  })

  it('are known where one was removed after it was read', async () => {
    expect(await idsOf(appWith(99, { 2: [7] }))).toHaveLength(99)
  })
})
