import { type Stage, type StageOptions, setStage } from '../../src/sandbox/stage.ts'
import { aDataFolder, aPostgresUrl } from './databases.ts'

/** A stage whose bot keeps its state in a new database of the run's Postgres: it starts there in a third of the time. */
export async function aStage(options: StageOptions): Promise<Stage> {
  return setStage({ database: { url: await aPostgresUrl() }, ...options })
}

/** A stage whose bot is alone on a data folder, for what holds there only: what was cut off goes on at the next start. */
export async function aStageOnPglite(options: StageOptions): Promise<Stage> {
  return setStage({ database: { dataDir: await aDataFolder() }, ...options })
}
