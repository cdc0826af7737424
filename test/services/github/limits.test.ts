import { describe, expect, it } from 'vitest'
import { type Answer, limitIn } from '../../../src/services/github/limits.ts'

const now = new Date('2026-11-25T18:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const epoch = (seconds: number) => String(at(seconds).getTime() / 1000)

describe('a limit of GitHub', () => {
  it.each<[string, Answer, object]>([
    [
      'is the hourly one where nothing remains: until its reset, for what it counts',
      {
        status: 403,
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': epoch(900),
          'x-ratelimit-resource': 'core',
        },
      },
      { resource: 'core', until: at(900) },
    ],
    [
      'is the hourly one of GraphQL, which answers 200',
      {
        status: 200,
        headers: {
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': epoch(600),
          'x-ratelimit-resource': 'graphql',
        },
        data: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] },
      },
      { resource: 'graphql', until: at(600) },
    ],
    [
      'is a secondary one with a time to wait: everything rests',
      { status: 403, headers: { 'retry-after': '30', 'x-ratelimit-remaining': '4000' } },
      { resource: 'all', until: at(30) },
    ],
    [
      'is a secondary one by its words alone: a minute',
      {
        status: 403,
        headers: {},
        data: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
      },
      { resource: 'all', until: at(60) },
    ],
    [
      'is a secondary one in the older words',
      { status: 403, headers: {}, data: { message: 'You have triggered an abuse detection mechanism.' } },
      { resource: 'all', until: at(60) },
    ],
    ['is any 429', { status: 429, headers: {} }, { resource: 'all', until: at(60) }],
    [
      'is a secondary one of GraphQL in an answer of 200',
      {
        status: 200,
        headers: {},
        data: { errors: [{ message: 'You have exceeded a secondary rate limit' }] },
      },
      { resource: 'all', until: at(60) },
    ],
    [
      'whose reset has passed by our clock rests a minute',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(-5) } },
      { resource: 'core', until: at(60) },
    ],
    [
      'whose reset is not a time rests a minute',
      { status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' } },
      { resource: 'core', until: at(60) },
    ],
  ])('%s', (_, answer, expected) => {
    expect(limitIn(answer, now)).toEqual(expected)
  })

  it.each<[string, Answer]>([
    ['a permission that is missing', { status: 403, headers: { 'x-ratelimit-remaining': '4000' } }],
    [
      'a suspended installation',
      { status: 403, headers: {}, data: { message: 'This installation has been suspended' } },
    ],
    ['the last request of the hour', { status: 200, headers: { 'x-ratelimit-remaining': '0' }, data: [] }],
    ['an error of GraphQL', { status: 200, headers: {}, data: { errors: [{ type: 'NOT_FOUND' }] } }],
    ['a 404', { status: 404, headers: { 'x-ratelimit-remaining': '0' } }],
    ['a server error', { status: 502, headers: { 'retry-after': '5' } }],
  ])('is not %s', (_, answer) => {
    expect(limitIn(answer, now)).toBeUndefined()
  })
})
