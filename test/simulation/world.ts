import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import { isHandled } from '../../src/bot/events.ts'
import { inspectors } from '../../src/sandbox/github/inspection.ts'
import { type SandboxGitHub, startGitHub } from '../../src/sandbox/github/start.ts'
import { type Slack, startSlack } from '../../src/sandbox/slack.ts'
import { perform } from './acts.ts'
import { type Bots, type LocalBot, manageBots, operatorToken } from './bots.ts'
import { addHouse, type House, noteHeads, people } from './house.ts'
import { consult, type Oracle } from './oracle.ts'
import { type Photo, takePhoto } from './photo.ts'
import type { Act, Fault, Moment, Plan } from './plan.ts'
import { sentence } from './story.ts'

/** What was seen of one repository while its history ran. */
export type Witness = {
  house: House
  oracle: Oracle
  /** The moment of each merge, just before its base moved, and the times at which all was quiet and right. */
  merges: { number: number; commit: string; photo: Photo }[]
  quiet: Photo[]
  /** At each moment and after each act, in order. */
  photos: Photo[]
  /** When something else than a merge happened, or a request was refused. */
  otherwise: Set<number>
  story: string[]
  /** What the bot does not know yet of this repository, and will only find by itself. */
  owed: Set<Owed>
}

export type World = {
  github: SandboxGitHub
  slack: Slack
  bots: Bots
  witnesses: Witness[]
  isHandled: (event: string, action: string | undefined) => boolean
}

/** Plays a plan to its end, and then lets everything come to rest. */
export async function play(plan: Plan, url: string): Promise<World & { close: () => Promise<void> }> {
  let time = plan.start.getTime()
  const github = await startGitHub({ clock: () => time })
  const slack = await startSlack({ clock: () => time })
  const bots = await manageBots(github, slack.url, url, () => new Date(time))
  people(github)
  const witnesses: Witness[] = []
  for (const [index, history] of plan.histories.entries()) {
    const house = await addHouse(github, index, history)
    witnesses.push({
      house,
      oracle: consult(github, house),
      merges: [],
      quiet: [],
      photos: [],
      otherwise: new Set(),
      story: [],
      owed: new Set(),
    })
  }
  const stopWatching = watchMerges(github, witnesses)
  const run: Run = {
    plan,
    github,
    bots,
    witnesses,
    advance: (seconds) => {
      time += seconds * 1000
      return time
    },
    living: [],
    owed: new Set(),
    recoveredAt: time,
    lookedAt: time,
    troubledAt: 0,
    now: time,
  }
  await begin(run)
  for (const [index, moment] of plan.moments.entries()) await pass(run, moment, index)
  await rest(run)
  return {
    github,
    slack,
    bots,
    witnesses,
    isHandled,
    close: async () => {
      stopWatching()
      await bots.close()
      await github.close()
      await slack.close()
    },
  }
}

/** The webhook of a merge is sent while the branch of the base is still where it was. */
function watchMerges(github: SandboxGitHub, witnesses: Witness[]): () => void {
  const inspector = {
    webhook: (event: string, payload: unknown) => {
      const {
        action,
        number,
        pull_request: pull,
        repository,
      } = payload as {
        action?: string
        number: number
        pull_request?: { merged: boolean; merge_commit_sha: string }
        repository?: { id: number }
      }
      if (event !== 'pull_request' || action !== 'closed' || !pull?.merged) return
      const witness = witnesses.find(({ house }) => house.repository.id === repository?.id)
      witness?.merges.push({ number, commit: pull.merge_commit_sha, photo: takePhoto(github, witness.house) })
    },
  }
  inspectors.add(inspector)
  return () => void inspectors.delete(inspector)
}

/** What the bot does not know yet, and will find by its retries, its recovery, its hourly check, or a missed heartbeat. */
type Owed = 'retries' | 'recovery' | 'look' | 'jobs'

/** What is under way: the living bots, and what is owed to all repositories. */
type Run = {
  plan: Plan
  github: SandboxGitHub
  bots: Bots
  witnesses: Witness[]
  advance: (seconds: number) => number
  living: LocalBot[]
  owed: Set<Owed>
  recoveredAt: number
  lookedAt: number
  troubledAt: number
  now: number
}

const recovery = 'Requesting missed deliveries'
const look = 'The hourly check'
const overdue = 'Revoking what could not be verified'

/** A heartbeat is missed after 10 s, and looked at as often. */
const lostAfter = 25_000

async function begin(run: Run): Promise<void> {
  for (let count = 0; count < run.plan.bots; count++) await startBot(run)
  await settle(run)
}

