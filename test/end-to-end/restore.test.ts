import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupCommand, restoreCommand } from '../../src/commands/backup.ts'
import type { ShownCheck, Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { runCommand } from '../commands/command-run.ts'
import { aFolder } from '../support/databases.ts'
import { aRepositoryOf, type MergingShop } from '../support/merging.ts'
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
  const back = async (place: string, meanwhile: () => Promise<unknown>) => {
    await stage.bot().end('SIGTERM')
    await meanwhile()
    await rm(folder(), { recursive: true })
    await bringBack(place)
    await stage.startBot()
    await stage.settled()
  }

  let windowed: MergingShop
  let shop: MergingShop
  let inTheWindow: Change
  let requested: Change
  let red: ShownCheck | undefined
  let green: Change
  let turnedGreen: Change
  /** Three changes turn green after the backup. While the bot is away, changes are requested in the same minute, and the window closes. */
  beforeAll(async () => {
    await at('2026-11-25T18:00:00Z')
    windowed = await aRepositoryOf(stage)
    shop = await aRepositoryOf(stage, 'gates: { approvals: {} }\n')
    inTheWindow = await windowed.change()
    await windowed.review('chloe', inTheWindow)
    requested = await shop.approvedChange()
    await shop.review('dev', requested, 'REQUEST_CHANGES')
    green = await shop.approvedChange()
    turnedGreen = await shop.change()
    const place = await kept()
    red = await shop.check(requested)
    await windowed.review('dev', inTheWindow)
    await shop.review('dev', requested)
    await shop.review('chloe', turnedGreen)
    await shop.review('dev', turnedGreen)
    for (const change of [requested, turnedGreen])
      expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(await windowed.check(inTheWindow)).toMatchObject({ conclusion: 'success' })
    await back(place, async () => {
      await shop.review('dev', requested, 'REQUEST_CHANGES')
      await at('2026-11-25T19:00:00Z')
    })
  })

  test('leaves no check green that turned green since, when its window has closed', async () => {
    expect(await windowed.check(inTheWindow)).toMatchObject({ conclusion: null, status: 'in_progress' })
  })

  test('leaves no check green that turned green since, when the same changes are requested again', async () => {
    expect(red).toMatchObject({ conclusion: 'failure' })
    expect(await shop.check(requested)).toMatchObject({ conclusion: 'failure', summary: red?.summary })
  })

  test('has every check green that may be', async () => {
    expect(await shop.check(turnedGreen)).toMatchObject({ conclusion: 'success' })
    expect(await shop.check(green)).toMatchObject({ conclusion: 'success' })
  })
})
