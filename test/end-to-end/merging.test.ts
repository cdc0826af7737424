import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  closed,
  inWindow,
  letNoticesPass,
  type MergingShop,
  openedIssues,
  type ReadRecord,
  recordsOf,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
const at = (time: string) => stage.moveTo(new Date(time))

beforeAll(async () => {
  stage = await aStage({ at: closed })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

/** Everything that a scene left behind. */
async function traces(shop: MergingShop, records: ReadRecord[]) {
  return {
    merged: about(records, shop, 'merged'),
    exceptions: about(records, shop, 'exception'),
    announced: about(records, shop, 'announced'),
    issues: await openedIssues(stage, shop),
    messages: shop.messages(),
  }
}
type Traces = Awaited<ReturnType<typeof traces>>

/** Read once for several scenes: the notices of all of them take their time. */
async function settledRecords(): Promise<ReadRecord[]> {
  await letNoticesPass(stage)
  return recordsOf(stage)
}
const bodyOf = ([record]: ReadRecord[]) => record?.body ?? {}

describe('a merge by the rule', () => {
  let shop: MergingShop
  let change: Change
  let left: Traces

  beforeAll(async () => {
    await at('2026-11-24T22:00:00Z')
    shop = await aRepositoryOf(stage)
    change = await shop.approvedChange({
      title: 'Cap rewards, PAY-12',
      body: 'Reason: paid too much\nRisk: low\nRollback: revert it',
    })
    stage.github.faults.add({ kind: 'double', event: 'pull_request', times: 5 })
    await stage.moveTo(inWindow)
    expect(await shop.merge('eva', change)).toBeUndefined()
    left = await traces(shop, await settledRecords())
  })

  test('appends one change record, however often its event is delivered', () => {
    expect(left.merged).toHaveLength(1)
    expect(bodyOf(left.merged)).toMatchObject({
      number: change.number,
      title: 'Cap rewards, PAY-12',
      base: { ref: 'main' },
      head: { sha: change.sha },
      mergeCommit: expect.stringMatching(/^[0-9a-f]{40}$/),
      author: { login: 'ana' },
      contributors: [
        expect.objectContaining({ login: 'ana', as: expect.arrayContaining(['opener', 'pusher']) }),
      ],
      description: { tickets: ['PAY-12'], reason: 'paid too much', risk: 'low', rollback: 'revert it' },
      approvers: [
        { login: 'chloe', role: 'write', commit: change.sha },
        { login: 'dev', role: 'write', commit: change.sha },
      ],
      checks: [{ name: 'Release gate', conclusion: 'success' }],
      verdict: { state: 'passed', head: change.sha },
      window: { state: 'window', closesAt: '2026-11-25T19:00:00.000Z' },
      urgent: null,
      policy: { where: '.github/release-gate.yml', blob: expect.stringMatching(/^[0-9a-f]{40}$/) },
      mergedBy: { login: 'eva' },
      mergedAt: '2026-11-25T18:00:00.000Z',
      exception: null,
    })
  })

  test('is not an exception: no record of one, no issue', () => {
    expect(left.exceptions).toEqual([])
    expect(left.issues).toEqual([])
  })

  test('is announced once with title, author, who approved and the window', () => {
    expect(left.messages).toHaveLength(1)
    const [text = ''] = left.messages
    for (const part of ['Cap rewards', 'ana', 'chloe', 'dev', 'eva', 'Open until Wed, Nov 25, 11:00 AM PST'])
      expect(text).toContain(part)
    expect(text).not.toContain('bypassed')
  })

  test('the records and the check hold the permalink of the notice, and the check stays as it was', async () => {
    const { permalink, change: of } = bodyOf(left.announced) as { permalink: string; change: object }
    expect(left.announced).toHaveLength(1)
    expect(of).toEqual({ seq: left.merged[0]?.seq })
    expect((await fetch(permalink)).status).toBe(200)
    const check = await shop.check(change)
    expect(check?.summary).toContain(permalink)
    expect(check).toMatchObject({ conclusion: 'success', title: expect.stringMatching(/^Ready to merge/) })
  })
})

describe('a merge without a passed verdict for that head at that time', () => {
  type Scene = { name: string; play: () => Promise<MergingShop>; kind: string; bypassed: RegExp }
  const scenes: Scene[] = [
    {
      name: 'an administrator goes past the check before the window',
      play: async () => {
        await at('2026-12-01T22:00:00Z')
        const shop = await aRepositoryOf(stage)
        await allowBypass(stage, shop)
        const change = await shop.approvedChange()
        expect(await shop.merge('olga', change)).toBeUndefined()
        return shop
      },
      kind: 'not passed',
      bypassed: /^Release window: Opens Wed, Dec 2, /,
    },
    {
      name: 'an administrator goes past missing approvals in the window',
      play: async () => {
        await at('2026-12-02T18:10:00Z')
        const shop = await aRepositoryOf(stage)
        await allowBypass(stage, shop)
        const change = await shop.change()
        expect(await shop.merge('olga', change)).toBeUndefined()
        return shop
      },
      kind: 'not passed',
      bypassed: /^Approvals: Waiting for 2 approvals$/,
    },
    {
      name: 'the check is not required, and nobody waits for it',
      play: async () => {
        await at('2026-12-02T18:20:00Z')
        const shop = await aRepositoryOf(stage)
        await notRequired(shop)
        const change = await shop.change()
        expect(await shop.merge('ana', change)).toBeUndefined()
        return shop
      },
      kind: 'not passed',
      bypassed: /^Approvals/,
    },
    {
      name: 'somebody pushes while the bot is down, and merges what was never evaluated',
      play: async () => {
        await at('2026-12-09T18:00:00Z')
        const shop = await aRepositoryOf(stage)
        await allowBypass(stage, shop)
        const change = await shop.approvedChange()
        await stage.stop()
        const copy = await stage.github.workingCopy(shop.name, 'ana')
        await copy.branch(change.branch, `origin/${change.branch}`)
        await copy.write({ 'src/more.ts': 'x\n' })
        const sha = await copy.commit('More')
        await copy.push({ ref: change.branch })
        await stage.as('olga').rest.pulls.merge({ ...shop.repository, pull_number: change.number, sha })
        await stage.startBot()
        await stage.settled()
        return shop
      },
      kind: 'not evaluated',
      bypassed: /^The release gate had not checked the commit that was merged/,
    },
    {
      name: 'the bot is down at closing and its green check outlives the window: a late merge',
      play: async () => {
        await at('2026-12-16T18:00:00Z')
        const shop = await aRepositoryOf(stage)
        const change = await shop.approvedChange()
        await at('2026-12-16T18:58:00Z')
        expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
        await stage.stop()
        await laterWithoutBot('2026-12-16T19:00:00Z')
        await stage.as('ana').rest.pulls.merge({ ...shop.repository, pull_number: change.number })
        await laterWithoutBot('2026-12-16T19:05:00Z')
        await stage.startBot()
        await stage.settled()
        return shop
      },
      kind: 'late',
      bypassed: /^Release window: Opens Wed, Dec 23, /,
    },
  ]

  const played = new Map<string, Traces>()
  beforeAll(async () => {
    const shops: [string, MergingShop][] = []
    for (const { name, play } of scenes) shops.push([name, await play()])
    const records = await settledRecords()
    for (const [name, shop] of shops) played.set(name, await traces(shop, records))
  })

  describe.each(scenes)('$name', ({ name, kind, bypassed }) => {
    let left: Traces
    beforeAll(() => {
      left = played.get(name) as Traces
    })

    test('is recorded with what was missing', () => {
      expect(left.merged).toHaveLength(1)
      expect(bodyOf(left.merged)).toMatchObject({
        exception: { kind, bypassed: expect.arrayContaining([expect.stringMatching(bypassed)]) },
      })
      expect(left.exceptions).toHaveLength(1)
      expect(bodyOf(left.exceptions)).toMatchObject({ kind, change: { seq: left.merged[0]?.seq } })
    })

    test('opens one issue for its review, which names who bypassed what', () => {
      expect(left.issues).toHaveLength(1)
      const [issue] = left.issues
      expect(issue).toMatchObject({ labels: ['release-exception'], state: 'open' })
      const by = (bodyOf(left.merged).mergedBy as { login: string }).login
      expect(issue?.body).toContain(`\`${by}\` merged #1`)
      const [first = ''] = (bodyOf(left.merged).exception as { bypassed: string[] }).bypassed
      expect(issue?.body).toContain(first)
    })

    test('is announced as an exception that links the issue, and not as an ordinary merge', () => {
      expect(left.messages).toHaveLength(1)
      expect(left.messages[0]).toContain('Release gate bypassed by a merge')
      expect(left.messages[0]).toContain(`Review in #${left.issues[0]?.number}`)
    })
  })
})

describe('no exception', () => {
  let records: ReadRecord[]
  let inMargin: MergingShop
  let whileDown: MergingShop
  let unheard: MergingShop
  let closedOnly: MergingShop
  let elsewhere: MergingShop

  beforeAll(async () => {
    await at('2027-01-06T18:00:00Z')
    inMargin = await aRepositoryOf(stage)
    await allowBypass(stage, inMargin)
    const change = await inMargin.approvedChange()
    await at('2027-01-06T18:59:30Z')
    expect(await inMargin.check(change)).toMatchObject({ conclusion: null })
    expect(await inMargin.merge('olga', change)).toBeUndefined()

    await at('2027-01-13T18:00:00Z')
    whileDown = await aRepositoryOf(stage)
    const green = await whileDown.approvedChange()
    await stage.stop()
    await stage.as('eva').rest.pulls.merge({ ...whileDown.repository, pull_number: green.number })
    await stage.startBot()
    await stage.settled()

    unheard = await aRepositoryOf(stage)
    const silent = await unheard.approvedChange()
    stage.github.faults.add({ kind: 'lose', event: 'pull_request', times: 1 })
    expect(await unheard.merge('eva', silent)).toBeUndefined()
    expect(unheard.messages()).toEqual([])

    closedOnly = await aRepositoryOf(stage)
    const { number } = await closedOnly.change()
    await stage
      .as('ana')
      .rest.pulls.update({ ...closedOnly.repository, pull_number: number, state: 'closed' })

    elsewhere = await aRepositoryOf(stage)
    const copy = await stage.github.workingCopy(elsewhere.name, 'olga')
    await copy.branch('side')
    await copy.push({ ref: 'side' })
    expect(await elsewhere.merge('ana', await elsewhere.change({ base: 'side' }))).toBeUndefined()
    records = await settledRecords()
  })

  test('a merge in the margin before closing is in the window', async () => {
    const left = await traces(inMargin, records)
    expect(bodyOf(left.merged)).toMatchObject({ exception: null, window: { state: 'window' } })
    expect(left.exceptions).toEqual([])
    expect(left.issues).toEqual([])
  })

  test('a merge by the rule while the bot is down is recorded when it is back', async () => {
    const left = await traces(whileDown, records)
    expect(left.merged).toHaveLength(1)
    expect(bodyOf(left.merged)).toMatchObject({ exception: null })
    expect(left.exceptions).toEqual([])
    expect(left.messages).toHaveLength(1)
  })

  test('a merge of which no event ever tells is found when all pull requests are evaluated again', async () => {
    await stage.stop()
    await stage.startBot()
    await stage.settled()
    const again = await settledRecords()
    const left = await traces(unheard, again)
    expect(left.merged).toHaveLength(1)
    expect(bodyOf(left.merged)).toMatchObject({ exception: null })
    expect(left.issues).toEqual([])
  })

  test('a pull request that is closed without a merge leaves nothing', async () => {
    const nothing = { merged: [], exceptions: [], announced: [], issues: [], messages: [] }
    expect(await traces(closedOnly, records)).toEqual(nothing)
  })

  test("a merge into a branch that the policy leaves out is nobody's business", async () => {
    const nothing = { merged: [], exceptions: [], announced: [], issues: [], messages: [] }
    expect(await traces(elsewhere, records)).toEqual(nothing)
  })
})

test("GitHub's auto-merge merges an approved change when the window opens, without anyone's help", async () => {
  await at('2027-01-19T22:00:00Z')
  const shop = await aRepositoryOf(stage)
  const change = await shop.approvedChange()
  await stage.github.enableAutoMerge(`${shop.name}#${change.number}`, 'ana')
  const isMerged = async () => {
    await stage.settled()
    const { data } = await stage.as('ana').rest.pulls.get({ ...shop.repository, pull_number: change.number })
    return data.merged
  }
  await at('2027-01-20T17:59:59Z')
  expect(await isMerged()).toBe(false)
  await at('2027-01-20T18:00:00Z')
  expect(await isMerged()).toBe(true)
  const [merged] = about(await recordsOf(stage), shop, 'merged')
  expect(merged?.body).toMatchObject({ exception: null, window: { state: 'window' } })
})

test("a merge by GitHub's auto-merge on a green check whose answer was lost is no exception", async () => {
  await at('2027-01-26T22:00:00Z')
  const shop = await aRepositoryOf(stage)
  const change = await shop.approvedChange()
  await stage.github.enableAutoMerge(`${shop.name}#${change.number}`, 'ana')
  await at('2027-01-27T17:59:59Z')
  stage.github.faults.add({
    kind: 'lost-reply',
    path: /\/check-runs/,
    times: 1,
    only: 'app',
  })
  await at('2027-01-27T18:00:00Z')
  for (const seconds of [10, 20, 40, 60, 120, 240])
    await at(`2027-01-27T18:0${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}Z`)
  expect(stage.bot().log()).toContain('other side closed')
  const [merged] = about(await recordsOf(stage), shop, 'merged')
  expect(merged?.body).toMatchObject({
    mergedAt: '2027-01-27T18:00:00.000Z',
    exception: null,
    window: { state: 'window' },
  })
})

/** Time passes for everybody while the bot does not run. */
async function laterWithoutBot(time: string): Promise<void> {
  await stage.moveTo(new Date(time)).catch(() => undefined)
}

async function notRequired({ repository }: MergingShop): Promise<void> {
  const rulesets = await stage.as('olga').request('GET /repos/{owner}/{repo}/rulesets', repository)
  for (const { id } of rulesets.data) {
    await stage.as('olga').request('DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...repository,
      ruleset_id: id,
    })
  }
}
