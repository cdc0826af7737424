import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Stage, setStage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { type Measure, percentile } from './measure.ts'
import { startPostgres } from './places.ts'

const approvals = 'gates:\n  approvals: {}\n'
/** `DELIVERIES=10000 PULLS=200 npm run bench backlog` is the full size. */
const many = Number(process.env.DELIVERIES ?? 2_000)
const pulls = Number(process.env.PULLS ?? 20)
const atOnce = 50
const rounds = 3

/** How fast deliveries are stored and evaluated, and how long a green check lasts after "changes requested" behind them. */
export async function benchBacklog(): Promise<Measure[]> {
  const postgres = await startPostgres()
  try {
    return [...(await measured('PGlite', undefined)), ...(await measured('Postgres', { url: postgres.url }))]
  } finally {
    postgres.stop()
  }
}

async function measured(kind: string, database: { url: string } | undefined): Promise<Measure[]> {
  const stage = await setStage({ at: new Date('2026-11-24T22:00:00Z'), ...(database && { database }) })
  try {
    cast(stage)
    const { installationId } = stage.github.installApp('foodyepay')
    stage.github.requests.set({ hourly: Number.POSITIVE_INFINITY })
    const shop = await setUpRepositories(stage, { repo: 'green', policy: approvals })
    const busy = await setUpRepositories(stage, { repo: 'busy', policy: approvals })
    const others = await openMany(stage, busy)
    const payloads = await payloadsFor(stage, busy, others, installationId)
    const measures: Measure[] = []
    for (const [what, count, payload] of [
      ['nothing before it', 0, payloads.changes],
      ['400 runs of other Apps before it', 400, payloads.noise],
      [`${many} deliveries before it, about ${pulls} pull requests`, many, payloads.changes],
    ] as const) {
      const times: number[] = []
      for (let round = 0; round < rounds; round++) {
        const green = await aGreenOne(stage, shop, `green-${measures.length}-${round}`)
        await deliverAll(stage, count, payload)
        times.push(await untilRed(stage, shop, green))
        await stage.settled()
      }
      const name = `${kind}: "changes requested" to red, ${what}, slowest of ${rounds}`
      measures.push({ name, value: percentile(times, 1), unit: 'ms', aim: '1,000 ms' })
    }
    const began = performance.now()
    await deliverAll(stage, many, payloads.changes)
    const stored = performance.now() - began
    await stage.settled()
    const drained = performance.now() - began
    return [
      ...measures,
      { name: `${kind}: deliveries stored`, value: (many / stored) * 1_000, unit: 'a second' },
      {
        name: `${kind}: ${many} deliveries stored and evaluated`,
        value: drained / 1_000,
        unit: 's',
        aim: '60 s for 10,000',
      },
    ]
  } finally {
    await stage.close()
  }
}

/** Opens them all and then waits, minute by minute of the story's clock, for the checks that GitHub's write limits hold back. */
async function openMany(stage: Stage, { name, repository }: Workshop): Promise<Change[]> {
  const branches = Array.from({ length: pulls }, (_, n) => `other-${n}`)
  const seeds = branches.map((branch) => ({ branch, files: { [`src/${branch}.ts`]: 'export {}\n' } }))
  await stage.github.seedBranches(name, 'ana', seeds, 'main')
  const opened: Change[] = []
  for (const branch of branches) {
    const pull = { ...repository, title: branch, head: branch, base: 'main' }
    const { data } = await stage.as('ana').rest.pulls.create(pull)
    opened.push({ number: data.number, sha: data.head.sha, branch })
  }
  await stage.settled()
  for (let waited = 0; !(await allChecked(stage, repository, opened)); waited++) {
    if (waited > 60) throw new Error('Some pull requests have no check after an hour.')
    await stage.moveTo(new Date(stage.now().getTime() + 60_000))
  }
  return opened
}

async function allChecked(
  stage: Stage,
  repository: Workshop['repository'],
  changes: Change[],
): Promise<boolean> {
  for (const { sha } of changes) if (!(await stage.check('olga', repository, sha))) return false
  return true
}

function aChange(shop: Workshop, branch: string): Promise<Change> {
  return shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: 'export {}\n' } })
}

async function aGreenOne(stage: Stage, shop: Workshop, branch: string): Promise<Change> {
  // GitHub's writes a minute, by the story's clock.
  await stage.moveTo(new Date(stage.now().getTime() + 2 * 60_000))
  const change = await aChange(shop, branch)
  await shop.review('chloe', change)
  await shop.review('dev', change)
  const check = await shop.check(change)
  if (check?.conclusion !== 'success') throw new Error(`not green: ${check?.title}`)
  return change
}

type Payload = { event: string; body: string }

async function payloadsFor(stage: Stage, shop: Workshop, changes: Change[], installationId: number) {
  const { data: repository } = await stage.as('olga').rest.repos.get(shop.repository)
  const common = { installation: { id: installationId }, repository, sender: { id: 1, login: 'x' } }
  const asPayload = (event: string, more: object): Payload => ({
    event,
    body: JSON.stringify({ ...common, ...more }),
  })
  return {
    changes: changes.map(({ number, sha }) =>
      asPayload('pull_request', {
        action: 'edited',
        pull_request: { number, head: { sha, ref: 'x' }, merged: false },
      }),
    ),
    noise: [
      asPayload('check_run', { action: 'created', check_run: { name: 'lint', head_sha: 'a'.repeat(40) } }),
    ],
  }
}

/** Sends so many deliveries, each signed and with an id of its own, some at once. */
async function deliverAll(stage: Stage, count: number, payloads: Payload[]): Promise<void> {
  let sent = 0
  const sender = async () => {
    for (let n = sent++; n < count; n = sent++) await deliver(stage, payloads[n % payloads.length])
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, sender))
}

async function deliver(stage: Stage, payload: Payload | undefined): Promise<void> {
  if (!payload) return
  // Otherwise the body is one that was stored before.
  const body = payload.body.replace(/}$/, `,"nonce":"${randomUUID()}"}`)
  const signature = createHmac('sha256', stage.github.app.webhookSecret).update(body).digest('hex')
  const { status } = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'x-github-event': payload.event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
  if (status !== 202) throw new Error(`a delivery was answered ${status}`)
}

async function untilRed(stage: Stage, shop: Workshop, { number, sha }: Change): Promise<number> {
  const review = { ...shop.repository, pull_number: number, event: 'REQUEST_CHANGES' as const, body: 'Wait.' }
  await stage.as('eva').rest.pulls.createReview(review)
  const began = performance.now()
  for (;;) {
    const check = await shop.check({ sha })
    if (check?.conclusion === 'failure') return performance.now() - began
    if (performance.now() - began > 120_000) throw new Error(`still "${check?.title}" after two minutes`)
    await setTimeout(5)
  }
}
