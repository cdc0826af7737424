import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aDesk, type Desk, numbered, type Pull, type Shop } from '../support/desk.ts'

let desk: Desk
let count = 0
beforeAll(async () => {
  desk = await aDesk()
})
afterAll(() => desk.close())

const price = { 'src/price.ts': numbered(40, { 20: 'price = 2' }) }
/** A new person, whom no other test knows, with a role in the shop. */
function hire(shop: Shop, role: string | null = 'write'): string {
  const login = `hand-${++count}`
  desk.github.addUser(login)
  if (role) desk.github.setCollaborator(shop.name, login, role)
  return login
}

/** chloe and a new person have approved, which is enough. */
async function approvedByNewcomer(role = 'write'): Promise<{ shop: Shop; pull: Pull; login: string }> {
  const shop = await desk.shop()
  const login = hire(shop, role)
  const pull = await shop.open('ana', price)
  await shop.approve(pull, 'chloe', login)
  expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  return { shop, pull, login }
}

async function expectOneMissing(shop: Shop, pull: Pull, why: RegExp) {
  const { state, title, text } = await shop.judge(pull)
  expect({ state, title }).toEqual({ state: 'waiting', title: 'Waiting for 1 more approval' })
  expect(text).toMatch(why)
}

describe('the role at the time of the evaluation', () => {
  test('a collaborator who was removed after approving does not count', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    desk.github.setCollaborator(shop.name, login, null)
    await expectOneMissing(
      shop,
      pull,
      /but it does not count: their role is now `none`, and write access is needed/,
    )
  })

  test('one who was demoted to triage does not count', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    desk.github.setCollaborator(shop.name, login, 'triage')
    await expectOneMissing(shop, pull, /their role is now `triage`/)
  })

  test.each(['read', 'triage'])('an approval with the role %s never counted', async (role) => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', hire(shop, role))
    await expectOneMissing(shop, pull, new RegExp(`their role is now \`${role}\``))
  })

  test('one who was given the right to write after approving counts', async () => {
    const shop = await desk.shop()
    const login = hire(shop, 'read')
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', login)
    await expectOneMissing(shop, pull, /their role is now `read`/)
    desk.github.setCollaborator(shop.name, login, 'write')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test.each(['maintain', 'admin'])('the role %s counts, and is shown by its own name', async (role) => {
    const { shop, pull } = await approvedByNewcomer(role)
    expect((await shop.judge(pull)).text).toContain(`with the role \`${role}\``)
  })

  test.each([
    ['write', 'passed'],
    ['triage', 'waiting'],
  ] as const)('a custom role that is built on %s: %s', async (base, state) => {
    const role = `custom-${base}`
    desk.github.addCustomRole('acme', role, base)
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', hire(shop, role))
    const judgement = await shop.judge(pull)
    expect(judgement.state).toBe(state)
    expect(judgement.text).toContain(`\`${role}\``)
  })

  test('a role that comes from a team counts, and goes with it', async () => {
    const shop = await desk.shop()
    const login = hire(shop, null)
    const slug = `writers-${shop.repo}`
    desk.github.addTeam('acme', slug, { members: [login] })
    desk.github.setTeamRepository('acme', slug, shop.name, 'write')
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', login)
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    desk.github.setTeamMember('acme', slug, login, false)
    await expectOneMissing(shop, pull, /their role is now `none`/)
  })
})

describe('one person is an account id', () => {
  test('renamed after approving: still counts, under the new name', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    desk.github.renameUser(login, `${login}-renamed`)
    const judgement = await shop.judge(pull)
    expect(judgement).toMatchObject({ state: 'passed' })
    expect(judgement.text).toContain(`\`${login}-renamed\` approved`)
  })

  test('the old login taken over by another account with write access: neither counts twice', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    desk.github.renameUser(login, `${login}-left`)
    desk.github.setCollaborator(shop.name, `${login}-left`, null)
    desk.github.addUser(login)
    desk.github.setCollaborator(shop.name, login, 'write')
    await expectOneMissing(shop, pull, new RegExp(`\`${login}-left\` approved .* their role is now \`none\``))
  })

  test('a login taken over between two requests: the id decides', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    const { data: twin } = await desk.as('dev').rest.users.getAuthenticated()
    shop.restart(async (input, init) => {
      if (!String(input).endsWith(`/collaborators/${login}/permission`)) return fetch(input, init)
      return Response.json({ permission: 'write', role_name: 'write', user: twin })
    })
    await expectOneMissing(shop, pull, /their role is now `none`/)
  })

  test('two approvals by one person are one', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'chloe')
    await expectOneMissing(shop, pull, /Approved by `chloe`\./)
  })

  test('a deleted account (ghost) leaves no approval', async () => {
    const { shop, pull, login } = await approvedByNewcomer()
    desk.github.deleteUser(login)
    await expectOneMissing(shop, pull, /A deleted account approved .* but it does not count/)
  })

  test("the author's account is deleted: their commits are nobody's, and the gate closes", async () => {
    const shop = await desk.shop()
    const login = hire(shop)
    const pull = await shop.open(login, price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    desk.github.deleteUser(login)
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed' })
  })
})

