import { TestClock } from 'pg-boss'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runAgain } from '../../src/decision/regression-check.ts'
import type { PullRef } from '../../src/decision/snapshot.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import type { Database } from '../../src/store/database.ts'
import { keptPolicies } from '../../src/store/policies.ts'
import { openQueue, type Queue } from '../../src/store/queue.ts'
import { deliver as deliverTo } from '../support/deliver.ts'
import { allowBypass, closed, openedIssues, windowPolicy } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Every kind of job, where the installation was suspended or removed and no event said so; and all of them under a limit. */

const policy = windowPolicy.replace(
  'slack:',
  '  staging_regression: { deployment: none, defer_when_urgent: true, limits: { per_tool: 2, total: 4 } }\nslack:',
)

let stage: Stage
let database: Database
let queue: Queue

beforeAll(async () => {
  stage = await aStage({ at: closed })
  cast(stage)
  database = await openDatabase(stage.database)
  const log = pino({ level: 'silent' })
  queue = await openQueue({ database, log, clock: new TestClock(closed) })
})
afterAll(async () => {
  await queue.stop()
  await database.close()
  await stage.close()
})

type Left = { shop: Workshop; pull: PullRef; change: Change; issue: number; green: Change }

/** An organization whose bot has a token, a green check, and a merge with a review that is open. */
async function anOrganization(owner: string): Promise<Left & { installationId: number }> {
  stage.github.addOrganization(owner, { owners: ['olga'] })
  const { installationId } = stage.github.installApp(owner)
  const shop = await setUpRepositories(stage, { owner, repo: 'tool', policy })
  await allowBypass(stage, shop)
  const open = (branch: string) =>
    shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: 'export {}\n' } })
  const merged = await open('merged')
  await stage.as('olga').rest.pulls.merge({ ...shop.repository, pull_number: merged.number })
  await stage.settled()
  const green = await open('green')
  await shop.review('chloe', green)
  await shop.review('dev', green)
  await shop.label('eva', green, 'urgent')
  expect(await shop.check(green)).toMatchObject({ conclusion: 'success' })
  const change = await open('change')
  const { data } = await stage.as('olga').rest.repos.get(shop.repository)
  const pull = { installationId, repositoryId: data.id, ...shop.repository, number: change.number }
  const [issue] = await openedIssues(stage, shop)
  return { shop, pull, change, green, installationId, issue: issue?.number ?? expect.fail() }
}

async function deliver({ pull, shop }: Left, event: string, more: object): Promise<void> {
  const { data: repository } = await stage.as('olga').rest.repos.get(shop.repository)
  const sender = { id: 1, login: 'x' }
  await deliverTo(stage, event, { installation: { id: pull.installationId }, repository, sender, ...more })
}

/** Each kind of job that asks GitHub something, and how it comes about. */
const jobs: Record<string, (left: Left) => Promise<void>> = {
  'an evaluation': ({ pull }) => queue.enqueueEvaluate(pull),
  'an evaluation at a time': ({ pull }) => queue.enqueueRecheck(pull, stage.now()),
  'a merge': ({ pull }) => queue.enqueueMerging({ task: 'merged', pull }),
  'a push': ({ pull: { number: _, ...repository }, change }) => {
    const push = { branch: 'main', before: '0'.repeat(40), after: change.sha }
    return queue.enqueueMerging({ task: 'pushed', repository, push })
  },
  'a merge group': ({ pull: { number: _, ...repository }, change }) => {
    const group = { headSha: change.sha, headRef: 'refs/heads/gh-readonly-queue/main/pr-1', baseRef: 'main' }
    return queue.enqueueMerging({ task: 'group', repository, group })
  },
  'a review that was closed': ({ pull: { number: _, ...repository }, issue: number }) =>
    queue.enqueueMerging({ task: 'issue', repository, number }),
  'a follow-up that is due': async ({ pull }) => {
    await database.query('UPDATE release_gate.landings SET issue_number = NULL WHERE repository_id = $1', [
      pull.repositoryId,
    ])
    await queue.enqueueMerging({ task: 'merged', pull: { ...pull, number: 1 } })
  },
  'a regression': ({ pull, change: { sha } }) =>
    queue.enqueueRegression({ pull, sha, server: 'staging', why: 'gate' }),
  'a delivery about the policy': (left) => {
    const repository = { default_branch: 'main' }
    const ref = { ref: 'refs/heads/main', before: '0'.repeat(40), after: left.change.sha, deleted: false }
    return deliver(left, 'push', { ...ref, ...repositoryWith(left, repository) })
  },
  'a delivery about a deleted branch': (left) => {
    const ref = { ref: 'refs/heads/old', before: left.change.sha, after: '0'.repeat(40), deleted: true }
    return deliver(left, 'push', { ...ref, ...repositoryWith(left, { default_branch: 'main' }) })
  },
  'a delivery about the repository': (left) => deliver(left, 'repository', { action: 'renamed' }),
  'a delivery about the installation': (left) =>
    deliver(left, 'installation', { action: 'new_permissions_accepted' }),
  'a delivery about the button': (left) =>
    deliver(left, 'check_run', {
      action: 'requested_action',
      check_run: { name: 'Staging regression', head_sha: left.change.sha },
      requested_action: { identifier: runAgain.identifier },
    }),
}

