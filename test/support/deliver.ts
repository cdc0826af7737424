import { createHmac, randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'

/**
 * Sends a delivery to the bot as GitHub signs it: the signature covers the body only, not the name of the event. Gives the text of the
 * bot's answer.
 */
export async function deliver(stage: Stage, event: string, payload: object): Promise<string> {
  const body = JSON.stringify(payload)
  const signature = createHmac('sha256', stage.github.app.webhookSecret).update(body).digest('hex')
  const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
  expect(answer.status).toBe(202)
  return answer.text()
}
