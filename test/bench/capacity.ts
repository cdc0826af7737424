import { randomUUID } from 'node:crypto'
import { type Stage, setStage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories } from '../../src/sandbox/workshop.ts'
import type { Role } from '../../src/settings/role.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { openQueue } from '../../src/store/queue.ts'
import type { Measure } from './measure.ts'
import { isLarge, onBoth, type Place } from './places.ts'

const at = new Date('2026-11-24T22:00:00Z')
const pulls = 20
const rounds = isLarge ? 20 : 4
/** Aimed at are 10,000 of each. */
const many = isLarge ? 10_000 : 1_000

/** Evaluations a second with more and more workers, a restart with a full queue, and the recovery of what was missed. */
export function benchCapacity(): Promise<Measure[]> {
  return onBoth(async (kind, place) => {
    const measures: Measure[] = []
    const divided: Role[][] = [1, 2, 4].map((n) => ['web', ...Array<Role>(n).fill('worker')])
    for (const roles of kind === 'PGlite' ? [['all'] as Role[]] : divided)
      measures.push(await evaluations(kind, await place(), roles))
    measures.push(...(await afterAnOutage(kind, await place())))
    return measures
  })
}

async function onStage<Result>(
  options: { database: Place; roles?: Role[] },
  work: (stage: Stage, installationId: number) => Promise<Result>,
): Promise<Result> {
  const stage = await setStage({ at, ...options })
  try {
    cast(stage)
    const { installationId } = stage.github.installApp('foodyepay')
    stage.github.requests.set({ hourly: Number.POSITIVE_INFINITY })
    return await work(stage, installationId)
  } finally {
    await stage.close()
  }
}

/** Each round, everybody reviews another pull request: facts are read, decided, recorded and published. GitHub is the sandbox in this process. */
function evaluations(kind: string, database: Place, roles: Role[]): Promise<Measure> {
  return onStage({ database, roles }, async (stage) => {
    const shop = await setUpRepositories(stage, { policy: 'gates:\n  approvals: {}\n' })
    const changes: Change[] = []
    for (let n = 0; n < pulls; n++)
      changes.push(
        await shop.openPull('ana', { branch: `b-${n}`, title: `B ${n}`, files: { [`src/${n}.ts`]: 'x\n' } }),
      )
    let took = 0
    for (let round = 0; round < rounds; round++) {
      // GitHub's writes a minute, by the story's clock.
      await stage.moveTo(new Date(stage.now().getTime() + 2 * 60_000))
      const began = performance.now()
      await Promise.all(
        changes.map(({ number }) =>
          stage.as('chloe').rest.pulls.createReview({
            ...shop.repository,
            pull_number: number,
            event: round % 2 === 0 ? 'APPROVE' : 'REQUEST_CHANGES',
            body: 'I looked at it.',
          }),
        ),
      )
      await stage.settled()
      took += performance.now() - began
    }
    const workers = roles.filter((role) => role !== 'web').length
    return {
      name: `${kind}: evaluations through the whole path, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      value: (pulls * rounds * 1_000) / took,
      unit: 'a second',
    }
  })
}

function afterAnOutage(kind: string, database: Place): Promise<Measure[]> {
  return onStage({ database }, async (stage, installationId) => {
    const shop = await setUpRepositories(stage, { repo: 'no-policy', policy: null })
    const { data: repository } = await stage.as('olga').rest.repos.get(shop.repository)
    await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
    await stage.settled()
    const about = { installationId, repositoryId: repository.id, ...shop.repository }
    await stage.kill()
    await enqueue(database, about)
    const ready = await timed(() => stage.startBot())
    const drained = await timed(() => stage.settled())
    const missed = missDeliveries(stage)
    await stage.kill()
    await stage.startBot()
    const began = performance.now()
    const recovered = () =>
      stage.github.deliveries.log.filter(
        ({ guid, status_code: status }) => missed.has(guid) && status === 202,
      )
    while (recovered().length < many) await stage.settled()
    return [
      {
        name: `${kind}: restart with ${many} queued evaluations, until it is ready`,
        value: ready,
        unit: 's',
      },
      { name: `${kind}: these ${many} evaluated (no policy covers them)`, value: drained, unit: 's' },
      {
        name: `${kind}: ${many} missed deliveries recovered`,
        value: (performance.now() - began) / 1_000,
        unit: 's',
      },
    ]
  })
}

async function enqueue(
  place: Place,
  repository: { installationId: number; repositoryId: number; owner: string; repo: string },
) {
  const database = await openDatabase(place)
  const log = { error: () => undefined, warn: () => undefined, info: () => undefined }
  const queue = await openQueue({ database, log })
  const jobs = Array.from({ length: many }, (_, n) => ({
    pull: { ...repository, number: n + 100 },
    green: false,
  }))
  await queue.enqueueAll(jobs)
  await queue.stop()
  await database.close()
}

/** Puts deliveries that failed into GitHub's log, each a copy of a true one under an id of its own. */
function missDeliveries(stage: Stage): Set<string> {
  const { log } = stage.github.deliveries
  const model = log.findLast(({ event, action }) => event === 'pull_request' && action === 'opened')
  if (!model) throw new Error('no pull request was opened')
  const guids = Array.from({ length: many }, () => randomUUID())
  const first = (log.at(-1)?.id ?? 0) + 1
  for (const [n, guid] of guids.entries())
    log.push({ ...model, id: first + n, guid, status: 'failed to connect to host', status_code: 502 })
  return new Set(guids)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}