async function pass(run: Run, moment: Moment, index: number): Promise<void> {
  await wait(run, moment.wait)
  if (run.plan.moments[index - 1]?.settle) await settleAndLook(run)
  for (const witness of run.witnesses) {
    tell(witness, `${time(run.now)}${moment.trouble ? ` · ${moment.trouble}` : ''}`)
    witness.photos.push(takePhoto(run.github, witness.house))
  }
  const removals = run.witnesses.flatMap((witness, house) =>
    (run.plan.histories[house]?.moments[index]?.faults ?? []).map((fault) => {
      witness.otherwise.add(run.now)
      return arm(run, witness, fault)
    }),
  )
  if (moment.trouble === 'disk full') await run.bots.setDiskFull(true)
  const inTurn = pLimit(6)
  await Promise.all(
    run.witnesses.map((witness, house) =>
      inTurn(async () => {
        for (const act of run.plan.histories[house]?.moments[index]?.acts ?? [])
          await carryOut(run, witness, act)
      }),
    ),
  )
  await makeTrouble(run, moment)
  if (moment.settle && moment.trouble !== 'disk full') await settle(run)
  for (const remove of removals) remove()
  if (moment.trouble === 'disk full') await run.bots.setDiskFull(false)
  if (run.living.length < run.plan.bots && (moment.settle || index % 2 === 0)) await startBot(run)
  if (moment.settle) await settleAndLook(run)
}

/** Nothing happens any more: retries come to their end, missed deliveries are asked for, everything is looked at. */
async function rest(run: Run): Promise<void> {
  run.github.faults.clear()
  while (run.living.length < run.plan.bots) await startBot(run)
  for (const seconds of [10, 400, 400]) await wait(run, seconds, true)
  await settleAndLook(run)
  for (const seconds of [3700, 400]) await wait(run, seconds, true)
  // A channel takes one message a second, and the clock stands still while they are sent.
  for (let messages = 0; messages < 50 && (await isAnyNoticeWaiting(run)); messages++)
    await wait(run, 2, true)
  await settleAndLook(run)
}

async function isAnyNoticeWaiting({ bots }: Run): Promise<boolean> {
  const waiting = await bots.query(
    `SELECT 1 FROM release_gate_jobs.job
     WHERE (name = 'notices' OR (name = 'later' AND data->>'queue' = 'notices')) AND state < 'active' LIMIT 1`,
  )
  return waiting.length > 0
}

async function wait(run: Run, seconds: number, quiet = false): Promise<void> {
  run.now = run.advance(seconds)
  for (const { bot } of run.living) await bot.setTime(new Date(run.now)).catch(() => undefined)
  if (quiet || seconds > 900) await settle(run)
  await runPeriodicTasks(run)
  if (seconds >= 400 && run.living.length > 0) settleAccounts(run, 'retries')
}

function settleAccounts(run: Run, what: Owed): void {
  for (const { owed } of [run, ...run.witnesses]) owed.delete(what)
}

async function runPeriodicTasks(run: Run): Promise<void> {
  const [first] = run.living
  if (!first) return
  if (run.owed.has('jobs') && run.now - run.troubledAt >= lostAfter) {
    await first.bot.supervise()
    run.owed.delete('jobs')
  }
  if (run.now - run.lookedAt >= 3_600_000) {
    await runPeriodicTask(run, look)
    run.lookedAt = run.now
    await settle(run)
    settleAccounts(run, 'look')
  }
  if (run.now - run.recoveredAt >= 300_000) {
    await runPeriodicTask(run, recovery)
    run.recoveredAt = run.now
    await settle(run)
    settleAccounts(run, 'recovery')
  }
  await runPeriodicTask(run, overdue)
}

/**
 * The process that runs the periodic tasks runs one of them. Where it was killed, another one takes them over, at the latest 20
 * seconds later: the lease goes by the real clock, so its end is helped along.
 */
async function runPeriodicTask({ living, bots }: Run, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    const ran = await Promise.all(living.map(({ bot }) => bot.runPeriodicTask(what)))
    if (ran.includes(true)) return
    if (tries === 0) await bots.query("DELETE FROM release_gate.leases WHERE key = 'periodic tasks'")
    await setTimeout(20)
  }
  throw new Error('Nobody runs the periodic tasks')
}

async function carryOut(run: Run, witness: Witness, act: Act): Promise<void> {
  const { house } = witness
  const desk = run.living[0] && { url: run.living[0].url, token: operatorToken }
  const outcome = await perform(run.github, house, act, desk)
  if (act.kind !== 'merge') witness.otherwise.add(run.now)
  tell(
    witness,
    `  ${sentence(act, house)}${outcome === undefined ? '' : ` → refused: ${outcome.slice(0, 120)}`}`,
  )
  noteHeads(house)
  witness.photos.push(takePhoto(run.github, house))
}

