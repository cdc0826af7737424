import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { type Measure, percentile } from './measure.ts'

const pulls = 6
const rounds = 10
const patience = 20_000

/** From the arrival of a webhook at an idle bot to the write of its check at GitHub, over 60 reviews, one after the other. */
export async function benchLatency(stage: Stage, shop: Workshop): Promise<Measure[]> {
  const changes: Change[] = []
  for (let index = 0; index < pulls; index += 1) {
    const branch = `latency-${index}`
    changes.push(await shop.openPull('ben', { branch, title: branch, files: { [`src/${branch}.ts`]: '\n' } }))
  }
  const door = await aDoor(stage)
  stage.github.setWebhook({ url: door.url })
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    // The bot keeps to GitHub's writes a minute, by the story's clock: without this it would rightly wait.
    await stage.moveTo(new Date(stage.now().getTime() + 2 * 60_000))
    for (const change of changes)
      times.push(await timed(stage, door, () => review(stage, shop, change, round)))
  }
  stage.github.setWebhook({ url: `${stage.bot().url}/api/github/webhooks` })
  await door.close()
  return [
    {
      name: `webhook to published check, median of ${times.length}`,
      value: percentile(times, 0.5),
      unit: 'ms',
      aim: '150 ms',
    },
    { name: 'webhook to published check, p95', value: percentile(times, 0.95), unit: 'ms', aim: '500 ms' },
  ]
}

/** Approval and requested changes in turn: each changes the verdict, so each is followed by one write. */
function review(stage: Stage, { repository }: Workshop, { number }: Change, round: number): Promise<unknown> {
  return stage.as('chloe').rest.pulls.createReview({
    ...repository,
    pull_number: number,
    event: round % 2 === 0 ? 'APPROVE' : 'REQUEST_CHANGES',
    body: 'I looked at it.',
  })
}

type Door = { url: string; cameIn: () => number | undefined; forget: () => void; close: () => Promise<void> }

/** Stands before the bot's inbox and notes when a review comes in. */
async function aDoor(stage: Stage): Promise<Door> {
  let cameIn: number | undefined
  const server = createServer((request, response) => {
    if (request.headers['x-github-event'] === 'pull_request_review') cameIn ??= performance.now()
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
      const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: Buffer.concat(chunks),
      })
      response.writeHead(answer.status).end(await answer.text())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cameIn: () => cameIn,
    forget: () => {
      cameIn = undefined
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

async function timed(stage: Stage, door: Door, act: () => Promise<unknown>): Promise<number> {
  await stage.settled()
  door.forget()
  const { counts } = stage.github.requests
  const before = counts.writes
  await act()
  const began = performance.now()
  while (counts.writes === before) {
    if (performance.now() - began > patience) throw new Error(`No check within ${patience} ms of a review.`)
    await setImmediate()
  }
  return performance.now() - (door.cameIn() ?? Number.NaN)
}
