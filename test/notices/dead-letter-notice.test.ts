import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noticeSchema } from '../../src/decision/notice.ts'
import { deadLetterNotice } from '../../src/notices/dead-letter-notice.ts'
import type { Database } from '../../src/store/database.ts'
import { storeDelivery } from '../../src/store/inbox.ts'
import { aDatabase } from '../support/databases.ts'
import { aPull } from '../support/queues.ts'

const AT = new Date('2026-11-25T18:59:59.999Z')

let database: Database
beforeAll(async () => {
  database = await aDatabase()
})
afterAll(() => database.close())

const noticeOf = (queue: string, data: object, now = AT) =>
  deadLetterNotice(database, { queue, data, problem: 'poison' }, now)

let deliveries = 0
/** The id of a stored delivery with this body. */
async function delivered(body: string): Promise<string> {
  const ids: string[] = []
  const received = { guid: `guid-${++deliveries}`, event: 'pull_request', body: Buffer.from(body) }
  await storeDelivery(database, received, AT, async (id) => void ids.push(id))
  return ids[0] ?? ''
}

describe('the notice of a job that was given up', () => {
  const expected = {
    kind: 'dead letter',
    key: 'dead-letter/evaluate/2/7/2026-11-25T18',
    repository: { installationId: 1, repositoryId: 2, owner: 'octo-org', repo: 'shop' },
    queue: 'evaluate',
    number: 7,
    problem: 'poison',
  }

  test('names the pull request, in the repository whose channel it goes to', async () => {
    const notice = await noticeOf('evaluate', aPull({ requestedBy: 42 }))
    expect(notice).toEqual(expected)
    expect(noticeSchema.safeParse(notice).success).toBe(true)
  })

  test('is the same for a job that was delayed', async () => {
    const data = { queue: 'evaluate', data: aPull(), key: '1/2/7' }
    expect(await noticeOf('recheck', data)).toEqual(expected)
  })

  test('comes at most once an hour for a pull request', async () => {
    const key = async (now: string, number = 7) =>
      (await noticeOf('evaluate', aPull({ number }), new Date(now)))?.key
    expect(await key('2026-11-25T18:00:00Z')).toBe(expected.key)
    expect(await key('2026-11-25T19:00:00Z')).not.toBe(expected.key)
    expect(await key('2026-11-25T18:00:00Z', 8)).not.toBe(expected.key)
  })

  test.each([
    ['a merge', { task: 'merged', pull: aPull() }, 7],
    ['a push', { task: 'pushed', push: { branch: 'main', before: 'a', after: 'b' } }, undefined],
    ['a merge group', { task: 'group', group: { headSha: 'a', headRef: 'h', baseRef: 'b' } }, undefined],
    ['the issue of a review', { task: 'issue', number: 12 }, undefined],
  ])('of the look at %s: to its repository', async (_, task, number) => {
    const data = 'pull' in task ? task : { ...task, repository: expected.repository }
    expect(await noticeOf('merging', data)).toMatchObject({
      repository: expected.repository,
      queue: 'merging',
      ...(number ? { number } : {}),
    })
  })

  const incidents = { installationId: 1, repositoryId: 9, owner: 'octo-org', repo: 'incidents' }
  test.each(['look', 'post-mortem', 'mirror'])(
    'of the job %s about an incident: to the repository whose policy counts for it',
    async (task) => {
      const job = {
        queue: 'incidents',
        data: { task, repository: incidents, number: 3, mirror: 'jira' },
        problem: 'poison',
      }
      const notice = await deadLetterNotice(database, job, AT, expected.repository)
      expect(notice).toEqual({
        kind: 'dead letter',
        key: 'dead-letter/incidents/9/3/2026-11-25T18',
        repository: expected.repository,
        queue: 'incidents',
        problem: 'octo-org/incidents#3: poison',
      })
    },
  )

  test('of the watch of a release: to its repository', async () => {
    const { repository } = expected
    const about = { key: 'watch/merged/2/7', summary: 'octo-org/shop#7', at: AT.toISOString() }
    const data = { task: 'watch', repository, ...about, url: 'https://github.com/octo-org/shop/pull/7' }
    expect(await noticeOf('incidents', data)).toMatchObject({ repository, problem: 'poison' })
  })

  test('of a delivery: to the repository that the delivery names', async () => {
    const body = {
      action: 'opened',
      installation: { id: 1, node_id: 'x' },
      repository: { id: 2, name: 'shop', owner: { login: 'octo-org', id: 5 }, private: true },
    }
    const id = await delivered(JSON.stringify(body))
    const { number: _, ...rest } = expected
    expect(await noticeOf('deliveries', { id })).toEqual({
      ...rest,
      key: 'dead-letter/deliveries/2/delivery/2026-11-25T18',
      queue: 'deliveries',
    })
  })

  test.each([
    [
      'a notice, which could not be reported either',
      'notices',
      { kind: 'merged', key: 'k', repository: aPull() },
    ],
    ['a notice that was delayed', 'later', { queue: 'notices', data: { kind: 'merged' }, key: null }],
    ['a job about no pull request', 'evaluate', { id: 5 }],
    ['a delivery that is not there', 'deliveries', { id: '999999' }],
  ])('there is none of %s', async (_, queue, data) => {
    expect(await noticeOf(queue, data)).toBeUndefined()
  })

  test.each([
    ['is not JSON', '{'],
    ['names no repository', '{"installation":{"id":1}}'],
  ])('there is none of a delivery that %s', async (_, body) => {
    expect(await noticeOf('deliveries', { id: await delivered(body) })).toBeUndefined()
  })
})
