import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { printDossier } from '../server/requests/dossier.ts'
import { linesIn, recordsIn } from '../store/audit/export.ts'
import { verifyChain, verifyRecords } from '../store/audit/verify.ts'
import { openDatabase } from '../store/database/open.ts'
import type { Database } from '../store/database.ts'
import { shortLived } from './bot-process.ts'
import { clockHelp, moveClock } from './demo-clock.ts'
import { type Narrator, narrator } from './narrator.ts'
import { type Stage, setStage } from './stage.ts'
import { playReleaseWeek } from './story.ts'
import { incidentName } from './story-incident.ts'
import { cast, people, setUpRepositories, type Workshop } from './workshop.ts'

/** Plays the release week in the terminal. True: everything happened as described. `keep`: keep everything running at the end. */
export async function runDemo(options: { keep: boolean }): Promise<boolean> {
  const print = (text: string) => void process.stdout.write(text)
  const began = performance.now()
  for (const flag of shortLived) setFlagsFromString(flag)
  const starting = await showProgress('Starting the simulated GitHub, Slack, staging and the bot')
  const stage = await setStage({ at: new Date('2026-11-24T22:00:00Z'), staging: true, operations: true })
  try {
    const tell = narrator(print)
    cast(stage)
    starting.show('Creating the repository foodyepay/mcp-server, its people and its policy')
    const shop = await setUpRepositories(stage)
    stage.github.installApp(shop.repository.owner)
    starting.stop()
    print(`Ready after ${secondsSince(began)} s. Each check shows only what is new in it.\n`)
    await playReleaseWeek(stage, shop, tell)
    await tellRecords(stage, tell)
    tell.line(`The demo took ${secondsSince(began)} s.`)
    if (options.keep) await keep(stage, shop, print)
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
    if (!verdict.ok) throw new Error(`The audit chain is broken at record ${verdict.seq}: ${verdict.why}`)
    await tellDossier(database, tell)
    tell.scene('Afterwards', `The auditor checks the audit chain: ${verdict.records} records, unbroken.`)
  } finally {
    await database.close()
  }
}

/** The dossier of the incident, and its records verified as the file that an auditor gets. */
async function tellDossier(database: Database, tell: Narrator): Promise<void> {
  const parts: string[] = []
  const collect = async (part: string | Uint8Array) => void parts.push(String(part))
  await printDossier({ database }, { name: incidentName, ndjson: false }, collect)
  tell.scene('audit dossier', `Everything that the records say of ${incidentName}:`)
  for (const line of parts.join('').split('\n').slice(2, -5)) if (line !== '') tell.line(line)
  const records: Uint8Array[] = []
  await printDossier(
    { database },
    { name: incidentName, ndjson: true },
    async (part) => void records.push(Buffer.from(part)),
  )
  const verified = await verifyRecords(recordsIn(linesIn(partsOf(records))))
  if (!verified.ok) throw new Error(`The dossier is broken at record ${verified.seq}: ${verified.why}`)
  tell.line(`As a file it verifies alone, without the bot: ${verified.records} records, unbroken.`)
}

async function* partsOf(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

function secondsSince(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

/** What is being started: one line that changes on a terminal, a line each in a pipe. */
async function showProgress(text: string): Promise<{ show: (text: string) => void; stop: () => void }> {
  const print = (line: string) => void process.stdout.write(`${line} …\n`)
  if (!process.stdout.isTTY || process.env.NO_COLOR) {
    print(text)
    return { show: print, stop: () => undefined }
  }
  const { default: ora } = await import('ora')
  const spinner = ora({ stream: process.stdout, text, discardStdin: false }).start()
  return {
    show: (next) => {
      spinner.text = next
    },
    stop: () => void spinner.stop(),
  }
}

async function keep(stage: Stage, shop: Workshop, print: (text: string) => void): Promise<void> {
  const { github } = stage
  await stage.startBot()
  await stage.settled()
  const { data: open } = await stage.as('ana').rest.pulls.list(shop.repository)
  print(
    [
      '',
      'Everything keeps running until Ctrl-C. Continue in another terminal:',
      '',
      `  export OPERATOR_TOKEN=${stage.operatorToken}`,
      `  export PORT=${new URL(stage.bot().url).port}`,
      ...('dataDir' in stage.database ? [`  export DATA_DIR=${stage.database.dataDir}`] : []),
      '  npm run -s gate -- status',
      '  npm run -s gate -- freeze --all --reason "Trying it out"',
      '',
      `  export GITHUB_API_URL=${github.url} GITHUB_TOKEN=${github.tokenFor('ana')}`,
      ...open.slice(0, 1).map(({ number }) => `  npm run -s gate -- decide --pull ${shop.name}#${number}`),
      `  curl -H "authorization: token $GITHUB_TOKEN" $GITHUB_API_URL/repos/${shop.name}/pulls`,
      '',
      `  GitHub's API   ${github.url}`,
      `  the board      ${stage.bot().url} (sign in as one of the people below)`,
      `  PagerDuty      ${stage.operations?.pagerDuty.url}/alerts`,
      ...people.map((login) => `  ${login.padEnd(14)} ${github.tokenFor(login)}`),
      '',
      ...clockHelp(stage.now()),
      '',
    ].join('\n'),
  )
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const input = createInterface({ input: process.stdin })
  input.on('line', (line) => void moveClock(stage, line, print))
  await ended
  input.close()
}
