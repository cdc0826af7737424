import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

/** What changes around a pull request, and names none: each concerns those whose checks rest on it, at once. */

const approvals = 'gates:\n  approvals: {}\n'
const byTeam = 'gates:\n  approvals: { teams: [engineering] }\n'
let stage: Stage
let count = 0

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-25T18:05:00Z') })
  cast(stage)
  stage.github.addTeam('foodyepay', 'engineering', { members: ['chloe', 'dev'] })
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const aShop = (policy = approvals) => setUpRepositories(stage, { repo: `shop-${++count}`, policy })
const aChange = (shop: Workshop) =>
  shop.openPull('ana', { branch: 'change', title: 'A change', files: { 'src/a.ts': 'export {}\n' } })

async function aGreenOne(shop: Workshop): Promise<Change> {
  const change = await aChange(shop)
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return change
}

describe('a green check whose approver', () => {
  const losses: [string, string, (shop: Workshop) => unknown, (shop: Workshop) => unknown][] = [
    [
      'is not a collaborator anymore',
      approvals,
      ({ name }) => stage.github.setCollaborator(name, 'dev', null),
      () => undefined,
    ],
    [
      'may only read now',
      approvals,
      ({ name }) => stage.github.setCollaborator(name, 'dev', 'read'),
      () => undefined,
    ],
    [
      'left the team that the policy names',
      byTeam,
      () => {
        for (const login of ['chloe', 'dev'])
          stage.github.setTeamMember('foodyepay', 'engineering', login, false)
      },
      () => {
        for (const login of ['chloe', 'dev']) stage.github.setTeamMember('foodyepay', 'engineering', login)
      },
    ],
    [
      'had write access by a team that lost it',
      approvals,
      ({ name }) => stage.github.setTeamRepository('foodyepay', `writers${count}`, name, null),
      () => undefined,
    ],
    [
      'left the organization, and with it the team that gave write access',
      approvals,
      () => stage.github.setOrganizationMember('foodyepay', 'dev', false),
      () => stage.github.setOrganizationMember('foodyepay', 'dev'),
    ],
  ]
  test.each(losses)('%s: the check is not green', async (what, policy, lose, restore) => {
    const shop = await aShop(policy)
    if (/team that/.test(what)) {
      stage.github.setCollaborator(shop.name, 'dev', null)
      stage.github.addTeam('foodyepay', `writers${count}`, { members: ['dev'] })
      stage.github.setTeamRepository('foodyepay', `writers${count}`, shop.name, 'write')
    }
    const change = await aGreenOne(shop)
    await lose(shop)
    await stage.settled()
    expect((await shop.check(change))?.conclusion).not.toBe('success')
    await restore(shop)
    await stage.settled()
  })

  test('keeps access: the check stays as it is when someone else loses theirs', async () => {
    const shop = await aShop()
    const change = await aGreenOne(shop)
    const before = await shop.check(change)
    stage.github.setCollaborator(shop.name, 'ben', null)
    await stage.settled()
    expect(await shop.check(change)).toEqual(before)
  })
})

describe('a label that a check rests on', () => {
  const held = 'gates:\n  hold: {}\n'
  test('blocks no longer when it was deleted', async () => {
    const shop = await aShop(held)
    const change = await aChange(shop)
    await shop.label('eva', change, 'hold')
    expect((await shop.check(change))?.conclusion).toBeNull()
    await stage.as('olga').rest.issues.deleteLabel({ ...shop.repository, name: 'hold' })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('blocks when another label was renamed to it', async () => {
    const shop = await aShop(held)
    const change = await aChange(shop)
    await shop.label('eva', change, 'paused')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await stage.as('olga').rest.issues.updateLabel({ ...shop.repository, name: 'paused', new_name: 'hold' })
    await stage.settled()
    expect((await shop.check(change))?.conclusion).toBeNull()
  })
})

describe('a repository', () => {
  test('that was renamed gets its checks under its new name', async () => {
    const shop = await aShop()
    const change = await aGreenOne(shop)
    const renamed = `${shop.repository.repo}-renamed`
    stage.github.renameRepository(shop.name, renamed)
    await stage.settled()
    await stage.as('eva').rest.pulls.createReview({
      owner: 'foodyepay',
      repo: renamed,
      pull_number: change.number,
      event: 'REQUEST_CHANGES',
      body: 'Wait.',
    })
    await stage.settled()
    const check = await stage.check('olga', { owner: 'foodyepay', repo: renamed }, change.sha)
    expect(check).toMatchObject({ conclusion: 'failure', title: expect.stringContaining('eva') })
  })

  test('that was renamed keeps its green check when an event arrives late under the old name', async () => {
    const shop = await aShop()
    const change = await aGreenOne(shop)
    const release = stage.github.faults.add({ kind: 'hold', event: 'pull_request' })
    await shop.label('eva', change, 'later')
    const renamed = `${shop.repository.repo}-renamed`
    stage.github.renameRepository(shop.name, renamed)
    await stage.settled()
    const before = stage.bot().log()
    release()
    await stage.settled()
    const check = () => stage.check('olga', { owner: 'foodyepay', repo: renamed }, change.sha)
    expect(await check()).toMatchObject({ conclusion: 'success' })
    expect(stage.bot().log().slice(before.length)).not.toContain('could not be verified')
    stage.github.setCollaborator(`foodyepay/${renamed}`, 'dev', null)
    await stage.settled()
    expect((await check())?.conclusion).not.toBe('success')
  })

  test('that was archived and opened again has its open pull requests evaluated again', async () => {
    const shop = await aShop()
    const change = await aGreenOne(shop)
    stage.github.archiveRepository(shop.name)
    await stage.settled()
    stage.github.setCollaborator(shop.name, 'dev', null)
    stage.github.archiveRepository(shop.name, false)
    await stage.settled()
    expect((await shop.check(change))?.conclusion).not.toBe('success')
  })
})

describe('the App', () => {
  test('that is installed late, or given a repository later, evaluates what is open there', async () => {
    stage.github.addOrganization('initech', { owners: ['olga'] })
    const late: { shop: Workshop; change: Change }[] = []
    for (const repo of ['one', 'two']) {
      const shop = await setUpRepositories(stage, { owner: 'initech', repo, policy: approvals })
      late.push({ shop, change: await aChange(shop) })
    }
    const [one, two] = late
    if (!one || !two) throw new Error('two repositories')
    const { installationId } = stage.github.installApp('initech', { repositories: ['one'] })
    await stage.settled()
    expect(await one.shop.check(one.change)).toMatchObject({ status: 'in_progress' })
    expect(await two.shop.check(two.change)).toBeUndefined()
    stage.github.changeInstallation(installationId, 'added', ['two'])
    await stage.settled()
    expect(await two.shop.check(two.change)).toMatchObject({ status: 'in_progress' })
  })
})
