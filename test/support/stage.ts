import { expect } from 'vitest'
import { type Stage, type StageOptions, setStage } from '../../src/sandbox/stage.ts'
import { aDataFolder, aPostgresUrl } from './databases.ts'
import { startWarmBot } from './warm-bot.ts'

/** A stage whose bot keeps its state in a new database of the run's Postgres: it starts there in a third of the time. */
export async function aStage(options: StageOptions): Promise<Stage> {
  return withoutDeprecations(
    await setStage({ database: { url: await aPostgresUrl() }, ...warm(options), ...options }),
  )
}

/** A stage whose bot is alone on a data folder, for what holds there only: what was cut off goes on at the next start. */
export async function aStageOnPglite(options: StageOptions): Promise<Stage> {
  return withoutDeprecations(
    await setStage({ database: { dataDir: await aDataFolder() }, start: startWarmBot, ...options }),
  )
}

/** Several processes of one bot start from the beginning, as they do in production. */
function warm({ roles }: StageOptions): Pick<StageOptions, 'start'> {
  return roles ? {} : { start: startWarmBot }
}

/** Closing it fails where the bot did what Node or a library will refuse in its next version, such as two statements at once on a connection. */
function withoutDeprecations(stage: Stage): Stage {
  const close = async () => {
    const log = stage.bot().log()
    await stage.close()
    expect(log).not.toContain('DeprecationWarning')
  }
  return { ...stage, close }
}
