import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStageOnPglite } from '../support/stage.ts'

const onlyApprovals = 'gates:\n  approvals: {}\n'

let stage: Stage
let count = 0
const aShop = (policy?: string | null): Promise<Workshop> =>
  setUpRepositories(stage, { repo: `shop-${++count}`, ...(policy === undefined ? {} : { policy }) })
const aChange = (
  shop: Workshop,
  files: Record<string, string> = { 'src/rewards.ts': 'export const cap = 1\n' },
) => shop.openPull('ana', { branch: `change-${++count}`, title: 'A change', files })
const approve = async (shop: Workshop, change: Change) => {
  await shop.review('chloe', change)
  await shop.review('dev', change)
}

beforeAll(async () => {
  stage = await aStageOnPglite({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

describe('the policy', () => {
  test('no policy: no check', async () => {
    const shop = await aShop(null)
    const change = await aChange(shop)
    expect(await shop.check(change)).toBeUndefined()
  })

  test('a pull request to a branch that the policy does not cover gets no check', async () => {
    const shop = await aShop(onlyApprovals)
    const copy = await stage.github.workingCopy(shop.name, 'ana')
    await copy.branch('side')
    await copy.push({ ref: 'side' })
    const change = await shop.openPull('ana', { branch: 'x', base: 'side', title: 'X', files: { a: 'b\n' } })
    expect(await shop.check(change)).toBeUndefined()
  })

  test.each([
    ['an unknown key', 'gates:\n  approvals: { counts: 2 }\n', /line 2/, /unknown key.*counts/],
    [
      'an unknown zone',
      'gates:\n  release_window:\n    time_zone: America/Los_Angles\n',
      /line 3/,
      /Los_Angeles/,
    ],
    ['no YAML at all', 'gates: [', /line 1/, /./],
  ])(
    'a policy with %s fails the check with its line, and the gate cannot pass',
    async (_, policy, title, says) => {
      const shop = await aShop(policy)
      const change = await aChange(shop)
      await approve(shop, change)
      const check = await shop.check(change)
      expect(check).toMatchObject({ conclusion: 'failure', title: expect.stringMatching(title) })
      expect(check?.summary).toMatch(says)
      const annotations = await stage
        .as('eva')
        .rest.checks.listAnnotations({ ...shop.repository, check_run_id: check?.id ?? 0 })
      expect(annotations.data[0]).toMatchObject({
        path: '.github/release-gate.yml',
        annotation_level: 'failure',
      })
      expect(await shop.merge('eva', change)).toMatch(/Release gate/)
    },
  )

  test('a broken policy does not block its own repair', async () => {
    const shop = await aShop('gates: { approval: {} }\n')
    const repair = await aChange(shop, { '.github/release-gate.yml': onlyApprovals })
    expect(await shop.check(repair)).toMatchObject({ title: 'Waiting for 2 approvals', conclusion: null })
    const alongside = await aChange(shop, {
      '.github/release-gate.yml': onlyApprovals,
      'src/rewards.ts': 'x\n',
    })
    expect(await shop.check(alongside)).toMatchObject({ conclusion: 'failure' })
    const stillBroken = await aChange(shop, { '.github/release-gate.yml': 'gates: { approval: 1 }\n' })
    expect(await shop.check(stillBroken)).toMatchObject({ conclusion: 'failure' })
  })

  test('the policy is read from the default branch, never from the pull request', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop, { '.github/release-gate.yml': 'gates: { approvals: { count: 1 } }\n' })
    await shop.review('chloe', change)
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 1 more approval' })
  })

  test("it falls back to the organization's .github repository", async () => {
    stage.github.addUser('zoe')
    stage.github.addOrganization('other', { owners: ['olga'] })
    stage.github.installApp('other')
    await setUpRepositories(stage, {
      owner: 'other',
      repo: '.github',
      policy: 'gates: { approvals: { count: 3 } }\n',
    })
    const shop = await setUpRepositories(stage, { owner: 'other', repo: 'tool', policy: null })
    const change = await aChange(shop)
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 3 approvals' })
  })
})

describe('the check', () => {
  test('only what changed is written: the same verdict for the same head costs no write', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    const first = await shop.check(change)
    stage.github.requests.reset()
    await stage
      .as('ana')
      .rest.pulls.update({ ...shop.repository, pull_number: change.number, title: 'Another title' })
    await stage.settled()
    expect(stage.github.requests.counts.writes).toBe(0)
    expect((await shop.check(change))?.id).toBe(first?.id)
  })

  test('"Re-run" writes it again though nothing changed', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    await approve(shop, change)
    const first = await shop.check(change)
    expect(first).toMatchObject({ conclusion: 'success' })
    await stage.as('eva').rest.checks.rerequestRun({ ...shop.repository, check_run_id: first?.id ?? 0 })
    await stage.settled()
    const second = await shop.check(change)
    expect(second).toMatchObject({ conclusion: 'success' })
    expect(second?.id).not.toBe(first?.id)
  })

  test('a completed run is never patched: leaving green posts a new one', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    await approve(shop, change)
    const green = await shop.check(change)
    await shop.review('dev', change, 'REQUEST_CHANGES')
    const red = await shop.check(change)
    expect(red).toMatchObject({ conclusion: 'failure', title: 'Changes requested by dev' })
    expect(red?.id).not.toBe(green?.id)
  })

  test("another App's check of the same name does not let a merge through", async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    const other = stage.github.otherApp('forger')
    const { token } = other.install('foodyepay')
    const forge = await fetch(`${stage.github.url}/repos/${shop.name}/check-runs`, {
      method: 'POST',
      headers: { authorization: `token ${token}` },
      body: JSON.stringify({
        name: 'Release gate',
        head_sha: change.sha,
        status: 'completed',
        conclusion: 'success',
      }),
    })
    expect(forge.status).toBe(201)
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)
  })

  test('closing, drafting and pushing revoke the green check of the old head at once', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    await approve(shop, change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await shop.push('ana', change, { 'src/rewards.ts': 'export const cap = 2\n' })
    expect(await shop.check(change)).toMatchObject({ conclusion: null, status: 'in_progress' })
    const other = await aChange(shop, { 'src/eligibility.ts': 'x\n' })
    await approve(shop, other)
    await stage
      .as('ana')
      .rest.pulls.update({ ...shop.repository, pull_number: other.number, state: 'closed' })
    await stage.settled()
    expect(await shop.check(other)).toMatchObject({
      conclusion: null,
      title: expect.stringMatching(/Closed|No open/),
    })
  })

  test('the same head offered to two bases has the worst verdict', async () => {
    const shop = await aShop('branches: [lax, main]\ngates: { approvals: {} }\n')
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('lax')
    await copy.push({ ref: 'lax' })
    const change = await aChange(shop)
    await approve(shop, change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await stage
      .as('ana')
      .rest.pulls.create({ ...shop.repository, head: change.branch, base: 'lax', title: 'Also' })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
  })
})

