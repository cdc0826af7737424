import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { deliver as deliverTo } from '../support/deliver.ts'
import { inWindow, windowPolicy } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Events that say that the App has lost a repository: late, replayed, signed for something else, and true. */

type Place = {
  shop: Workshop
  change: Change
  installationId: number
  repository: { id: number; name: string; owner: { login: string } }
}

let stage: Stage
let count = 0
beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
})
afterAll(() => stage.close())

/** A green pull request in an organization of its own. */
async function aPlace(): Promise<Place> {
  const owner = `late-${++count}`
  stage.github.addOrganization(owner, { owners: ['olga'] })
  const { installationId } = stage.github.installApp(owner)
  const shop = await setUpRepositories(stage, { owner, repo: 'tool', policy: windowPolicy })
  const files = { 'src/a.ts': 'export {}\n' }
  const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  const { data } = await stage.as('olga').rest.repos.get(shop.repository)
  return { shop, change, installationId, repository: { id: data.id, name: 'tool', owner: { login: owner } } }
}

async function deliver(event: string, payload: object): Promise<void> {
  await deliverTo(stage, event, payload)
  await stage.settled()
}

/** Whether its pull request counts, and whether its check takes a place among those to revoke. */
async function stateOf({ repository }: Place) {
  const database = await openDatabase(stage.database)
  const [row] = await database.query(
    `SELECT v.counts, c.outstanding FROM release_gate.verdicts v
     JOIN release_gate.check_runs c USING (installation_id, repository_id, head_sha) WHERE repository_id = $1`,
    [repository.id],
  )
  await database.close()
  return row
}

const open = { counts: true, outstanding: true }
const unreachable = { counts: true, outstanding: false }
const over = { counts: false, outstanding: false }

type Late = { what: string; send: (place: Place) => Promise<void> }
const sender = { id: 1, login: 'x' }
const inside = ({ installationId: id, repository }: Place) => ({ installation: { id }, repository, sender })
const around = ({ installationId: id }: Place) => ({ installation: { id }, sender })

const late: Late[] = [
  {
    what: 'repository.archived, after it was unarchived',
    send: async (place) => {
      stage.github.archiveRepository(place.shop.name)
      await stage.settled()
      stage.github.archiveRepository(place.shop.name, false)
      await stage.settled()
      await deliver('repository', { ...inside(place), action: 'archived' })
    },
  },
  {
    what: 'repository.deleted',
    send: (place) => deliver('repository', { ...inside(place), action: 'deleted' }),
  },
  {
    what: 'the body of a deleted comment as an event of the repository',
    send: (place) =>
      deliver('repository', {
        ...inside(place),
        action: 'deleted',
        issue: { number: 1 },
        comment: { id: 1 },
      }),
  },
  {
    what: 'installation.suspend, after it was unsuspended',
    send: async (place) => {
      stage.github.suspendApp(place.installationId)
      await stage.settled()
      stage.github.suspendApp(place.installationId, false)
      await stage.settled()
      await deliver('installation', { ...around(place), action: 'suspend' })
    },
  },
  {
    what: 'installation.deleted',
    send: (place) => deliver('installation', { ...around(place), action: 'deleted' }),
  },
  {
    what: 'installation_repositories.removed, of a repository that was added again',
    send: (place) =>
      deliver('installation_repositories', {
        ...around(place),
        action: 'removed',
        repositories_removed: [place.repository],
      }),
  },
]

describe('an event that is not true anymore', () => {
  const places = new Map<string, { place: Place; found: unknown }>()
  beforeAll(async () => {
    for (const { what, send } of late) {
      const place = await aPlace()
      await send(place)
      places.set(what, { place, found: await stateOf(place) })
    }
    await stage.moveTo(new Date('2026-11-25T19:00:00Z'))
  })

  test.each(late)('$what: a green check is still revoked at closing', async ({ what }) => {
    const { place, found } = places.get(what) ?? expect.fail()
    expect(found).toEqual(open)
    expect(await place.shop.check(place.change)).toMatchObject({ conclusion: null })
  })
})

describe('an event that is true', () => {
  beforeAll(() => stage.moveTo(new Date('2026-12-02T18:05:00Z')))

  test.each<[string, object, (place: Place) => void]>([
    [
      'an archived repository: nothing is open',
      over,
      ({ shop }) => stage.github.archiveRepository(shop.name),
    ],
    ['a deleted repository: nothing is open', over, ({ shop }) => stage.github.deleteRepository(shop.name)],
    [
      'a suspended App: its pull requests stay known',
      unreachable,
      ({ installationId }) => stage.github.suspendApp(installationId),
    ],
    [
      'an App that was removed: its pull requests stay known',
      unreachable,
      ({ installationId }) => stage.github.uninstallApp(installationId),
    ],
    [
      'a repository that was taken from the App: its pull requests stay known',
      unreachable,
      ({ installationId, shop }) => stage.github.changeInstallation(installationId, 'removed', [shop.name]),
    ],
  ])('%s, and no check has to be revoked', async (_, expected, happen) => {
    const place = await aPlace()
    expect(await stateOf(place)).toEqual(open)
    happen(place)
    await stage.settled()
    expect(await stateOf(place)).toEqual(expected)
  })

  test('the other repositories of the installation stay as they are', async () => {
    const place = await aPlace()
    const { owner } = place.shop.repository
    const other = await setUpRepositories(stage, { owner, repo: 'other', policy: windowPolicy })
    stage.github.archiveRepository(other.name)
    await stage.settled()
    expect(await stateOf(place)).toEqual(open)
  })
})
