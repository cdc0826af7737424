import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupCommand, restoreCommand } from '../../src/commands/backup.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { runCommand } from '../commands/command-run.ts'
import { aFolder } from '../support/databases.ts'
import { aRepositoryOf } from '../support/merging.ts'
import { aStageOnPglite } from '../support/stage.ts'

let stage: Stage
const at = (time: string) => stage.moveTo(new Date(time))
beforeAll(async () => {
  stage = await aStageOnPglite({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const dataDir = () => ('dataDir' in stage.database ? stage.database.dataDir : '')
const folder = () => join(dataDir(), 'postgres')
/** What is kept while the bot is stopped, and how the database comes back from it later. */
type Way = { keep: (kept: string) => Promise<unknown>; bringBack: (kept: string) => Promise<unknown> }
const ways: [string, Way][] = [
  [
    'restored from a backup',
    {
      keep: (kept) => runCommand(backupCommand(), [kept], { DATA_DIR: dataDir() }),
      bringBack: (kept) => runCommand(restoreCommand(), [kept], { DATA_DIR: dataDir() }),
    },
  ],
  [
    'put back by other means, of which `restore --in-place` is told',
    {
      keep: (kept) => cp(folder(), kept, { recursive: true }),
      bringBack: async (kept) => {
        await cp(kept, folder(), { recursive: true })
        expect(await runCommand(restoreCommand(), ['--in-place'], { DATA_DIR: dataDir() })).toMatchObject({
          code: 0,
        })
      },
    },
  ],
]

describe.each(ways)('a database that is %s', (_name, { keep, bringBack }) => {
  const kept = async () => {
    const place = join(await aFolder(), 'kept')
    await stage.bot().end('SIGTERM')
    await keep(place)
    await stage.startBot()
    await stage.settled()
    return place
  }
  /** The bot comes back with the database of then; `meanwhile`: what happens while it is away. */
  const back = async (place: string, meanwhile: () => Promise<unknown> = async () => undefined) => {
    await stage.bot().end('SIGTERM')
    await meanwhile()
    await rm(folder(), { recursive: true })
    await bringBack(place)
    await stage.startBot()
    await stage.settled()
  }

  test('leaves no check green that turned green since, when its window has closed', async () => {
    await at('2026-11-24T22:00:00Z')
    const shop = await aRepositoryOf(stage)
    const change = await shop.approvedChange()
    const place = await kept()
    await at('2026-11-25T18:00:00Z')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await back(place, () => at('2026-11-25T19:00:00Z'))
    expect(await shop.check(change)).toMatchObject({ conclusion: null, status: 'in_progress' })
  })

  test('leaves no check green that turned green since, when the same changes are requested again', async () => {
    const shop = await aRepositoryOf(stage, 'gates: { approvals: {} }\n')
    const change = await shop.approvedChange()
    await shop.review('dev', change, 'REQUEST_CHANGES')
    const place = await kept()
    const red = await shop.check(change)
    await shop.review('dev', change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await back(place, () => shop.review('dev', change, 'REQUEST_CHANGES'))
    expect(await shop.check(change)).toMatchObject({ conclusion: 'failure', summary: red?.summary })
  })

  test('has every check green that may be', async () => {
    const shop = await aRepositoryOf(stage, 'gates: { approvals: {} }\n')
    const before = await shop.approvedChange()
    const change = await shop.change()
    const place = await kept()
    await shop.review('chloe', change)
    await shop.review('dev', change)
    await back(place)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(before)).toMatchObject({ conclusion: 'success' })
  })
})
