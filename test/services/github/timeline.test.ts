import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitHub } from '../../../src/services/github/client.ts'
import { readTimeline } from '../../../src/services/github/timeline.ts'
import { buildHouse, type House } from '../../sandbox/github/house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse()
})
afterAll(() => house.github.close())

test('issue events are given oldest first: who put a label on last is read from the last page', async () => {
  const { as, repo } = house
  const number = await house.openPull('wim', 'many', { 'many.txt': 'x\n' })
  const issue = { ...repo, issue_number: number }
  await as('ada').issues.createLabel({ ...repo, name: 'urgent', color: 'd73a4a' })
  for (let times = 0; times < 55; times++) {
    await as('tess').issues.addLabels({ ...issue, labels: ['urgent'] })
    await as('tess').issues.removeLabel({ ...issue, name: 'urgent' })
  }
  await as('mary').issues.addLabels({ ...issue, labels: ['urgent'] })
  const bot = { rest: house.bot, paginate: house.bot.paginate } as unknown as GitHub
  const timeline = await readTimeline(bot, repo, number)
  expect(timeline.labelled.get('urgent')?.by).toMatchObject({ login: 'mary' })
})
