import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('status, for whoever runs the release', () => {
  let stage: Stage
  let shop: Workshop
  beforeAll(async () => {
    stage = await aStage({ at: new Date('2026-11-25T17:00:00Z') })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await setUpRepositories(stage)
    for (const branch of ['ready', 'waits']) {
      const files = { [`src/${branch}.ts`]: 'export {}\n' }
      const change = await shop.openPull('ana', { branch, title: `It ${branch}`, files })
      if (branch === 'ready') for (const login of ['chloe', 'dev']) await shop.review(login, change)
    }
  })
  afterAll(() => stage.close())

  const status = (...args: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const env = { PATH: process.env.PATH ?? '', OPERATOR_TOKEN: stage.operatorToken }
      const words = [main, 'status', '--url', stage.bot().url, ...args]
      execFile(process.execPath, words, { env, cwd: '/' }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr }),
      )
    })

  test('before the opening: what is ready for it, what waits and for what', async () => {
    const { code, out } = await status()
    expect(code).toBe(0)
    expect(out).toContain('foodyepay/mcp-server: closed, opens Wed, Nov 25, 10:00 AM PST (18:00 UTC)')
    expect(out).toContain('2 open: 0 green, 1 ready, 1 not ready')
    expect(out).toMatch(/ready #1 It ready \(ana\)\n +Opens Wed, Nov 25, 10:00 AM PST/)
    expect(out).toMatch(/not ready #2 It waits \(ana\)\n +Waiting for 2 approvals/)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test('as JSON, in the open window', async () => {
    await stage.moveTo(new Date('2026-11-25T18:05:00Z'))
    const { out } = await status('--json', '--repository', 'FoodyePay/mcp-server')
    expect(JSON.parse(out)).toMatchObject({
      at: '2026-11-25T18:05:00.000Z',
      repositories: [
        {
          window: { open: true, closesAt: '2026-11-25T19:00:00.000Z', zone: 'America/Los_Angeles' },
          pulls: [
            { title: 'It ready', author: 'ana', state: 'green' },
            { title: 'It waits', state: 'not ready', check: 'Waiting for 2 approvals' },
          ],
        },
      ],
    })
  })

  test('shows freezes', async () => {
    const env = { PATH: process.env.PATH ?? '', OPERATOR_TOKEN: stage.operatorToken }
    const words = [main, 'freeze', '--reason', 'Ledger is broken', '--all', '--url', stage.bot().url]
    await new Promise((resolve) => execFile(process.execPath, words, { env, cwd: '/' }, resolve))
    await stage.settled()
    const { out } = await status()
    expect(out).toContain('foodyepay/mcp-server: closed by a freeze')
    expect(out).toContain('Frozen by operator token: Ledger is broken')
    expect(out).toContain('2 open: 0 green, 1 ready, 1 not ready')
    expect(out).toMatch(/#1 It ready \(ana\)\n +Frozen: Ledger is broken/)
  })

  test('names a channel that Slack takes nothing for, until its notices have arrived', async () => {
    const unfrozen = () => stage.slack.messages.filter(({ text }) => text.includes('Freeze lifted'))
    const pass = async (minutes: number) => {
      for (let passed = 0; passed < minutes; passed++)
        await stage.moveTo(new Date(stage.now().getTime() + 60_000))
    }
    stage.slack.change('releases', { isArchived: true })
    const env = { PATH: process.env.PATH ?? '', OPERATOR_TOKEN: stage.operatorToken }
    const words = [main, 'unfreeze', '--all', '--url', stage.bot().url]
    await new Promise((resolve) => execFile(process.execPath, words, { env, cwd: '/' }, resolve))
    await pass(40)
    expect(unfrozen()).toEqual([])
    expect((await status()).out).toMatch(
      /Slack takes no message for #releases since Wed, Nov 25.*is_archived/,
    )
    const ready = await fetch(`${stage.bot().url}/readyz`)
    expect([ready.status, await ready.json()]).toMatchObject([200, { refusedChannels: 1 }])
    stage.slack.change('releases', { isArchived: false })
    await pass(8)
    expect(unfrozen()).toHaveLength(1)
    expect((await status()).out).not.toContain('Slack takes no message')
  })

  test('answers nobody without a token, and refuses a repository that it does not know', async () => {
    const answer = await fetch(`${stage.bot().url}/api/status`, {
      method: 'POST',
      body: JSON.stringify({ at: new Date().toISOString() }),
      headers: { authorization: `Bearer ${'0'.repeat(48)}` },
    })
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('foodyepay')
    expect(await status('--repository', 'foodyepay/other')).toMatchObject({
      code: 2,
      out: expect.stringContaining('the bot does not know a policy for "foodyepay/other"'),
    })
  })
})
