import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/server/callers.ts'
import { ordererOf, ownedBy, policyNamed } from '../../src/server/orders.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aBoard, aGatedRepository, type BoardWorld } from '../support/board.ts'

/** Policies that are still kept of installations which GitHub has no access for: no event and no look has said so yet. */

let world: BoardWorld
let shop: { repositoryId: number; owner: string; repo: string }
let installation: number
let former: number
let suspended: number
let olga: Extract<Caller, { kind: 'person' }>

beforeAll(async () => {
  world = await aBoard()
  const { github, database } = world
  const { id } = github.addUser('olga')
  olga = {
    kind: 'person',
    viewer: { id, login: 'olga', session: undefined as never },
  }
  github.addUser('mallory')
  github.addOrganization('acme', { owners: ['olga'] })
  github.addOrganization('other', { owners: ['mallory'] })
  former = github.installApp('acme').installationId
  const repositoryId = await aGatedRepository(world, former, { owner: 'acme', name: 'shop' })
  shop = { repositoryId, owner: 'acme', repo: 'shop' }
  github.uninstallApp(former)
  installation = github.installApp('acme').installationId
  const policy = { text: 'gates: { approvals: {} }\n', blob: 'b'.repeat(40) }
  await keepValidPolicy(database, { ...shop, installationId: installation }, policy)
  suspended = github.installApp('other').installationId
  await aGatedRepository(world, suspended, { owner: 'other', name: 'tool' })
  github.suspendApp(suspended)
  await world.database.query(`UPDATE release_gate.policies SET standing = 'current'`)
})
afterAll(() => world.close())

describe('where installations of kept policies are gone', () => {
  test('a name is that of the installation that GitHub has now', async () => {
    expect(await policyNamed(world.shell, 'acme/shop')).toMatchObject({ installationId: installation })
    expect(await policyNamed(world.shell, 'other/tool')).toBeUndefined()
  })

  test('an organization is ordered for by its owner, through the installation that GitHub has now', async () => {
    expect(await ordererOf(world.shell, olga, { organization: 'acme' })).toMatchObject({
      orderer: { authority: 'owner of acme' },
    })
    expect(await ownedBy(world.shell, olga.viewer, 'acme')).toMatchObject({ installationId: installation })
  })

  test('everything is ordered for by who owns every organization that is left', async () => {
    expect(await ordererOf(world.shell, olga, {})).toMatchObject({ orderer: { authority: 'owner of acme' } })
  })

  test('an organization whose installation is suspended is ordered for by nobody', async () => {
    expect(await ordererOf(world.shell, olga, { organization: 'other' })).toMatchObject({ status: 403 })
    expect(await ownedBy(world.shell, olga.viewer, 'other')).toMatchObject({ status: 403 })
  })

  test('everything is not ordered for by who owns only some of those that are left', async () => {
    world.github.suspendApp(suspended, false)
    expect(await ordererOf(world.shell, olga, {})).toMatchObject({ status: 403 })
    world.github.suspendApp(suspended)
  })

  test('everything is ordered for by nobody where none is left', async () => {
    world.github.suspendApp(installation)
    expect(await ordererOf(world.shell, olga, {})).toMatchObject({ status: 403 })
    world.github.suspendApp(installation, false)
  })

  test('an organization that has no policy any more is still owned by its owners, and by nobody else', async () => {
    const { database } = world
    await database.query(`UPDATE release_gate.policies SET standing = 'absent' WHERE owner = 'acme'`)
    expect(await ownedBy(world.shell, olga.viewer, 'acme')).toMatchObject({ installationId: installation })
    const ana = { ...olga.viewer, id: world.github.addUser('ana').id, login: 'ana' }
    expect(await ownedBy(world.shell, ana, 'acme')).toMatchObject({ status: 403 })
    await database.query(`UPDATE release_gate.policies SET standing = 'current' WHERE owner = 'acme'`)
  })

  test('an organization that is not known is named as such, whatever is ordered', async () => {
    const refused = { status: 404, refused: 'release-gate does not know a policy of acne. Check the name.' }
    expect(await ownedBy(world.shell, olga.viewer, 'acne')).toEqual(refused)
    expect(await ordererOf(world.shell, olga, { organization: 'acne' })).toEqual(refused)
  })
})
