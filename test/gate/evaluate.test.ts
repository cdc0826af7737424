import { afterAll, beforeAll, expect, test } from 'vitest'
import { evaluate } from '../../src/gate/evaluate.ts'
import type { Shell } from '../../src/gate/shell.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { aDatabase } from '../support/databases.ts'
import { aDesk, type Desk } from '../support/desk.ts'

let desk: Desk
let database: Database
beforeAll(async () => {
  desk = await aDesk()
  database = await aDatabase()
})
afterAll(async () => {
  await desk.close()
  await database.close()
})

/** A pull request that waits for approvals, and its evaluation; `between`: what is written before the evaluation stores its verdict. */
async function anEvaluation() {
  const files = { '.github/release-gate.yml': 'gates: { approvals: {} }\n', 'README.md': '# Shop\n' }
  const shop = await desk.shop({ files })
  const pull = shop.refOf(await shop.open('ana', { 'src/a.ts': 'x\n' }))
  const { repositoryId, number } = pull
  const app = desk.app()
  const nothing = async () => undefined
  const queue = Object.fromEntries(
    ['Evaluate', 'Incident', 'Recheck', 'Transition', 'Merging', 'Notice', 'Regression'].map((name) => [
      `enqueue${name}`,
      nothing,
    ]),
  )
  const log = { info: () => undefined, warn: () => undefined }
  const run = (between: () => Promise<unknown> = nothing) => {
    const transaction: Database['transaction'] = async (work) => {
      await between()
      return database.transaction(work)
    }
    const store = { ...database, transaction }
    const shell = { database: store, github: async () => app, queue, now: desk.now, log } as unknown as Shell
    return evaluate(shell, pull)
  }
  return {
    run,
    store: (state: string, digest: string) =>
      database.query(
        `UPDATE release_gate.verdicts SET state = $3, digest = $4 WHERE repository_id = $1 AND number = $2`,
        [repositoryId, number, state, digest],
      ),
    decided: async () => {
      const records = await Array.fromAsync(readRecords(database, desk.installationId))
      const bodies = records.filter(({ kind }) => kind === 'decided').map(({ body }) => body as Decided)
      return bodies.filter((body) => body.pull.repositoryId === repositoryId).map(({ state }) => state)
    },
  }
}
type Decided = { pull: { repositoryId: number }; state: string }

test('a verdict that replaces one of the calendar is recorded, though it is as the evaluation found it', async () => {
  const { run, store, decided } = await anEvaluation()
  await run()
  expect(await decided()).toEqual(['waiting'])
  await run(() => store('passed', 'of the calendar'))
  expect(await decided()).toEqual(['waiting', 'waiting'])
})

test('a verdict that is already stored is not recorded again', async () => {
  const { run, decided } = await anEvaluation()
  await run()
  await run()
  expect(await decided()).toEqual(['waiting'])
})
