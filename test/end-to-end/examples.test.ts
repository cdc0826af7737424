import { createHmac, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aStage } from '../support/stage.ts'

/** Every example payload that GitHub's users have collected, of all its events, posted to the running bot. */
const examples = (
  createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: object[] }[]
).flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })))

let stage: Stage
beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
})
afterAll(() => stage.close())

async function post(event: string, payload: object): Promise<number> {
  const body = JSON.stringify(payload)
  const signature = createHmac('sha256', stage.github.app.webhookSecret).update(body).digest('hex')
  const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': randomUUID(),
      'x-github-event': event,
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
  return answer.status
}

describe('the example payloads of GitHub', () => {
  test('are many, of many events', () => {
    expect(examples.length).toBeGreaterThan(150)
    expect(new Set(examples.map(({ name }) => name)).size).toBeGreaterThan(40)
  })

  test('are all answered with 202, and leave no job that fails or is tried again', async () => {
    const answers: [string, number][] = []
    for (const { name, payload } of examples) answers.push([name, await post(name, payload)])
    expect(answers.filter(([, status]) => status !== 202)).toEqual([])
    await stage.settled()
    await stage.bot().end('SIGTERM')
    const database = await openDatabase(stage.database)
    const jobs = await database.query<{ name: string; state: string }>(
      'SELECT name, state, output, data FROM release_gate_jobs.job WHERE retry_count > 0 OR state = $1',
      ['failed'],
    )
    const kept = await database.query('SELECT 1 FROM release_gate.deliveries')
    await database.close()
    expect(jobs).toEqual([])
    expect(kept.length).toBeGreaterThan(20)
  })
})
