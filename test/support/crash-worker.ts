import pino from 'pino'
import { openDatabase } from '../../src/store/database/open.ts'
import { openQueue } from '../../src/store/queue.ts'

/** Takes up one evaluation in the folder named on the command line, says so, and never ends it. */
const database = await openDatabase({ dataDir: process.argv[2] ?? '' })
const queue = await openQueue({ database, log: pino({ enabled: false }) })
const never = () => new Promise<void>(() => setInterval(() => undefined, 60_000))
await queue.work({
  delivery: never,
  notice: never,
  transition: never,
  merging: never,
  incident: never,
  comment: never,
  regression: never,
  evaluate: () => {
    process.stdout.write('running\n')
    return never()
  },
})
await queue.enqueueEvaluate({
  installationId: 1,
  repositoryId: 2,
  owner: 'octo-org',
  repo: 'shop',
  number: 7,
})