function repositoryWith({ pull, shop }: Left, more: object): { repository: object } {
  const { owner: login, repo: name } = shop.repository
  return { repository: { id: pull.repositoryId, name, owner: { login }, ...more } }
}

/** Jobs that will be tried again, and those that were given up. */
const unfinished = () =>
  database.query(
    `SELECT name, state, data FROM release_gate_jobs.job WHERE state IN ('retry', 'failed') OR name = 'dead-letters'`,
  )

describe.each([
  ['suspended', (id: number) => stage.github.suspendApp(id)],
  ['removed', (id: number) => stage.github.uninstallApp(id)],
])('where the installation was %s', (how, leave) => {
  let left: Left
  beforeAll(async () => {
    const { installationId, ...made } = await anOrganization(`was-${how}`)
    left = made
    const told = stage.github.faults.add({ kind: 'lose', event: 'installation' })
    leave(installationId)
    told()
  })

  test.each(Object.keys(jobs))('%s ends at once, without a retry or an alert', async (name) => {
    const from = stage.bot().log().length
    await jobs[name]?.(left)
    await stage.settled()
    const log = stage.bot().log().slice(from)
    expect(log).toContain('The App no longer has access there')
    expect(log).not.toContain('A job failed')
    expect(log).not.toContain('"alert":true')
    expect(await unfinished()).toEqual([])
    expect(await database.query(`SELECT 1 FROM release_gate.deliveries WHERE state = 'received'`)).toEqual([])
  })

  test('the calendar goes on, and so do the notices and what is done each day', async () => {
    const from = stage.bot().log().length
    const announced = await database.query<{ notice: object }>(
      'UPDATE release_gate.landings SET announced = false WHERE repository_id = $1 RETURNING notice',
      [left.pull.repositoryId],
    )
    expect(announced).toHaveLength(1)
    for (const { notice } of announced) await queue.enqueueNotice({ ...notice, key: `again-${how}` })
    // The urgency of its green check ends, which cannot be written any more.
    await stage.moveTo(new Date(stage.now().getTime() + 25 * 3_600_000))
    await stage.bot().end('SIGTERM')
    const log = stage.bot().log().slice(from)
    await stage.startBot()
    await stage.settled()
    for (const said of [log, stage.bot().log()]) {
      expect(said).not.toContain('A job failed')
      expect(said).not.toContain('"alert":true')
    }
    expect(await unfinished()).toEqual([])
  })
})

test('the policies of an installation are listed again as soon as it is not suspended anymore', async () => {
  stage.github.addOrganization('on-leave', { owners: ['olga'] })
  const { installationId } = stage.github.installApp('on-leave')
  const policy = 'gates: { approvals: {} }\n'
  const shop = await setUpRepositories(stage, { owner: 'on-leave', repo: 'tool', policy })
  await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
  await stage.settled()
  const listed = async () => (await keptPolicies(database, installationId)).map(({ repo }) => repo)
  expect(await listed()).toContain('tool')
  stage.github.suspendApp(installationId)
  await stage.settled()
  expect(await listed()).toEqual([])
  stage.github.suspendApp(installationId, false)
  await stage.settled()
  expect(await listed()).toContain('tool')
  stage.github.uninstallApp(installationId)
  await stage.settled()
  expect(await listed()).toEqual([])
})

test('ten jobs that meet a secondary limit make one pause, and are all done after it', async () => {
  const { installationId } = stage.github.installApp('foodyepay')
  const shop = await setUpRepositories(stage, { repo: 'limited', policy: 'gates: { approvals: {} }\n' })
  const changes: Change[] = []
  for (let n = 0; n < 10; n++)
    changes.push(
      await shop.openPull('ana', { branch: `b${n}`, title: `B ${n}`, files: { [`src/${n}.ts`]: 'x\n' } }),
    )
  const lift = stage.github.faults.add({
    kind: 'secondary-rate-limit',
    path: /./,
    only: 'app',
    retryAfter: 60,
  })
  stage.github.requests.reset()
  for (const { number } of changes)
    await stage
      .as('chloe')
      .rest.pulls.createReview({ ...shop.repository, pull_number: number, event: 'APPROVE' })
  await stage.settled()
  const refused = stage.github.requests.counts.all
  await stage.moveTo(new Date(stage.now().getTime() + 30_000))
  expect(stage.github.requests.counts.all).toBe(refused)
  // One of each worker that had begun, and not one of each job with all of its requests.
  expect(refused).toBeLessThanOrEqual(8)
  expect(
    await database.query('SELECT resource FROM release_gate.pauses WHERE installation_id = $1', [
      installationId,
    ]),
  ).toEqual([{ resource: 'all' }])
  lift()
  await stage.moveTo(new Date(stage.now().getTime() + 31_000))
  for (const change of changes)
    expect(await shop.check(change)).toMatchObject({ title: 'Waiting for 1 more approval' })
  expect(await unfinished()).toEqual([])
})
