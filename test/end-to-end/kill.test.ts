import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStageOnPglite } from '../support/stage.ts'

/** How long after the event the bot is killed, in milliseconds: spread over an evaluation, which takes about 100. */
const delays = (process.env.SIZE === 'large' ? [0, 5, 15, 30, 45, 60, 80, 100, 130, 170] : [0, 45]).entries()

describe('kill -9 of the bot at any moment, then a restart', () => {
  let stage: Stage
  let shop: Workshop
  beforeAll(async () => {
    stage = await aStageOnPglite({ at: new Date('2026-11-24T22:00:00Z'), killable: true })
    cast(stage)
    shop = await setUpRepositories(stage)
    stage.github.installApp(shop.repository.owner)
    await stage.settled()
  })
  afterAll(() => stage.close())

  const dieDuring = async (delay: number, event: () => Promise<unknown>) => {
    const happens = event()
    await setTimeout(delay)
    await stage.kill()
    await happens
    await stage.startBot()
    await stage.settled()
  }
  const review = (login: string, change: Change) =>
    stage
      .as(login)
      .rest.pulls.createReview({ ...shop.repository, pull_number: change.number, event: 'APPROVE' })

  test.each([...delays])(
    'run %i, killed %i ms after each event: the right check appears',
    async (run, delay) => {
      await stage.moveTo(new Date(Date.UTC(2026, 10, 24 + 7 * run, 22)))
      const change = await shop.openPull('ana', {
        branch: `run-${run}`,
        title: 'A',
        files: { [`src/${run}.ts`]: 'a\n' },
      })

      await dieDuring(delay, () => review('chloe', change))
      expect(await shop.check(change)).toMatchObject({
        title: 'Waiting for 1 more approval',
        conclusion: null,
      })

      await dieDuring(delay, () => review('dev', change))
      expect(await shop.check(change)).toMatchObject({
        title: expect.stringMatching(/^Opens Wed/),
        conclusion: null,
      })

      await dieDuring(delay, () =>
        stage.moveTo(new Date(Date.UTC(2026, 10, 25 + 7 * run, 18))).catch(() => undefined),
      )
      expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })

      await dieDuring(delay, () =>
        stage.as('dev').rest.pulls.createReview({
          ...shop.repository,
          pull_number: change.number,
          event: 'REQUEST_CHANGES',
          body: 'No.',
        }),
      )
      expect(await shop.check(change)).toMatchObject({
        title: 'Changes requested by dev',
        conclusion: 'failure',
      })
      expect(await shop.merge('eva', change)).toMatch(/Release gate/)
    },
  )

  test.each([...delays])(
    'run %i, killed %i ms after a command in a comment: it is done and answered once',
    async (run, delay) => {
      const policy = 'commands: true\ngates:\n  approvals: { count: 1 }\n  release_window: {}\n'
      const where = await setUpRepositories(stage, { repo: `commands-${run}`, policy })
      const change = await where.openPull('ana', { branch: 'x', title: 'X', files: { 'src/x.ts': 'x\n' } })
      await where.review('chloe', change)
      await stage.moveTo(new Date(stage.now().getTime() + 60_000))
      const place = { ...where.repository, issue_number: change.number }
      const { issues, reactions } = stage.as('eva').rest

      await dieDuring(delay, () => issues.createComment({ ...place, body: '/urgent checkout is down' }))
      for (let retry = 0; retry < 3; retry += 1) await stage.moveTo(new Date(stage.now().getTime() + 60_000))

      const { data: comments } = await issues.listComments(place)
      expect(comments.map(({ user }) => user?.login)).toEqual(['eva'])
      const { data: reacted } = await reactions.listForIssueComment({
        ...where.repository,
        comment_id: comments[0]?.id ?? 0,
      })
      expect(reacted.map(({ content }) => content)).toEqual(['+1'])
      expect(await where.check(change)).toMatchObject({ conclusion: 'success' })
      expect((await where.check(change))?.summary).toContain('`eva` marked it as `urgent`')
    },
  )

  test('dead over the closing of the window: no green outlives it', async () => {
    await stage.moveTo(new Date('2027-02-09T22:00:00Z'))
    const change = await shop.openPull('ana', {
      branch: 'late',
      title: 'Late',
      files: { 'src/late.ts': 'a\n' },
    })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    await stage.moveTo(new Date('2027-02-10T18:30:00Z'))
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })

    await stage.kill()
    await stage.moveTo(new Date('2027-02-10T19:05:00Z')).catch(() => undefined)
    await stage.startBot()
    await stage.settled()

    expect(await shop.check(change)).toMatchObject({
      title: expect.stringMatching(/^Opens Wed, Feb 17, /),
      conclusion: null,
    })
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)
  })
})
