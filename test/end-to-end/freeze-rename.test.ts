import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, workshop } from '../../src/sandbox/workshop.ts'
import { aCommandLine, type CommandLine } from '../support/command-line.ts'
import { about, allowBypass, aRepositoryOf, inWindow, recordsOf, windowPolicy } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let release: CommandLine
beforeAll(async () => {
  stage = await aStage({ at: inWindow })
  cast(stage)
  stage.github.installApp('foodyepay')
  release = aCommandLine(stage)
})
afterAll(() => stage.close())

const checkOf = async (owner: string, repo: string, change: Change) =>
  stage.check('olga', { owner, repo }, change.sha)
const frozen = { conclusion: null, title: 'Frozen: Ledger' }

describe('an ordered freeze, after a rename on GitHub', () => {
  test('of its repository still holds, counts at a merge, and is lifted under the new name', async () => {
    const shop = await aRepositoryOf(stage)
    const { owner, repo } = shop.repository
    const [change, bypassing] = [await shop.approvedChange(), await shop.approvedChange()]
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await release(undefined, 'freeze', '--reason', 'Ledger', '--repository', shop.name)
    const to = `${repo}-renamed`
    stage.github.renameRepository(shop.name, to)
    await stage.settled()
    const renamed = workshop(stage, { owner, repo: to })
    await renamed.review('dev', change)
    expect(await checkOf(owner, to, change)).toMatchObject(frozen)
    const { out } = await release(undefined, 'status', '--json')
    expect(JSON.parse(out).repositories).toMatchObject([
      { repository: `${owner}/${to}`, frozen: { reason: 'Ledger' } },
    ])

    await allowBypass(stage, renamed)
    expect(await renamed.merge('olga', bypassing)).toBeUndefined()
    const [merged] = about(await recordsOf(stage), renamed, 'merged')
    expect(merged?.body).toMatchObject({ number: bypassing.number, exception: expect.anything() })
    expect(JSON.stringify(merged?.body)).toContain('Frozen: Ledger')

    const other = await setUpRepositories(stage, { repo, policy: windowPolicy })
    const first = await other.openPull('ana', { branch: 'one', title: 'One', files: { 'src/one.ts': '1\n' } })
    await other.review('chloe', first)
    await other.review('dev', first)
    expect(await other.check(first)).toMatchObject({ conclusion: 'success' })

    expect(await release(undefined, 'unfreeze', '--repository', `${owner}/${to}`)).toMatchObject({
      code: 0,
      out: `The freeze of ${owner}/${to} was lifted.\n`,
    })
    expect(await checkOf(owner, to, change)).toMatchObject({ conclusion: 'success' })
  })

  test('of its organization still holds, and is lifted under the new name', async () => {
    const shop = await aRepositoryOf(stage)
    const { repo } = shop.repository
    const change = await shop.approvedChange()
    await release(undefined, 'freeze', '--reason', 'Ledger', '--organization', 'foodyepay')
    stage.github.renameOrganization('foodyepay', 'payfoody')
    await stage.settled()
    const renamed = workshop(stage, { owner: 'payfoody', repo })
    await renamed.review('dev', change)
    expect(await checkOf('payfoody', repo, change)).toMatchObject(frozen)
    expect(await release(undefined, 'unfreeze', '--organization', 'payfoody')).toMatchObject({
      code: 0,
      out: 'The freeze of every repository of payfoody was lifted.\n',
    })
    expect(await checkOf('payfoody', repo, change)).toMatchObject({ conclusion: 'success' })
  })
})
