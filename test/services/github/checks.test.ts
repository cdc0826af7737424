import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { regressionCheckName } from '../../../src/decision/regression-check.ts'
import { checkName } from '../../../src/decision/report.ts'
import { findGreenRun, findRun } from '../../../src/services/github/checks.ts'
import type { GitHub } from '../../../src/services/github/client.ts'
import { newestRunOf } from '../../../src/services/github/merge-groups.ts'
import { personClient } from '../../../src/services/github/person-client.ts'
import { findRegressionRun } from '../../../src/services/github/regression-runs.ts'
import { client } from '../../sandbox/github/house.ts'
import { aDesk, type Desk, type Shop } from '../../support/desk.ts'

let desk: Desk
let shop: Shop
let sha: string
beforeAll(async () => {
  desk = await aDesk()
  shop = await desk.shop()
  sha = (await shop.open('ana', { 'src/price.ts': 'export const price = 1\n' })).sha
})
afterAll(() => desk.close())

const nameOf = ({ owner, repo }: Shop) => ({ owner, repo })
const repository = () => ({ installationId: desk.installationId, repositoryId: 0, ...nameOf(shop) })
type Find = (github: GitHub, sha: string, id: string) => Promise<{ id: number } | undefined>
const lookups: [string, string, Find][] = [
  ['findRun', checkName, (github, ref, id) => findRun(github, repository(), ref, id)],
  ['findGreenRun', checkName, (github, ref, id) => findGreenRun(github, repository(), ref, id)],
  [
    'newestRunOf',
    checkName,
    (github, ref, externalId) => newestRunOf(github, repository(), { sha: ref, externalId }),
  ],
  [
    'findRegressionRun',
    regressionCheckName,
    (github, ref, id) => findRegressionRun(github, repository(), ref, id),
  ],
]

describe.each(lookups)('%s', (name, check, find) => {
  const post = async (by: { rest: GitHub['rest'] }, external_id: string) => {
    const run = { name: check, head_sha: sha, external_id, conclusion: 'success' as const }
    return (await by.rest.checks.create({ ...nameOf(shop), ...run })).data.id
  }
  const forger = () => client(desk.github.url, desk.github.otherApp(`forger-${name}`).install('acme').token)

  test("finds the App's own run, though another App has posted a newer one with its id", async () => {
    const own = await post(desk.app(), `${name} own`)
    await post(forger(), `${name} own`)
    expect(await find(desk.app(), sha, `${name} own`)).toMatchObject({ id: own })
  })

  test('finds nothing where only another App has posted a run with that id', async () => {
    await post(forger(), `${name} foreign`)
    expect(await find(desk.app(), sha, `${name} foreign`)).toBeUndefined()
  })

  test('refuses a client that is not of an App, which could not tell them apart', async () => {
    const person = personClient(desk.github.url, desk.github.tokenFor('ana'))
    await expect(find(person, sha, 'any')).rejects.toThrow('client of the App')
  })
})
