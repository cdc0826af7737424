import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildHouse, client, type House, refusal, sent } from './house.ts'

let house: House
beforeEach(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
})
afterEach(() => house.github.close())

describe('webhooks', () => {
  test('of a pull request tell its whole life in order', async () => {
    const { github, as, repo } = house
    const number = await house.openPull('wim', 'life', { 'life.txt': 'x\n' }, { draft: true })
    const on = `acme/shop#${number}`
    await github.markReady(on, 'wim')
    await as('tess').issues.addLabels({ ...repo, issue_number: number, labels: ['urgent'] })
    await as('wim').pulls.update({ ...repo, pull_number: number, title: 'Life' })
    await github.convertToDraft(on, 'wim')
    await as('wim').pulls.update({ ...repo, pull_number: number, state: 'closed' })
    await as('wim').pulls.update({ ...repo, pull_number: number, state: 'open' })
    const told = await sent(github, 'pull_request')
    expect(told.map(({ action }) => action)).toEqual([
      'opened',
      'ready_for_review',
      'labeled',
      'edited',
      'converted_to_draft',
      'closed',
      'reopened',
    ])
    for (const payload of told) {
      expect(payload).toMatchObject({
        number,
        installation: { id: house.installationId },
        organization: { login: 'acme' },
        repository: { full_name: 'acme/shop' },
      })
    }
    expect(told[2]).toMatchObject({ label: { name: 'urgent' }, sender: { login: 'tess' } })
  })

  test('carry the time of the sandbox, not of the machine', async () => {
    house.clock.now = Date.parse('2031-07-09T17:00:00Z')
    await house.openPull('wim', 'future', { 'future.txt': 'x\n' })
    expect((await sent(house.github, 'pull_request', 'opened'))[0].pull_request.created_at).toBe(
      '2031-07-09T17:00:00Z',
    )
  })

  test('go out for each pull request that shares a head', async () => {
    const { as, repo, github } = house
    await as('wim').git.createRef({
      ...repo,
      ref: 'refs/heads/lax',
      sha: (await as('wim').git.getRef({ ...repo, ref: 'heads/main' })).data.object.sha,
    })
    const first = await house.openPull('wim', 'shared', { 'shared.txt': 'x\n' })
    const second = (await as('wim').pulls.create({ ...repo, base: 'lax', head: 'shared', title: 'To lax' }))
      .data.number
    const copy = await github.workingCopy('acme/shop', 'wim')
    await copy.branch('shared', 'origin/shared')
    const after = await copy.commit('Again')
    await copy.push()
    const told = await sent(github, 'pull_request', 'synchronize')
    expect(told.map((payload) => [payload.number, payload.after])).toEqual([
      [first, after],
      [second, after],
    ])
  })

  test('are not sent where the App is not installed, is suspended, or did not ask', async () => {
    const { github } = house
    github.suspendApp(house.installationId)
    await house.openPull('wim', 'unseen', { 'unseen.txt': 'x\n' })
    expect((await refusal(house.bot.repos.get(house.repo))).status).toBe(403)
    github.suspendApp(house.installationId, false)
    github.app.events.splice(github.app.events.indexOf('push'), 1)
    await house.openPull('wim', 'seen', { 'seen.txt': 'x\n' })
    await github.settled()
    expect(github.deliveries.log.map(({ event, action }) => `${event} ${action}`)).toEqual([
      'installation suspend',
      'installation unsuspend',
      'check_suite requested',
      'pull_request opened',
    ])
  })

  test('say `member` when a role changes, and `installation_repositories` when the selection does', async () => {
    house.github.setCollaborator('acme/shop', 'wim', 'read')
    house.github.changeInstallation(house.installationId, 'removed', ['shop'])
    expect(await sent(house.github, 'member')).toMatchObject([
      { action: 'edited', member: { login: 'wim' }, changes: { permission: { from: 'write', to: 'read' } } },
    ])
    expect(await sent(house.github, 'installation_repositories')).toMatchObject([
      { action: 'removed', repositories_removed: [{ full_name: 'acme/shop' }] },
    ])
    expect((await refusal(house.bot.repos.get(house.repo))).status).toBe(404)
  })
})

