import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { PostgresAnswer } from '../support/postgres-process.ts'
import { postgresTemplate } from '../support/templates.ts'
import type { Breach } from './invariants.ts'
import { drawPlan, type Plan } from './plan.ts'
import { shrink } from './shrink.ts'
import { type Result, simulatePlan, told } from './simulate.ts'

/** `npm run simulate -- --runs 10000 --seed 1`: histories until so many have run, a world of them at a time. */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    histories: { type: 'string', default: '25' },
    moments: { type: 'string', default: '10' },
    /** Ends at the first world in which a promise is broken. */
    first: { type: 'boolean', default: false },
  },
})
const size = { histories: Number(values.histories), moments: Number(values.moments) }

const postgres: ChildProcess = fork(new URL('../support/postgres-process.ts', import.meta.url), {
  execArgv: [],
})
const [answer] = (await once(postgres, 'message')) as [PostgresAnswer]
if ('problem' in answer) throw new Error(answer.problem)
const admin = new pg.Client({ connectionString: answer.url })
await admin.connect()

let broken = 0
let worlds = 0
const last = Number(values.seed) + Number(values.runs)
for (let seed = Number(values.seed); seed < last; seed += size.histories) {
  broken += await runWorld(seed)
  if (broken > 0 && values.first) break
}

await admin.end()
postgres.disconnect()
await once(postgres, 'exit')
process.exit(broken > 0 ? 1 : 0)

async function runWorld(seed: number): Promise<number> {
  const plan = drawPlan(seed, size)
  const began = { at: performance.now(), cpu: process.cpuUsage() }
  const { breaches, stories, seen } = await playAlone(plan)
  const { user, system } = process.cpuUsage(began.cpu)
  const seconds = (performance.now() - began.at) / 1000
  const cost = `${seconds.toFixed(0)} s, CPU of this process ${((user + system) / 1e6).toFixed(1)} s`
  console.log(`seed ${seed}: ${breaches.length} broken promises; ${JSON.stringify(seen)}; ${cost}`)
  for (const breach of breaches.slice(0, 5)) console.log(`\n${told(breach, stories)}`)
  const [first] = breaches
  if (first && first.history >= 0 && !values.first) await tellShortest(plan, first)
  return breaches.length
}

async function tellShortest(plan: Plan, breach: Breach): Promise<void> {
  const smallest = await shrink(plan, breach, playAlone)
  const [again] = smallest?.result.breaches ?? []
  if (!smallest || !again)
    return console.log('\nAlone, this history breaks nothing: the order of the work decided.')
  console.log(`\nThe shortest story that was found:\n${told(again, smallest.result.stories)}`)
}

async function playAlone(plan: Plan): Promise<Result> {
  const name = `world_${++worlds}`
  const url = await emptyDatabase(answer as { url: string }, name)
  try {
    return await simulatePlan(plan, url)
  } finally {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
  }
}

async function emptyDatabase({ url }: { url: string }, name: string): Promise<string> {
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${postgresTemplate}`)
  const own = new URL(url)
  own.pathname = name
  return own.href
}
