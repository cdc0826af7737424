import { expect } from 'vitest'
import { type Stage, type StageOptions, setStage } from '../../src/sandbox/stage.ts'
import { startBotInProcess } from './bot-in-process.ts'
import { aDataFolder, aPostgresUrl } from './databases.ts'
import { answerWithoutSockets } from './without-sockets.ts'

/** `killable`: the bot has a process of its own, as in production, and so has each of several with `roles`. */
type Options = StageOptions & { killable?: true }

/** A stage whose bot keeps its state in a new database of the run's Postgres: it starts there in a third of the time. */
export async function aStage(options: Options): Promise<Stage> {
  return stageWith({ database: { url: await aPostgresUrl() }, ...options })
}

/** A stage whose bot is alone on a data folder, for what holds there only: what was cut off goes on at the next start. */
export async function aStageOnPglite(options: Options): Promise<Stage> {
  return stageWith({ database: { dataDir: await aDataFolder() }, ...options })
}

async function stageWith({ killable, ...options }: Options): Promise<Stage> {
  const apart = killable || options.roles
  const stage = await setStage({ ...(apart ? {} : { start: startBotInProcess }), ...options })
  const { github } = stage
  return withoutDeprecations(stage, answerWithoutSockets(github.url, github.answer))
}

/** Closing it fails where the bot did what Node or a library will refuse in its next version, such as two statements at once on a connection. */
function withoutDeprecations(stage: Stage, useSockets: () => void): Stage {
  const close = async () => {
    useSockets()
    const log = stage.bot().log()
    await stage.close()
    expect(log).not.toContain('DeprecationWarning')
  }
  return { ...stage, close }
}
