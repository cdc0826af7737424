import { schema } from '@octokit/graphql-schema'
import { buildSchema, findBreakingChanges, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { graphqlSchema } from '../../../src/sandbox/github/graphql-schema.ts'
import type { Exchange } from '../../../src/sandbox/github/inspection.ts'
import { morePullsQuery, pullsQuery, repositoriesQuery } from '../../../src/services/github/bulk.ts'
import { authorsQuery } from '../../../src/services/github/co-authors.ts'
import { openPullsQuery } from '../../../src/services/github/open-pulls.ts'
import { undescribed, undescribedWebhook } from '../../support/github-description.ts'
import { repeatedAnswers } from '../../support/repeated-answers.ts'

/** What every test is held to (test/support/held-to-github.ts) must notice what GitHub does not describe. */

const exchange = (
  line: string,
  more: Partial<Omit<Exchange, 'query'>> & { query?: Record<string, string> } = {},
): Exchange => {
  const [method = '', path = ''] = line.split(' ')
  const query = new URLSearchParams(more.query)
  return {
    actor: 'installation',
    method,
    path,
    body: undefined,
    status: 200,
    text: '',
    answer: undefined,
    ...more,
    query,
  }
}
const ref = { ref: 'refs/heads/a', node_id: 'x', url: 'x', object: { type: 'commit', sha: 'a', url: 'x' } }

describe('a request or its answer', () => {
  it.each<[string, Exchange, RegExp]>([
    [
      'with a parameter that GitHub does not name',
      exchange('GET /repos/a/b/labels', { query: { installationId: '7' } }),
      /no parameter "installationId"/,
    ],
    [
      'with a parameter of another type',
      exchange('GET /repos/a/b/labels', { query: { per_page: 'all' } }),
      /per_page=all/,
    ],
    [
      'with a word that GitHub does not know',
      exchange('GET /repos/a/b/pulls', { query: { state: 'ready' } }),
      /none of open, closed, all/,
    ],
    ['to a path that is not an operation', exchange('GET /repos/a/b/gates'), /is no operation/],
    [
      'with a field that GitHub does not name',
      exchange('POST /repos/a/b/issues', { body: { title: 'x', number: 7 }, status: 201 }),
      /no field "number"/,
    ],
    [
      'without a field that GitHub needs',
      exchange('POST /repos/a/b/issues', { body: { body: 'x' }, status: 201 }),
      /title is missing/,
    ],
    [
      'that is refused, where an App sends it',
      exchange('GET /repos/a/b/labels', { query: { number: '1' }, status: 404 }),
      /no parameter "number"/,
    ],
    [
      'whose status GitHub never gives',
      exchange('GET /repos/a/b/labels', { status: 202 }),
      /never answers 202/,
    ],
    [
      'whose answer lacks a field',
      exchange('GET /repos/a/b/git/ref/heads%2Fa', { answer: { ...ref, object: {} } }),
      /object: \w+ is missing/,
    ],
    [
      'whose answer has another type',
      exchange('GET /repos/a/b/git/ref/heads%2Fa', { answer: { ...ref, url: 7 } }),
      /url: 7 is not of the type string/,
    ],
  ])('%s is noticed', (_, sent, expected) => {
    expect(undescribed(sent).join('\n')).toMatch(expected)
  })

  it.each<[string, Exchange]>([
    ['as described', exchange('GET /repos/a/b/git/ref/heads%2Fa', { answer: ref })],
    [
      'with more in the answer than is described',
      exchange('GET /repos/a/b/git/ref/heads%2Fa', { answer: { ...ref, more: 1 } }),
    ],
    [
      'that a person sends wrongly, and that is refused',
      exchange('POST /repos/a/b/issues', { actor: 'user', body: { number: 7 }, status: 422 }),
    ],
  ])('%s is not', (_, sent) => {
    expect(undescribed(sent)).toEqual([])
  })
})

describe('a webhook', () => {
  it.each([
    ['that GitHub does not have', 'pull_request', { action: 'exploded' }, /is no webhook/],
    [
      'without what GitHub always sends',
      'label',
      { action: 'deleted' },
      /label is missing|repository is missing/,
    ],
  ])('%s is noticed', (_, event, payload, expected) => {
    expect(undescribedWebhook(event, payload).join('\n')).toMatch(expected)
  })
})

describe('of GraphQL', () => {
  const github = buildSchema(schema.idl, { assumeValidSDL: true, assumeValid: true })

  it("every query that the sandbox answers is one of GitHub's, with answers of the same types", () => {
    const changes = findBreakingChanges(graphqlSchema, github)
    expect(changes.map(({ description }) => description)).toEqual([])
  })

  it.each([
    ['of many repositories', repositoriesQuery],
    ['of the open pull requests of many repositories', pullsQuery],
    ['of more of them', morePullsQuery],
    ['of the open pull requests of one repository', openPullsQuery],
    ['of the authors of commits', authorsQuery(['a'.repeat(40), 'b'.repeat(40)])],
  ])('the query %s asks for nothing that GitHub does not have', (_, query) => {
    expect(validate(github, parse(query)).map(({ message }) => message)).toEqual([])
  })
})

describe('an exchange that is word for word the one before', () => {
  const again = (line: string, more: Parameters<typeof exchange>[1]) => {
    const isRepeated = repeatedAnswers()
    const first = exchange('GET /repos/a/b', { text: '{"a":1}' })
    return [isRepeated(first), isRepeated(first), isRepeated(exchange(line, more)), isRepeated(first)]
  }

  it('need not be looked at, but for the first time', () => {
    expect(again('GET /repos/a/b', { text: '{"a":1}' })).toEqual([false, true, true, true])
  })

  it('is looked at when it was another one in between', () => {
    expect(again('GET /repos/a/b', { text: '{"a":2}' })).toEqual([false, true, false, false])
  })

  it.each<[string, string, Parameters<typeof exchange>[1]]>([
    ['another path', 'GET /repos/a/c', {}],
    ['another query', 'GET /repos/a/b', { query: { page: '2' } }],
    ['another status', 'GET /repos/a/b', { status: 404 }],
    ['somebody else', 'GET /repos/a/b', { actor: 'user' }],
    ['what changes something', 'PATCH /repos/a/b', {}],
  ])('is another one for %s', (_, line, more) => {
    expect(again(line, { text: '{"a":1}', ...more })).toEqual([false, true, false, true])
  })
})
