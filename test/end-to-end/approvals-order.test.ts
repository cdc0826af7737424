import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policySchema } from '../../src/decision/policy.ts'
import { checkReport } from '../../src/decision/report.ts'
import { decide } from '../../src/decision/verdict.ts'
import type { DeliveryFault } from '../../src/sandbox/github/delivery-faults.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { readSnapshot } from '../../src/services/github/snapshot.ts'
import { clientOf, memoryFacts } from '../support/desk.ts'
import { aStageOnPglite } from '../support/stage.ts'

/** Histories a run: a handful by default, more with SIZE=large. */
const large = process.env.SIZE === 'large'
const numRuns = large ? 60 : 5
const policy = 'gates:\n  approvals: {}\n'

let stage: Stage
let installationId: number
let count = 0
beforeAll(async () => {
  stage = await aStageOnPglite({ at: new Date('2026-11-24T22:00:00Z'), killable: true })
  cast(stage)
  installationId = stage.github.installApp('foodyepay').installationId
  stage.github.requests.set({ hourly: Number.POSITIVE_INFINITY })
})
afterAll(() => stage.close())

const reviewer = fc.constantFrom('chloe', 'dev', 'eva')
const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('approve' as const), who: reviewer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('block' as const), who: reviewer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dismiss' as const), who: reviewer }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('push' as const, 'amend' as const, 'update' as const, 'back' as const),
      who: fc.constantFrom('ana', 'ana', 'ben'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('draft' as const, 'ready' as const, 'close' as const, 'reopen' as const),
      who: fc.constant('ana'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('demote' as const, 'promote' as const), who: reviewer }),
  },
)
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never

/** What happens to the deliveries; of a lost one the bot learns when it looks at everything, as at its start. */
const trouble = fc.constantFrom<DeliveryFault[]>(
  [{ kind: 'reorder', count: 3 }],
  [{ kind: 'double' }],
  [{ kind: 'hold', times: 4 }],
  [{ kind: 'lose', times: 3 }],
  [{ kind: 'drop', times: 3 }],
  [{ kind: 'hold', event: 'pull_request' }, { kind: 'double' }],
  [{ kind: 'delay', delayMs: 30, event: 'pull_request_review' }],
)

/** Does one thing, or nothing where GitHub does not let it be done now. */
async function act(shop: Workshop, change: Change, heads: string[], { kind, who }: Action): Promise<void> {
  const pull = { ...shop.repository, pull_number: change.number }
  const name = `${shop.name}#${change.number}`
  const { pulls } = stage.as(who).rest
  const on = async (work: () => Promise<unknown>) => void (await work().catch(() => undefined))
  if (kind === 'approve') await on(() => pulls.createReview({ ...pull, event: 'APPROVE' }))
  else if (kind === 'block')
    await on(() => pulls.createReview({ ...pull, event: 'REQUEST_CHANGES', body: 'No' }))
  else if (kind === 'dismiss') await on(() => dismissLast(pull, who))
  else if (kind === 'draft') await on(() => stage.github.convertToDraft(name, who))
  else if (kind === 'ready') await on(() => stage.github.markReady(name, who))
  else if (kind === 'close') await on(() => pulls.update({ ...pull, state: 'closed' }))
  else if (kind === 'reopen') await on(() => pulls.update({ ...pull, state: 'open' }))
  else if (kind === 'demote') stage.github.setCollaborator(shop.name, who, 'triage')
  else if (kind === 'promote') stage.github.setCollaborator(shop.name, who, 'write')
  else heads.push(await rewrite(shop, change, heads, kind, who))
}

async function dismissLast(pull: { owner: string; repo: string; pull_number: number }, who: string) {
  const { pulls } = stage.as('eva').rest
  const { data } = await pulls.listReviews(pull)
  const last = data.findLast(({ user, state }) => user?.login === who && state !== 'DISMISSED')
  if (last) await pulls.dismissReview({ ...pull, review_id: last.id, message: 'Old' })
}

