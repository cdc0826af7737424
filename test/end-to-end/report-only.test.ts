import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { databaseRequests } from '../../src/server/database-requests.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  closed,
  type MergingShop,
  openedIssues,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'
const enforced = 'gates: { approvals: {}, release_window: {} }\n'

describe('a policy that only reports, while the window is closed', () => {
  let stage: Stage
  let shop: MergingShop
  beforeAll(async () => {
    stage = await aStage({ at: closed })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await aRepositoryOf(stage, `enforce: false\n${enforced}`)
  })
  afterAll(() => stage.close())

  const report = async (json: boolean): Promise<string> => {
    const database = await openDatabase(stage.database)
    const parts: (string | Uint8Array)[] = []
    const shell = { database, queue: () => Promise.reject(new Error('sends nothing')) }
    const args = { since: '2026-11-20T00:00:00Z', json }
    expect(await databaseRequests.report(shell, args, async (part) => void parts.push(part))).toBe(0)
    await database.close()
    return parts.join('')
  }

  test('shows green checks that say what is missing, and reports the merges that it would have blocked', async () => {
    expect(await report(false)).toContain(
      'No merges under a policy with `enforce: false` since 2026-11-20 UTC.',
    )
    const change = await shop.change({ title: 'Sell more' })
    const check = await shop.check(change)
    expect(check).toMatchObject({ conclusion: 'success', title: 'Report only: Waiting for 2 approvals' })
    expect(check?.summary).toContain('### Needed before this can merge')
    expect(check?.summary).toContain('blocks nothing')
    expect(await shop.merge('eva', change)).toBeUndefined()
    const records = await recordsOf(stage)
    const decided = records.find(({ kind }) => kind === 'decided')
    expect(decided?.body).toMatchObject({ state: 'passed', reportOnly: 'waiting' })
    const [merged] = about(records, shop, 'merged')
    const gates = ['approvals', 'release_window']
    const wouldBlock = gates.map((gate) => ({ gate, title: expect.any(String) }))
    expect(merged?.body).toMatchObject({ reportOnly: { wouldBlock }, exception: null, urgent: null })
    expect(about(records, shop, 'exception')).toEqual([])
    expect(await openedIssues(stage, shop)).toEqual([])
    const text = await report(false)
    expect(text).toContain(`${shop.name}: 1 merge since 2026-11-20 UTC, 1 would have been blocked.`)
    expect(text).toContain('By gate: approvals 1, release_window 1.')
    expect(text).toContain(
      `#${change.number} Sell more (2026-11-24 UTC, eva)\n    approvals: Waiting for 2 approvals`,
    )
    expect(JSON.parse(await report(true)).repositories).toEqual([
      expect.objectContaining({
        repository: shop.name,
        merges: 1,
        gates: { approvals: 1, release_window: 1 },
      }),
    ])
  })

  const push = async (path: string) => {
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('main', 'origin/main')
    await copy.write({ [path]: 'x\n' })
    await copy.commit('At once')
    await copy.push({ ref: 'main' })
    await stage.settled()
    // A push counts as one without a pull request only after some minutes.
    await stage.moveTo(new Date(stage.now().getTime() + 3 * 60_000))
    return about(await recordsOf(stage), shop, 'exception')
  }

  test('makes no exception of a direct push', async () => {
    await allowBypass(stage, shop)
    expect(await push('src/direct.ts')).toEqual([])
    expect(await openedIssues(stage, shop)).toEqual([])
  })

  test('blocks open pull requests as soon as it is enforced, and a direct push is an exception then', async () => {
    const change = await shop.change()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const switching = await shop.openPull('ana', {
      branch: 'enforce',
      title: 'Enforce',
      files: { [path]: enforced },
    })
    expect(await shop.merge('eva', switching)).toBeUndefined()
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)
    expect((await push('src/later.ts')).map(({ body }) => body)).toMatchObject([
      { kind: 'pushed', branch: 'main', by: { login: 'olga' } },
    ])
  })

  test('is not switched on by a pull request for itself, and a bypass that switches it on is an exception', async () => {
    const files = { [path]: `enforce: false\n${enforced}` }
    const change = await shop.openPull('ana', { branch: 'report', title: 'Report only', files })
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
    expect(await shop.merge('olga', change)).toBeUndefined()
    const exception = about(await recordsOf(stage), shop, 'exception').at(-1)
    expect(exception?.body).toMatchObject({ number: change.number, kind: 'not passed' })
  })
})