describe('teams', () => {
  const withTeam = (slug: string) => desk.shop({ approvals: { teams: [slug] } })

  test('a member of a nested team represents the team above', async () => {
    const slug = `ops-${++count}`
    desk.github.addTeam('acme', slug, { members: ['olga'] })
    desk.github.addTeam('acme', `${slug}-night`, { members: ['dev'], parent: slug })
    const shop = await withTeam(slug)
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'eva')
    const before = await shop.judge(pull)
    expect(before).toMatchObject({ state: 'waiting', title: `Waiting for an approval from ${slug}` })
    await shop.approve(pull, 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })

  test('one who left the team after approving does not represent it', async () => {
    const slug = `ops-${++count}`
    desk.github.addTeam('acme', slug, { members: ['dev', 'eva'] })
    const shop = await withTeam(slug)
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
    desk.github.setTeamMember('acme', slug, 'dev', false)
    expect(await shop.judge(pull)).toMatchObject({
      state: 'waiting',
      title: `Waiting for an approval from ${slug}`,
    })
  })

  test('a team that does not exist is represented by nobody, and fails by its name', async () => {
    const shop = await withTeam('no-such-team')
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'dev')
    expect(await shop.judge(pull)).toMatchObject({
      state: 'failed',
      title: 'Team no-such-team does not exist',
    })
  })

  beforeAll(() => readers.slice(3).forEach((login) => void desk.github.addUser(login)))
  const readers = ['rob', 'tim', 'zoe', ...Array.from({ length: 9 }, (_, index) => `reader-${index}`)]

  test.each([
    { who: 'nobody', members: [], state: 'failed', title: 'has no members' },
    {
      who: 'people who cannot write',
      members: readers,
      state: 'failed',
      title: 'has nobody with write access',
    },
    {
      who: 'a writer among others',
      members: [...readers, 'dev'],
      state: 'waiting',
      title: 'an approval from',
    },
    {
      who: 'an owner of the organization',
      members: ['rob', 'olga'],
      state: 'waiting',
      title: 'an approval from',
    },
  ])('with $who in it is $state, for two more requests at most', async ({ members, state, title }) => {
    const slug = `ops-${++count}`
    desk.github.addTeam('acme', slug, { members })
    const shop = await withTeam(slug)
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'eva')
    const asked: string[] = []
    shop.restart(async (input, init) => {
      asked.push(new URL(String(input)).pathname)
      return fetch(input, init)
    })
    expect(await shop.judge(pull)).toMatchObject({ state, title: expect.stringContaining(title) })
    const ofReviewers = /collaborators\/(ana|chloe|eva)\/permission$/
    const more = asked.filter((path) => path.includes('/collaborators') && !ofReviewers.test(path))
    expect(more.length).toBeLessThanOrEqual(2)
  })

  test('whose writers GitHub does not list is waited for: nothing is concluded', async () => {
    const slug = `ops-${++count}`
    desk.github.addTeam('acme', slug, { members: ['rob', 'tim'] })
    const shop = await withTeam(slug)
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'eva')
    const body = { message: 'Resource not accessible by integration' }
    const path = `/repos/${shop.name}/collaborators`
    const restore = desk.github.faults.add({ kind: 'status', status: 403, body, path })
    expect(await shop.judge(pull)).toMatchObject({ state: 'waiting' })
    restore()
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed' })
  })

  test('a team that the App may not read is represented by nobody', async () => {
    const slug = `ops-${++count}`
    desk.github.addTeam('acme', slug, { members: ['dev'] })
    const shop = await withTeam(slug)
    const pull = await shop.open('ana', price)
    await shop.approve(pull, 'chloe', 'dev')
    const path = `/orgs/acme/teams/${slug}/members`
    const body = { message: 'Resource not accessible by integration' }
    const mend = desk.github.faults.add({ kind: 'status', status: 403, body, path })
    expect(await shop.judge(pull)).toMatchObject({ state: 'failed', title: `Team ${slug} cannot be read` })
    mend()
    expect(await shop.judge(pull)).toMatchObject({ state: 'passed' })
  })
})
