import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { aWorldWithIncidents, openIncidents, workOn } from '../support/incidents.ts'
import { pagesOn, pagingPolicy } from '../support/paging.ts'
import { aStageOnPglite } from '../support/stage.ts'

let stage: Stage
let day = 19

beforeAll(async () => {
  stage = await aStageOnPglite({ at: new Date('2026-10-19T16:00:00Z'), operations: true, killable: true })
  await aWorldWithIncidents(stage, pagingPolicy)
})
afterAll(() => stage.close())

const { pagesFor, issueFor, pass, alert, alertAgain } = pagesOn(() => stage)
const aDayLater = () => stage.moveTo(new Date(Date.UTC(2026, 9, ++day, 16)))

describe('kill -9 at any moment, then a restart', () => {
  const dieDuring = async (delay: number, happens: () => Promise<unknown>) => {
    const happening = happens().catch(() => undefined)
    await setTimeout(delay)
    await stage.kill()
    await happening
    await stage.startBot()
    await stage.settled()
  }

  const delays = process.env.SIZE === 'large' ? [0, 20, 40, 60, 90, 120, 160] : [30]

  test.each(delays)('%i ms after it: no page is lost, and none comes twice', async (delay) => {
    await aDayLater()
    const id = `K${delay}`
    const number = await alert(id)
    const issue = workOn(stage, number)
    await dieDuring(delay, () => stage.moveTo(new Date(stage.now().getTime() + 7.6 * 60_000)))
    await pass(10)
    expect(pagesFor(number)).toEqual([
      { key: '0/P0/0/on_call', state: 'triggered', pages: 1 },
      { key: '0/P0/50/lead', state: 'triggered', pages: 1 },
    ])
    await dieDuring(delay, () => issue.close('eva'))
    await pass(30)
    expect(pagesFor(number).map(({ state, pages }) => [state, pages])).toEqual([
      ['resolved', 1],
      ['resolved', 1],
    ])
    expect(issueFor(number)).toHaveLength(1)
  })

  test('during the alert itself: one incident and one page', async () => {
    await aDayLater()
    await dieDuring(25, () => alert('K-first'))
    await alertAgain('K-first')
    await pass(10)
    const opened = (await openIncidents(stage)).filter(({ title }) => title === 'Payments fail K-first')
    expect(opened).toHaveLength(1)
    expect(pagesFor(opened[0]?.number ?? 0)).toEqual([
      { key: '0/P0/0/on_call', state: 'triggered', pages: 1 },
    ])
  })
})
