import { describe, expect, test } from 'vitest'
import { unverifiedReport } from '../../src/decision/unverified-report.ts'

const sha = (digit: string) => digit.repeat(40)

describe('the check of what could not be verified', () => {
  test.each([
    [
      'an answer',
      { request: 'GET /repos/acme/shop/issues/1/events', status: 404, problem: 'Not Found' },
      'GET issues/1/events answered 404',
    ],
    [
      'no answer',
      { request: 'GET /repos/acme/shop/pulls/1', problem: 'timeout' },
      'no answer to GET pulls/1',
    ],
    [
      'a comparison of commits',
      { request: `GET /repos/acme/shop/compare/${sha('a')}...${sha('b')}`, status: 500, problem: 'x' },
      'GET compare/aaaaaaa...bbbbbbb answered 500',
    ],
    [
      'an address outside of the repository',
      { request: 'GET /orgs/acme/teams/core/members', status: 403, problem: 'x' },
      'GET /orgs/acme/teams/core/members answered 403',
    ],
    ['no request', { problem: 'the database is gone' }, 'the database is gone'],
  ])('names %s in its title, and is red', (_, unreadable, title) => {
    expect(unverifiedReport(unreadable)).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      title: `Could not be verified: ${title}`,
    })
  })

  test.each([
    [401, /private key/],
    [403, /permissions/],
    [404, /permissions/],
    [500, /retried/],
    [undefined, /retried/],
  ])('after %s it says who can fix it', (status, remedy) => {
    expect(unverifiedReport({ request: 'GET /repos/a/b/pulls/1', status, problem: 'x' }).summary).toMatch(
      remedy,
    )
  })

  test('shows what a server said as text', () => {
    const { summary } = unverifiedReport({ request: 'GET /x', status: 500, problem: '<img> @eva ![x](y)' })
    expect(summary).toContain('`<img> @eva ![x](y)`')
  })
})
