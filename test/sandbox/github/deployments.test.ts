import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, refusal, sent } from './house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
  const stale = await house.openPull('wim', 'stale', { 'stale.txt': 'x\n' })
  const other = await house.openPull('wim', 'other', { 'other.txt': 'x\n' })
  await house.as('wim').pulls.merge({ ...house.repo, pull_number: other })
  await house.bot.checks.create({
    ...house.repo,
    name: 'ci',
    head_sha: await house.headOf(stale),
    conclusion: 'failure',
  })
})
afterAll(() => house.github.close())

const quiet = { auto_merge: false, required_contexts: [] }

describe('creating a deployment', () => {
  test('without `required_contexts: []` is refused with 409 when any check failed', async () => {
    const call = house.bot.repos.createDeployment({ ...house.repo, ref: 'stale', auto_merge: false })
    expect(await refusal(call)).toMatchObject({
      status: 409,
      message: 'Conflict: Commit status checks failed for stale.',
    })
  })

  test('with both defaults switched off makes a deployment of that commit, and statuses send webhooks', async () => {
    const { bot, repo, github } = house
    const created = await bot.repos.createDeployment({
      ...repo,
      ref: 'stale',
      environment: 'staging',
      ...quiet,
    })
    expect(created.status).toBe(201)
    const id = (created.data as { id: number }).id
    await bot.repos.createDeploymentStatus({
      ...repo,
      deployment_id: id,
      state: 'success',
      environment_url: 'https://staging.example',
    })
    expect((await bot.repos.listDeploymentStatuses({ ...repo, deployment_id: id })).data).toMatchObject([
      { state: 'success', environment: 'staging' },
    ])
    expect(await sent(github, 'deployment_status')).toMatchObject([
      {
        deployment: { id, sha: (created.data as { sha: string }).sha },
        deployment_status: { state: 'success' },
      },
    ])
  })

  test('with `auto_merge` left on first merges the default branch: 202 and no deployment', async () => {
    const { bot, repo } = house
    const before = (await bot.repos.listDeployments(repo)).data.length
    const answer = await bot.repos.createDeployment({ ...repo, ref: 'stale', required_contexts: [] })
    expect(answer.status as number).toBe(202)
    expect(answer.data).toEqual({ message: 'Auto-merged main into stale on deployment.' })
    expect((await bot.repos.listDeployments(repo)).data).toHaveLength(before)
  })
})