function arm(run: Run, { house, story, owed }: Witness, fault: Fault): () => void {
  story.push(`  (fault: ${fault.kind} × ${fault.times}${'of' in fault ? ` of ${fault.of}` : ''})`)
  const { faults } = run.github
  if (!('of' in fault)) {
    owed.add(fault.kind === 'lose' ? 'look' : fault.kind === 'drop' ? 'recovery' : 'retries')
    return faults.deliveries.add({ kind: fault.kind, times: fault.times, installation: house.installationId })
  }
  owed.add('retries')
  const scope = {
    method: fault.of,
    path: `**/repos/${house.owner}/**`,
    times: fault.times,
    only: 'app' as const,
  }
  switch (fault.kind) {
    case 'slow':
      return faults.add({ ...scope, kind: 'latency', latencyMs: fault.ms })
    case 'server error':
      return faults.add({ ...scope, kind: 'status', status: 502 })
    case 'lost reply':
      return faults.add({ ...scope, kind: 'lost-reply' })
    case 'cut':
      return faults.add({ ...scope, kind: 'reset' })
    case 'rate limit':
      return faults.add({ ...scope, kind: 'rate-limit' })
    case 'secondary limit':
      return faults.add({ ...scope, kind: 'secondary-rate-limit' })
  }
}

async function makeTrouble(run: Run, { trouble }: Moment): Promise<void> {
  // Whoever cannot write that a job is done leaves it to whoever finds it, as a killed process does.
  if (trouble) {
    run.owed.add('jobs').add('recovery').add('retries')
    run.troubledAt = run.now
  }
  if (trouble === 'database restart') await run.bots.restartDatabase()
  const [first] = run.living
  if (trouble === 'kill' && first) {
    run.living.shift()
    await first.kill()
    pointWebhook(run)
  }
}

async function startBot(run: Run): Promise<void> {
  const bot = await run.bots.start()
  run.living.push(bot)
  pointWebhook(run)
  if (run.living.length === 1) {
    run.recoveredAt = run.now
    run.lookedAt = run.now
  }
}

/** GitHub knows one address. While no bot runs, nobody listens there. */
function pointWebhook(run: Run): void {
  const url = run.living[0]?.url ?? 'http://127.0.0.1:9'
  run.github.setWebhook({ url: `${url}/api/github/webhooks` })
}

/**
 * All deliveries have arrived, and every bot has said twice that it has nothing to do. The jobs of a killed bot stay with it
 * until its heartbeat is missed, and the clock stands still here: they are not waited for.
 */
async function settle(run: Run): Promise<void> {
  const patience = run.owed.has('jobs') ? 60 : 4_000
  for (let quiet = 0, rounds = 0; quiet < 2; rounds++) {
    await run.github.settled()
    const idle = await Promise.all(run.living.map(({ bot }) => bot.idle().catch(() => false)))
    quiet = idle.every(Boolean) ? quiet + 1 : 0
    if (rounds > patience && run.owed.has('jobs')) return
    if (rounds > patience) throw new Error(`The world does not come to rest:\n${await unfinished(run)}`)
    if (quiet < 2) await setTimeout(5)
  }
}

async function unfinished({ bots }: Run): Promise<string> {
  const jobs = await bots.query(
    `SELECT name, state, data, retry_count, start_after, started_on, output FROM release_gate_jobs.job WHERE state <= 'active' LIMIT 10`,
  )
  return [...jobs.map((job) => JSON.stringify(job)), ...bots.log.slice(-10)].join('\n')
}

/** Everything that a bot could know is done by now, so every check must be right. */
async function settleAndLook(run: Run): Promise<void> {
  await settle(run)
  if (run.owed.size > 0 || run.living.length === 0) return
  const unfinished = await evaluatedWithinASecond(run)
  for (const witness of run.witnesses)
    if (witness.owed.size === 0 && !unfinished.has(witness.house.installationId))
      witness.quiet.push(takePhoto(run.github, witness.house))
}

/**
 * Installations with an evaluation that is put off by less than a second, as where a freeze was ordered while the facts were read. Times of
 * delayed jobs are whole seconds, and the clock stands still here.
 */
async function evaluatedWithinASecond({ bots, now }: Run): Promise<Set<number>> {
  const waiting = await bots.query<{ id: number }>(
    `SELECT (data->'data'->>'installationId')::int AS id FROM release_gate_jobs.job
     WHERE name = 'later' AND data->>'queue' = 'evaluate' AND state < 'active' AND start_after <= $1`,
    [new Date(now + 1_000)],
  )
  return new Set(waiting.map(({ id }) => id))
}

function tell({ story }: Witness, line: string): void {
  story.push(line)
}

function time(at: number): string {
  return new Date(at).toISOString().slice(5, 19).replace('T', ' ')
}