describe('what goes wrong outside', () => {
  test('a lost answer to the POST makes no second run', async () => {
    const shop = await aShop(onlyApprovals)
    stage.github.faults.add({
      kind: 'lost-reply',
      method: 'POST',
      path: /check-runs$/,
      times: 1,
      only: 'app',
    })
    const change = await aChange(shop)
    await stage.moveTo(new Date(stage.now().getTime() + 60_000))
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 2 approvals' })
    const { data } = await stage
      .as('eva')
      .rest.checks.listForRef({ ...shop.repository, ref: change.sha, filter: 'all' })
    expect(data.total_count).toBe(1)
  })

  test('a reached limit never makes green, and is waited out by the queue', async () => {
    const shop = await aShop(onlyApprovals)
    const change = await aChange(shop)
    await shop.review('chloe', change)
    stage.github.faults.add({
      kind: 'secondary-rate-limit',
      path: /reviews$/,
      times: 1,
      only: 'app',
      retryAfter: 30,
    })
    await shop.review('dev', change)
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 1 more approval', conclusion: null })
    await stage.moveTo(new Date(stage.now().getTime() + 31_000))
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('lost, doubled and reordered deliveries end in the same verdict', async () => {
    const shop = await aShop(onlyApprovals)
    stage.github.faults.add({ kind: 'double', event: 'pull_request_review', times: 1 })
    const change = await aChange(shop)
    await approve(shop, change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('an installation that is gone, and a repository that is absent, stop nothing else', async () => {
    stage.github.addOrganization('leaving', { owners: ['olga'] })
    const { installationId } = stage.github.installApp('leaving')
    const shop = await setUpRepositories(stage, { owner: 'leaving', repo: 'tool', policy: onlyApprovals })
    const change = await aChange(shop)
    expect(await shop.check(change)).toBeDefined()
    stage.github.suspendApp(installationId)
    await shop.review('chloe', change)
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 2 approvals', conclusion: null })
    const next = await aShop(onlyApprovals)
    expect(await next.check(await aChange(next))).toBeDefined()
  })
})
