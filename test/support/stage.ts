import { join } from 'node:path'
import { type Stage, type StageOptions, setStage } from '../../src/sandbox/stage.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { aFolder, migratedTemplate } from './databases.ts'

/** A stage whose bot starts on a database that is set up already: the first start of PGlite takes about 5 s. */
export async function aStage(options: StageOptions): Promise<Stage> {
  const dataDir = join(await aFolder(), 'data')
  const database = await openDatabase({ dataDir, restoreFrom: await migratedTemplate() })
  await database.close()
  return setStage({ ...options, dataDir })
}
