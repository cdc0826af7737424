import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BotProcess, startBotProcess } from '../../src/sandbox/bot-process.ts'
import { type Stage, setStage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories } from '../../src/sandbox/workshop.ts'
import { aPostgresUrl } from '../support/databases.ts'

const opening = new Date('2026-12-09T18:00:00Z')
const closing = new Date('2026-12-09T19:00:00Z')
const at = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1_000)

let stage: Stage
let second: BotProcess

beforeAll(async () => {
  const url = await aPostgresUrl()
  const start = at(opening, -86_400)
  stage = await setStage({ at: start, database: { url } })
  const { github, slack } = stage
  second = await startBotProcess({
    at: start,
    env: {
      DATABASE_URL: url,
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      GITHUB_API_URL: github.url,
      SLACK_BOT_TOKEN: slack.token,
      SLACK_API_URL: slack.url,
    },
  })
})
afterAll(async () => {
  await second.end('SIGTERM')
  await stage.close()
})

const moveBothTo = async (time: Date) => {
  await Promise.all([second.setTime(time), stage.moveTo(time)])
  await second.idle()
  await stage.settled()
}

test('two processes on one Postgres write each check once, at the opening and at closing', async () => {
  cast(stage)
  const shop = await setUpRepositories(stage)
  stage.github.installApp(shop.repository.owner)
  const changes: Change[] = []
  for (let index = 0; index < 4; index++) {
    const change = await shop.openPull('ana', {
      branch: `change-${index}`,
      title: 'A change',
      files: { [`src/${index}.ts`]: 'export {}\n' },
    })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    changes.push(change)
  }
  const conclusions = () => Promise.all(changes.map(async (change) => (await shop.check(change))?.conclusion))
  const writes = async (time: Date) => {
    stage.github.requests.reset()
    await moveBothTo(time)
    return stage.github.requests.counts.writes
  }

  expect(await writes(at(opening, -300))).toBe(0)
  expect(await writes(opening)).toBe(4)
  expect(await conclusions()).toEqual(Array(4).fill('success'))
  expect(await writes(at(closing, -60))).toBe(4)
  expect(await conclusions()).toEqual(Array(4).fill(null))
})