async function rewrite(
  shop: Workshop,
  change: Change,
  heads: string[],
  kind: 'push' | 'amend' | 'update' | 'back',
  who: string,
): Promise<string> {
  const copy = await stage.github.workingCopy(shop.name, who)
  await copy.branch(change.branch, `origin/${change.branch}`)
  if (kind === 'push') {
    await copy.write({ 'src/rewards.ts': `export const cap = ${heads.length}\n` })
    await copy.commit('Change it')
  } else if (kind === 'amend') await copy.commit(`Say it better ${heads.length}`, { amend: true })
  else if (kind === 'back') await copy.git('reset', '--hard', heads[0] ?? change.sha)
  else {
    const main = await stage.github.workingCopy(shop.name, 'olga')
    await main.write({ 'src/eligibility.ts': `export const minimum = ${heads.length}\n` })
    await main.commit('The base moves')
    await main.push({ ref: 'main' }).catch(() => undefined)
    await copy.fetch()
    await copy.merge('origin/main').catch(() => undefined)
  }
  return copy.push({ ref: change.branch, force: true })
}

/** The verdict of a reader who comes now and has never seen the pull request. */
async function verdictOfNewcomer(shop: Workshop, change: Change) {
  const repository = await stage.as('olga').rest.repos.get(shop.repository)
  const ref = { installationId, repositoryId: repository.data.id, ...shop.repository, number: change.number }
  const github = clientOf(stage.github, installationId)
  const wanted = { teams: [], boundLabels: [], labels: [] }
  const facts = await readSnapshot(github, ref, wanted, memoryFacts(), stage.now)
  if (!facts) throw new Error('The pull request is gone')
  const verdict = decide(facts.snapshot, policySchema.parse({ gates: { approvals: {} } }))
  return {
    snapshot: facts.snapshot,
    state: verdict.state,
    title: checkReport(verdict, facts.snapshot, []).title,
  }
}

test('the order of webhook deliveries never changes the final verdict', async () => {
  const seen = { passed: 0, waiting: 0, failed: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 9 }), trouble, async (history, faults) => {
      const shop = await setUpRepositories(stage, { repo: `shop-${++count}`, policy })
      const files = { 'src/rewards.ts': 'export const cap = 1\n' }
      for (const fault of faults) stage.github.faults.add(fault)
      const change = await openQuietly(shop, files)
      const heads = [change.sha]
      for (const step of history) await act(shop, change, heads, step)
      stage.github.faults.clear()
      const lost = faults.some(({ kind }) => kind === 'lose' || kind === 'drop')
      if (lost) await restart()
      await stage.settled()
      // What moved while it was read is read again later.
      await stage.moveTo(new Date(stage.now().getTime() + 10 * 60_000))
      const expected = await verdictOfNewcomer(shop, change)
      seen[expected.state] += 1
      const open = expected.snapshot.state === 'open'
      const check = await shop.check(expected.snapshot.head)
      const green = open && expected.state === 'passed'
      expect(check?.conclusion === 'success').toBe(green)
      if (open) expect(check?.title).toBe(expected.title)
      for (const sha of new Set(heads)) {
        if (sha === expected.snapshot.head.sha) continue
        expect((await shop.check({ sha }))?.conclusion).not.toBe('success')
      }
    }),
    { numRuns, interruptAfterTimeLimit: 600_000, endOnFailure: true },
  )
  if (large)
    for (const state of ['passed', 'waiting', 'failed'] as const)
      expect(seen[state], state).toBeGreaterThan(0)
}, 900_000)

async function openQuietly(shop: Workshop, files: Record<string, string>): Promise<Change> {
  const copy = await stage.github.workingCopy(shop.name, 'ana')
  await copy.branch('change', 'origin/main')
  await copy.write(files)
  const sha = await copy.commit('A change')
  await copy.push({ ref: 'change' })
  const pull = { ...shop.repository, title: 'A change', head: 'change', base: 'main' }
  const { data } = await stage.as('ana').rest.pulls.create(pull)
  return { number: data.number, sha, branch: 'change' }
}

async function restart(): Promise<void> {
  await stage.kill()
  await stage.startBot()
}
