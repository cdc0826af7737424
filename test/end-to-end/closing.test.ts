import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

/** Each test has a week of its own: the default window of its Wednesday, from 18:00Z to 19:00Z. */
let stage: Stage
let shop: Workshop
let week = 0
const opening = () => new Date(Date.UTC(2026, 11, 2 + 7 * week, 18))
const at = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1_000)
const closing = () => at(opening(), 3_600)

const aChange = (name: string) =>
  shop.openPull('ana', {
    branch: `${name}-${week}`,
    title: name,
    files: { [`src/${name}-${week}.ts`]: 'export {}\n' },
  })
const approve = async (change: Change, logins = ['chloe', 'dev']) => {
  for (const login of logins) await shop.review(login, change)
}
/** So many changes that are ready when the window opens, the day before. */
const ready = async (count: number): Promise<Change[]> => {
  week += 1
  await stage.moveTo(at(opening(), -86_400))
  const changes: Change[] = []
  for (let index = 0; index < count; index++) {
    const change = await aChange(`change-${index}`)
    await approve(change)
    changes.push(change)
  }
  return changes
}
const conclusions = async (changes: Change[]) =>
  Promise.all(changes.map(async (change) => (await shop.check(change))?.conclusion))
const noReads = () =>
  stage.github.faults.add({ kind: 'status', status: 502, method: 'GET', path: /\/repos\//, only: 'app' })
const runsOf = async ({ sha }: Change) => {
  const { data } = await stage
    .as('eva')
    .rest.checks.listForRef({ ...shop.repository, ref: sha, filter: 'all' })
  return data.total_count
}

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-12-01T18:00:00Z'), killable: true })
  cast(stage)
  shop = await setUpRepositories(stage)
  stage.github.installApp(shop.repository.owner)
})
afterAll(() => stage.close())

describe('opening and closing time', () => {
  test('candidates are read before; at the opening nothing has to be read, and each that is ready is written once', async () => {
    const changes = await ready(2)
    const other = await aChange('other')
    stage.github.requests.reset()
    await stage.moveTo(at(opening(), -300))
    expect(stage.github.requests.counts.all).toBeGreaterThan(0)
    stage.github.requests.reset()
    const readable = noReads()
    await stage.moveTo(opening())
    expect(await conclusions([...changes, other])).toEqual(['success', 'success', null])
    expect(stage.github.requests.counts.writes).toBe(2)
    readable()
  })

  test('a review that arrives between the preparation and the opening counts', async () => {
    const [stopped] = (await ready(1)) as [Change]
    const approved = await aChange('late')
    await stage.moveTo(at(opening(), -300))
    await stage.moveTo(at(opening(), -150))
    await shop.review('dev', stopped, 'REQUEST_CHANGES')
    await approve(approved)
    await stage.moveTo(opening())
    expect(await conclusions([stopped, approved])).toEqual(['failure', 'success'])
  })

  test('facts that could not be read again in time never turn a check green; it is read first', async () => {
    const changes = await ready(1)
    const readable = noReads()
    await stage.moveTo(at(opening(), -300))
    await stage.moveTo(opening())
    expect(await conclusions(changes)).toEqual([null])
    readable()
    await stage.moveTo(at(opening(), 400))
    expect(await conclusions(changes)).toEqual(['success'])
  })

  test('a lost answer at closing: the check is red, and was posted once', async () => {
    const changes = await ready(1)
    await stage.moveTo(at(opening(), -300))
    await stage.moveTo(opening())
    expect(await conclusions(changes)).toEqual(['success'])
    const [change] = changes as [Change]
    const before = await runsOf(change)
    stage.github.faults.add({
      kind: 'lost-reply',
      method: 'POST',
      path: /check-runs$/,
      times: 1,
      only: 'app',
    })
    await stage.moveTo(at(closing(), -60))
    await stage.moveTo(at(closing(), -30))
    expect(await conclusions(changes)).toEqual([null])
    expect(await runsOf(change)).toBe(before + 1)
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)
  })

  test('a head that moved: no green stays on the old one, nor on the new one', async () => {
    const [change] = (await ready(1)) as [Change]
    await stage.moveTo(at(opening(), -300))
    await stage.moveTo(opening())
    const moved = await shop.push('ana', change, { 'src/moved.ts': 'export {}\n' })
    expect(await conclusions([change, moved])).toEqual([null, null])
  })

  test('dead over the opening: what is ready turns green at the start, when it has been read', async () => {
    const changes = await ready(1)
    await stage.kill()
    await stage.moveTo(at(opening(), 900)).catch(() => undefined)
    await stage.startBot()
    await stage.settled()
    expect(await conclusions(changes)).toEqual(['success'])
  })

  test('dead over an opening and its closing: nothing is green, and the check names the next opening', async () => {
    const changes = await ready(1)
    await stage.kill()
    await stage.moveTo(at(closing(), 900)).catch(() => undefined)
    await stage.startBot()
    await stage.settled()
    expect(await conclusions(changes)).toEqual([null])
    const day = at(opening(), 7 * 86_400).getUTCDate()
    expect((await shop.check(changes[0] as Change))?.title).toMatch(new RegExp(`^Opens Wed, \\w{3} ${day}, `))
  })

  test('a freeze that a new policy brings inside the window revokes what is green', async () => {
    const changes = await ready(1)
    await stage.moveTo(at(opening(), -300))
    await stage.moveTo(opening())
    expect(await conclusions(changes)).toEqual(['success'])
    const day = opening().toISOString().slice(0, 10)
    const freeze = `{ from: ${day} 10:10, to: ${day} 23:00, reason: Christmas sale }`
    const policy = `gates:\n  approvals: {}\n  release_window:\n    freezes: [${freeze}]\n`
    await stage.moveTo(at(opening(), 600))
    const change = await shop.openPull('ana', {
      branch: 'freeze',
      title: 'Freeze for the sale',
      files: { '.github/release-gate.yml': policy },
    })
    await approve(change)
    expect(await shop.merge('eva', change)).toBeUndefined()
    expect(await conclusions(changes)).toEqual([null])
    expect((await shop.check(changes[0] as Change))?.summary).toContain('Christmas sale')
  })
})
