import { once } from 'node:events'
import { verifyChain } from '../store/audit/verify.ts'
import { openDatabase } from '../store/database/open.ts'
import { type Narrator, narrator } from './narrator.ts'
import { type Stage, setStage } from './stage.ts'
import { tellReleaseWeek } from './story.ts'
import { cast, furnish, people } from './workshop.ts'

/** Tells the release week in the terminal. True: everything was as told. `keep` leaves everything running at the end. */
export async function runDemo(options: { keep: boolean }): Promise<boolean> {
  const print = (text: string) => void process.stdout.write(text)
  const began = performance.now()
  print(
    'A local GitHub and the real bot are starting. No account, no network; the story moves the clock.\n' +
      'Of each check only what is new in it is drawn.\n',
  )
  const stage = await setStage({ at: new Date('2026-11-24T22:00:00Z'), staging: true })
  try {
    const tell = narrator(print)
    cast(stage)
    const shop = await furnish(stage)
    stage.github.installApp(shop.repository.owner)
    await tellReleaseWeek(stage, shop, tell)
    await tellRecords(stage, tell)
    tell.line(`The story took ${((performance.now() - began) / 1000).toFixed(1)} s.`)
    if (options.keep) await keep(stage, shop.name, print)
    return true
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    process.stderr.write(`\n${what}\n\nThe bot's log:\n${stage.bot().log()}\n`)
    return false
  } finally {
    await stage.close()
  }
}

/** The records are read once the bot has let go of the database: an auditor needs nothing but the file. */
async function tellRecords(stage: Stage, tell: Narrator): Promise<void> {
  await stage.bot().end('SIGTERM')
  const database = await openDatabase(stage.database)
  try {
    const verdict = await verifyChain(database)
    if (!verdict.ok) throw new Error(`The audit records are broken at record ${verdict.seq}: ${verdict.why}`)
    tell.scene('Afterwards', `The auditor checks the chain of records: ${verdict.records} records, unbroken.`)
  } finally {
    await database.close()
  }
}

async function keep(stage: Stage, repository: string, print: (text: string) => void): Promise<void> {
  const { github } = stage
  await stage.startBot()
  await stage.settled()
  print(
    [
      '',
      'Everything is left running, and is gone after Ctrl-C. Go on by hand, in another terminal:',
      '',
      `  export WEBHOOK_SECRET=${github.app.webhookSecret} PORT=${new URL(stage.bot().url).port}`,
      '  npm run -s gate -- status',
      '  npm run -s gate -- freeze --reason "Trying it out"',
      '',
      `  export TOKEN=${github.tokenFor('ana')}`,
      `  curl -H "authorization: token $TOKEN" ${github.url}/repos/${repository}/pulls`,
      '',
      `  GitHub's API   ${github.url}`,
      `  the bot        ${stage.bot().url} (/healthz, /readyz)`,
      ...people.map((login) => `  ${login.padEnd(14)} ${github.tokenFor(login)}`),
      '',
    ].join('\n'),
  )
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
