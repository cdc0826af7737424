import { beforeAll, expect, test } from 'vitest'
import { postedAt } from '../../src/store/audit/posted.ts'
import { appendRecord } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { describeOnBoth } from '../support/databases.ts'

const merged = new Date('2026-11-25T18:00:00Z')
const seconds = (after: number) => new Date(merged.getTime() + after * 1_000)

type Post = { after: number; state: string; pulls?: number[]; repository?: number; installation?: number }

describeOnBoth('the check that stood on a head at a merge', (open) => {
  let database: Database
  let heads = 0
  beforeAll(async () => {
    database = await open()
  })

  test.each<[string, Post[], string | undefined]>([
    [
      'is the newest one before it',
      [
        { after: -9, state: 'passed' },
        { after: -5, state: 'waiting' },
      ],
      'waiting -5',
    ],
    [
      'is the last one of several at that instant',
      [
        { after: 0, state: 'passed' },
        { after: 0, state: 'failed' },
      ],
      'failed 0',
    ],
    [
      'is one that turned green within three seconds after it by our clock',
      [
        { after: -5, state: 'waiting' },
        { after: 3, state: 'passed' },
      ],
      'passed 3',
    ],
    [
      'is not one that was posted after it and had not passed',
      [
        { after: -5, state: 'passed' },
        { after: 1, state: 'waiting' },
      ],
      'passed -5',
    ],
    [
      'is not one that turned green later',
      [
        { after: -5, state: 'waiting' },
        { after: 3.001, state: 'passed' },
      ],
      'waiting -5',
    ],
    [
      'is not the one that was left when no pull request had the head anymore',
      [
        { after: -5, state: 'passed' },
        { after: 0, state: 'waiting', pulls: [] },
      ],
      'passed -5',
    ],
    ['is not one of another pull request', [{ after: -5, state: 'passed', pulls: [8] }], undefined],
    ['is one that several share', [{ after: -5, state: 'failed', pulls: [8, 7] }], 'failed -5'],
    ['is not one of another repository', [{ after: -5, state: 'passed', repository: 9 }], undefined],
    ['is not one of another installation', [{ after: -5, state: 'passed', installation: 9 }], undefined],
    ['is not known where nothing was posted', [], undefined],
  ])('%s', async (_, posts, expected) => {
    const sha = (++heads).toString(16).padStart(40, 'a')
    for (const { after, state, pulls = [7], repository = 2, installation = 1 } of posts) {
      const body = { repository: { id: repository }, head: sha, pulls, checkRun: 5, state, title: 'T' }
      await appendRecord(database, {
        installationId: installation,
        kind: 'published',
        at: seconds(after),
        body,
      })
    }
    const pull = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 7 }
    const stood = await postedAt(database, pull, { sha, from: merged, until: seconds(3) })
    expect(stood && `${stood.state} ${(Date.parse(stood.at) - merged.getTime()) / 1_000}`).toBe(expected)
  })

  test('is found by the head alone, whatever a title says', async () => {
    const sha = 'b'.repeat(40)
    const title = `"head":"${sha}"`
    const body = {
      repository: { id: 2 },
      head: 'c'.repeat(40),
      pulls: [7],
      checkRun: 5,
      state: 'passed',
      title,
    }
    await appendRecord(database, { installationId: 1, kind: 'published', at: merged, body })
    const pull = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number: 7 }
    expect(await postedAt(database, pull, { sha, from: merged, until: merged })).toBeUndefined()
  })
})