describe('forks', () => {
  test('open pull requests from outside; a push to the fork synchronizes them, and they merge', async () => {
    const { github, repo, as } = house
    github.setCollaborator('acme/shop', 'nora', 'read')
    await github.fork('acme/shop', 'nora')
    const copy = await github.workingCopy('nora/shop', 'nora')
    await copy.branch('gift')
    await copy.write({ 'gift.txt': 'x\n' })
    await copy.commit('Gift')
    await copy.push()
    const { data: pull } = await as('nora').pulls.create({
      ...repo,
      base: 'main',
      head: 'nora:gift',
      title: 'Gift',
    })
    expect(pull).toMatchObject({
      head: { label: 'nora:gift', repo: { full_name: 'nora/shop', fork: true } },
      base: { repo: { full_name: 'acme/shop' } },
    })
    await copy.write({ 'gift.txt': 'y\n' })
    const head = await copy.commit('Better gift').then(() => copy.push())
    expect(await sent(github, 'pull_request', 'synchronize')).toMatchObject([
      { number: pull.number, after: head, sender: { login: 'nora' } },
    ])
    expect((await as('wim').pulls.merge({ ...repo, pull_number: pull.number, sha: head })).data.merged).toBe(
      true,
    )
  })
})

describe('pull requests end and come back', () => {
  test('a push that brings the head into the base merges it', async () => {
    const { github, as, repo } = house
    const number = await house.openPull('wim', 'direct', { 'direct.txt': 'x\n' })
    const copy = await github.workingCopy('acme/shop', 'ada')
    await copy.merge('origin/direct')
    await copy.push()
    expect((await as('wim').pulls.get({ ...repo, pull_number: number })).data).toMatchObject({
      merged: true,
      merged_by: { login: 'ada' },
    })
  })

  test('a deleted head branch closes it; a force-pushed one cannot be reopened', async () => {
    const { github, as, repo } = house
    const gone = await house.openPull('wim', 'gone', { 'gone.txt': 'x\n' })
    await as('wim').git.deleteRef({ ...repo, ref: 'heads/gone' })
    expect((await as('wim').pulls.get({ ...repo, pull_number: gone })).data).toMatchObject({
      state: 'closed',
      merged: false,
    })
    const forced = await house.openPull('wim', 'forced', { 'forced.txt': 'x\n' })
    await as('wim').pulls.update({ ...repo, pull_number: forced, state: 'closed' })
    const copy = await github.workingCopy('acme/shop', 'wim')
    await copy.branch('forced', 'origin/main')
    await copy.commit('Other')
    await copy.push({ force: true })
    expect(
      (await refusal(as('wim').pulls.update({ ...repo, pull_number: forced, state: 'open' }))).status,
    ).toBe(422)
  })

  test.each(['merge', 'squash', 'rebase'] as const)(
    'by %s brings the same content to the base',
    async (merge_method) => {
      const { as, repo, github } = house
      const number = await house.openPull('wim', 'way', { 'way.txt': 'x\n' })
      const other = await house.openPull('wim', 'before', { 'before.txt': 'x\n' })
      await as('wim').pulls.merge({ ...repo, pull_number: other })
      const { data } = await as('wanda').pulls.merge({ ...repo, pull_number: number, merge_method })
      const copy = await github.workingCopy('acme/shop', 'wim')
      expect(await copy.git('ls-tree', '--name-only', data.sha)).toBe('README.md\nbefore.txt\nway.txt')
      expect((await copy.git('rev-list', '--parents', '-n1', data.sha)).split(' ')).toHaveLength(
        merge_method === 'merge' ? 3 : 2,
      )
      expect(await copy.git('log', '-1', '--format=%ae', data.sha)).toBe(
        merge_method === 'merge' ? 'wanda@example.com' : 'wim@example.com',
      )
    },
  )
})

describe('accounts', () => {
  test('keep their id when they are renamed; a deleted one leaves reviews without a user', async () => {
    const { github, as, repo, bot } = house
    const number = await house.openPull('wim', 'names', { 'names.txt': 'x\n' })
    await as('wanda').pulls.createReview({ ...repo, pull_number: number, event: 'APPROVE' })
    const list = async () => (await bot.pulls.listReviews({ ...repo, pull_number: number })).data
    const id = (await list())[0]?.user?.id
    github.renameUser('wanda', 'wendy')
    expect((await list())[0]?.user).toMatchObject({ id, login: 'wendy' })
    github.deleteUser('wendy')
    expect((await list())[0]?.user).toBeNull()
    expect(
      (await refusal(bot.repos.getCollaboratorPermissionLevel({ ...repo, username: 'wendy' }))).status,
    ).toBe(404)
  })
})

test('the same answers come under /api/v3, as on Enterprise Server', async () => {
  const there = client(`${house.github.url}/api/v3`, house.github.tokenFor('wim'))
  expect((await there.repos.get(house.repo)).data.full_name).toBe('acme/shop')
  expect((await refusal(there.request('GET /nowhere'))).status).toBe(404)
})
