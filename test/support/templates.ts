import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PgBoss } from 'pg-boss'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { createQueues, JOBS_SCHEMA } from '../../src/store/queue/queues.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const CACHE = join(ROOT, 'node_modules/.cache/release-gate')

/** The database of the run's Postgres from which others are made in a tenth of the time. */
export const postgresTemplate = 'release_gate_template'

/**
 * A data folder of PGlite as the first start of the bot leaves it, to be copied. It is made once for each state of the
 * migrations and kept in node_modules/.cache: the first start of PGlite takes about 5 s, a copy 0.1 s.
 */
export async function pgliteTemplate(): Promise<string> {
  const folder = join(CACHE, keyOfTemplate())
  if (existsSync(folder)) return folder
  await mkdir(CACHE, { recursive: true })
  const making = await mkdtemp(join(CACHE, 'making-'))
  const database = await openDatabase({ dataDir: making })
  await addQueues(database)
  await database.close()
  try {
    await rename(join(making, 'postgres'), folder)
  } catch (error) {
    // Another run beside this one may have been faster.
    if (!existsSync(folder)) throw error
  }
  await rm(making, { recursive: true, force: true })
  return folder
}

/** Makes the tables of the jobs and their queues, and looks after none of them: a story's clock may be behind. */
export async function addQueues(database: Database): Promise<void> {
  const boss = new PgBoss({ ...database.boss, schema: JOBS_SCHEMA, supervise: false, schedule: false })
  await boss.start()
  await createQueues(boss)
  await boss.stop({ graceful: false })
}

/** What the template is made of: the versions of the packages, the migrations, and the definitions of the queues. */
function keyOfTemplate(): string {
  const hash = createHash('sha256')
  for (const name of ['package.json', 'src/store/queue/queues.ts'])
    hash.update(readFileSync(join(ROOT, name)))
  const migrations = join(ROOT, 'migrations')
  for (const name of readdirSync(migrations).sort())
    hash.update(name).update(readFileSync(join(migrations, name)))
  return hash.digest('hex').slice(0, 16)
}
