import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { activeFreezes } from '../../../src/store/freezes.ts'
import { aBoard, aGatedRepository, type BoardWorld, type Browser } from '../../support/board.ts'

let world: BoardWorld
const browsers: Record<string, Browser> = {}
beforeAll(async () => {
  world = await aBoard()
  const { github } = world
  for (const login of ['olga', 'mia', 'wes', 'mallory']) github.addUser(login)
  github.addOrganization('acme', { owners: ['olga'], members: ['mia', 'wes'] })
  github.addOrganization('other', { owners: ['mallory'] })
  await aGatedRepository(world, github.installApp('acme').installationId, { owner: 'acme', name: 'shop' })
  await aGatedRepository(world, github.installApp('other').installationId, { owner: 'other', name: 'tool' })
  github.setCollaborator('acme/shop', 'mia', 'maintain')
  github.setCollaborator('acme/shop', 'wes', 'write')
  for (const login of ['olga', 'mia', 'wes', 'mallory']) {
    browsers[login] = world.browser()
    await browsers[login].signIn(login)
  }
})
beforeEach(async () => {
  await world.database.query('DELETE FROM release_gate.freezes')
  await world.database.query('DELETE FROM release_gate.freeze_orders')
})
afterAll(() => world.close())

const freezes = async () =>
  (await activeFreezes(world.database, world.shell.now())).map(({ scope, by }) => [scope, by])

/** Sends a form as the page has it, with these fields. */
async function order(login: string, path: string, fields: Record<string, string>, headers = {}) {
  const browser = browsers[login]
  if (!browser) throw new Error(`${login} has no browser`)
  const csrf = await browser.csrf()
  const answer = await browser.post(path, { csrf, ...fields }, headers)
  return { status: answer.status, text: await answer.text() }
}
const shop = { repository: 'acme/shop', reason: 'Ledger is being repaired' }
const sure = { confirmed: 'yes' }

describe('freezing in the browser', () => {
  test('asks again before it does anything, and then says what it did, by whom', async () => {
    const asked = await order('mia', '/freeze', shop)
    expect(asked.text).toContain(
      'This revokes the green checks of acme/shop immediately and freezes it until it is lifted',
    )
    expect(await freezes()).toEqual([])
    expect(await order('mia', '/freeze', { ...shop, ...sure })).toMatchObject({
      status: 200,
      text: expect.stringContaining('acme/shop is frozen until it is lifted.'),
    })
    expect(await freezes()).toEqual([['acme/shop', 'mia (maintain)']])
    const ended = await order('mia', '/unfreeze', { repository: 'acme/shop', ...sure })
    expect(ended.text).toContain('The freeze of acme/shop was lifted.')
    expect(await freezes()).toEqual([])
  })

  test('keeps what was typed where something is wrong with it', async () => {
    const missing = await order('mia', '/freeze', { ...shop, reason: ' ', until: '2027-01-02T03:04' })
    expect(missing).toMatchObject({ status: 400, text: expect.stringContaining('Type a reason.') })
    expect(missing.text).toContain('value="2027-01-02T03:04"')
    for (const [until, status] of [
      ['tomorrow', 400],
      ['2020-01-01T00:00', 400],
    ] as const)
      expect(await order('mia', '/freeze', { ...shop, ...sure, until })).toMatchObject({ status })
    expect(await freezes()).toEqual([])
  })

  test.each([
    ['wes', shop, 403, 'This needs maintain or admin.'],
    ['mallory', shop, 404, 'does not know a policy for acme/shop'],
    ['mia', { organization: 'acme', reason: 'x' }, 403, 'neither an owner of acme'],
    ['olga', { reason: 'x' }, 403, 'neither an owner of every organization'],
  ])('by %s of %o is refused with %i', async (login, fields, status, says) => {
    for (const path of ['/freeze', '/unfreeze'])
      expect(await order(login, path, { ...fields, ...sure })).toMatchObject({
        status,
        text: expect.stringContaining(says),
      })
    expect(await freezes()).toEqual([])
  })

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['without its token', { csrf: '' }, {}],
    ['with another token', { csrf: 'x'.repeat(43) }, {}],
    ['from another site', {}, { origin: 'https://evil.example' }],
    ['from another site of the same domain', {}, { 'sec-fetch-site': 'same-site' }],
  ])('by a form %s is refused', async (_, fields, headers) => {
    expect(await order('mia', '/freeze', { ...shop, ...sure, ...fields }, headers)).toMatchObject({
      status: 403,
    })
    expect(await freezes()).toEqual([])
  })

  test('shows a reason and a name as text, whatever is in them', async () => {
    const code = '"><script>alert(1)</script>'
    const asked = await order('mia', '/freeze', { ...shop, reason: code })
    const refused = await order('mia', '/freeze', { ...shop, ...sure, repository: code })
    const form = await (
      await browsers.mia?.get(`/freeze?${new URLSearchParams({ repository: code })}`)
    )?.text()
    for (const text of [asked.text, refused.text, form]) {
      expect(text).toContain('&lt;script&gt;')
      expect(text).not.toContain('<script')
    }
  })
})
