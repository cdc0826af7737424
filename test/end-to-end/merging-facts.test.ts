import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Policy, policySchema } from '../../src/decision/policy.ts'
import { snapshotSchema } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast } from '../../src/sandbox/workshop.ts'
import { client } from '../sandbox/github/house.ts'
import {
  about,
  allowBypass,
  aRepositoryOf,
  letNoticesPass,
  type MergingShop,
  openedIssues,
  type ReadRecord,
  recordsOf,
  windowPolicy,
} from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** What changes seconds before or after a merge, while a backlog keeps the bot from knowing of it. */

let stage: Stage
let time = new Date('2026-11-25T18:05:00Z').getTime()

beforeAll(async () => {
  stage = await aStage({ at: new Date(time) })
  cast(stage)
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

const pass = (seconds: number) => {
  time += seconds * 1_000
  return stage.moveTo(new Date(time))
}

type Act = (shop: MergingShop, change: Change) => Promise<unknown>
type Scene = {
  name: string
  /** Seconds before and after the merge; what happens in the second of the merge itself is 0. */
  before?: [number, Act]
  after?: [number, Act]
  policy?: string
  /** What is done before the backlog begins. */
  prepare?: Act
  by?: string
  method?: 'merge' | 'squash' | 'rebase'
}

const review =
  (login: string, event: 'APPROVE' | 'REQUEST_CHANGES'): Act =>
  (shop, change) =>
    shop.review(login, change, event)
const dismiss: Act = async ({ repository }, { number: pull_number }) => {
  const at = { ...repository, pull_number }
  const { data } = await stage.as('eva').rest.pulls.listReviews(at)
  const review_id = data.findLast(({ user }) => user?.login === 'dev')?.id ?? 0
  await stage.as('eva').rest.pulls.dismissReview({ ...at, review_id, message: 'Not this one' })
}
const label =
  (name: string): Act =>
  ({ repository }, { number: issue_number }) =>
    stage.as('eva').rest.issues.addLabels({ ...repository, issue_number, labels: [name] })
const unlabel =
  (name: string): Act =>
  ({ repository }, { number: issue_number }) =>
    stage.as('eva').rest.issues.removeLabel({ ...repository, issue_number, name })
const deleteLabel =
  (name: string): Act =>
  ({ repository }) =>
    stage.as('eva').rest.issues.deleteLabel({ ...repository, name })
const removeCollaborator =
  (login: string): Act =>
  async (shop) =>
    stage.github.setCollaborator(shop.name, login, null)
const deleteBranch: Act = ({ repository }, { branch }) =>
  stage.as('ana').rest.git.deleteRef({ ...repository, ref: `heads/${branch}` })
const pushPolicy =
  (policy: string): Act =>
  async (shop) => {
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.write({ '.github/release-gate.yml': policy })
    await copy.commit('Another policy')
    await copy.push({ ref: 'main' })
  }

const edit: Act = ({ repository }, { number: pull_number }) => {
  const edited = { title: 'Edited', body: 'Reason: a good one\nTicket: PAY-12' }
  return stage.as('ana').rest.pulls.update({ ...repository, pull_number, ...edited })
}
let ciToken: string | undefined
const ciApp = () => {
  ciToken ??= stage.github.otherApp('ci').install('foodyepay').token
  return client(stage.github.url, ciToken)
}
/** Another App's run of `ci` on the head; without a conclusion it is running. */
const ci =
  (conclusion?: 'success' | 'failure'): Act =>
  ({ repository }, { sha: head_sha }) => {
    const state = conclusion ? { conclusion } : { status: 'in_progress' as const }
    return ciApp().rest.checks.create({ ...repository, name: 'ci', head_sha, ...state })
  }
const endCi =
  (conclusion: 'success' | 'failure'): Act =>
  async ({ repository }, { sha: ref }) => {
    const { data } = await stage.as('eva').rest.checks.listForRef({ ...repository, ref, check_name: 'ci' })
    const check_run_id = data.check_runs[0]?.id ?? 0
    await ciApp().rest.checks.update({ ...repository, check_run_id, conclusion })
  }

const holdPolicy = windowPolicy.replace('approvals: {}', 'approvals: {}\n  hold: {}')
const three = windowPolicy.replace('approvals: {}', 'approvals: { count: 3 }')
const bypass: Act = (shop) => allowBypass(stage, shop)

/** Plays a scene: green, then a backlog, in which the merge and all else happens. */
async function play({ before, after, policy, prepare, by = 'eva', method = 'merge' }: Scene) {
  await pass(5)
  const shop = await aRepositoryOf(stage, policy)
  const change = await shop.approvedChange()
  await prepare?.(shop, change)
  await stage.settled()
  await pass(2)
  stage.github.faults.add({ kind: 'hold' })
  if (before) {
    await before[1](shop, change)
    await pass(before[0])
  }
  const { number: pull_number, sha } = change
  const merge = { ...shop.repository, pull_number, sha, merge_method: method }
  await stage.as(by).rest.pulls.merge(merge)
  if (after) {
    await pass(after[0])
    await after[1](shop, change)
  }
  stage.github.faults.clear()
  await stage.settled()
  return shop
}

type Body = {
  verdict: { state: string } | null
  exception: { kind: string; bypassed: string[] } | null
  atMerge: { state: string; snapshot: unknown; policy: Policy | null }
}

const played = new Map<string, { shop: MergingShop; body: Body }>()
let records: ReadRecord[]

async function playAll(scenes: Scene[]): Promise<void> {
  const shops: [string, MergingShop][] = []
  for (const scene of scenes) shops.push([scene.name, await play(scene)])
  await letNoticesPass(stage, 2 * scenes.length)
  records = await recordsOf(stage)
  time = stage.now().getTime()
  for (const [name, shop] of shops) {
    const merged = about(records, shop, 'merged')
    expect(merged).toHaveLength(1)
    played.set(name, { shop, body: merged[0]?.body as unknown as Body })
  }
}

describe('a merge by a green check that was not true any longer', () => {
  type Case = Scene & { bypassed: (string | RegExp)[] }
  const cases: Case[] = [
    {
      name: 'changes were requested a second before',
      before: [1, review('dev', 'REQUEST_CHANGES')],
      bypassed: [
        'Approvals: Changes requested by dev',
        /^`dev` requested changes on Wed, Nov 25, 10:.* PST /,
      ],
    },
    {
      name: 'changes were requested in the same second',
      before: [0, review('dev', 'REQUEST_CHANGES')],
      bypassed: ['Approvals: Changes requested by dev'],
    },
    {
      name: 'an approval was dismissed',
      before: [3, dismiss],
      bypassed: [/^Approvals: /, 'The review by `dev` had been dismissed by `eva`.'],
    },
    {
      name: 'the label hold was added',
      policy: holdPolicy,
      before: [3, label('hold')],
      bypassed: [/eva/, 'The label `hold` had been added by `eva`.'],
    },
    {
      name: 'the label hold was added, and deleted from the repository later',
      policy: holdPolicy,
      before: [3, label('hold')],
      after: [3, deleteLabel('hold')],
      bypassed: [/eva/, 'The label `hold` had been added by `eva`.'],
    },
    {
      name: 'an approver lost write access',
      before: [3, removeCollaborator('dev')],
      bypassed: [/^Approvals: /, /^`dev` has the role `read` now .* GitHub shows only current roles/],
    },
    {
      name: 'a stricter policy had been pushed',
      prepare: bypass,
      before: [3, pushPolicy(three)],
      bypassed: ['Approvals: Waiting for 1 more approval'],
    },
    {
      name: 'the policy had been made invalid',
      prepare: bypass,
      before: [3, pushPolicy('gates: { aprovals: {} }\n')],
      bypassed: ['The policy was invalid.'],
    },
    {
      name: 'squashed, with changes requested before',
      before: [3, review('dev', 'REQUEST_CHANGES')],
      method: 'squash',
      bypassed: ['Approvals: Changes requested by dev'],
    },
  ]
  beforeAll(() => playAll(cases), 120_000)

  test.each(cases)('$name', async ({ name, bypassed }) => {
    const { shop, body } = played.get(name) ?? {}
    if (!shop || !body) throw new Error('was not played')
    const expected = bypassed.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line)))
    expect(body.verdict).toMatchObject({ state: 'passed' })
    expect(body.exception?.kind).toBe('outdated')
    expect(body.exception?.bypassed.slice(0, bypassed.length)).toEqual(expected)
    expect(body.exception?.bypassed.at(-1)).toMatch(/^The check still said "/)
    expect(about(records, shop, 'exception')).toHaveLength(1)
    const [issue] = await openedIssues(stage, shop)
    expect(issue?.labels).toEqual(['release-exception'])
    expect(issue?.body).toContain(body.exception?.bypassed[0])
    expect(shop.messages()).toHaveLength(1)
    expect(shop.messages()[0]).toContain('Release gate bypassed by a merge')
  })

  test('can be decided again from its record, with the same outcome', () => {
    const { atMerge } = played.get('changes were requested a second before')?.body ?? {}
    const again = decide(snapshotSchema.parse(atMerge?.snapshot), policySchema.parse(atMerge?.policy))
    expect(again.state).toBe('failed')
    expect(atMerge?.state).toBe('failed')
  })
})

describe('a merge by a green check that was true', () => {
  const cases: Scene[] = [
    { name: 'nothing else happened' },
    { name: 'changes were requested a second later', after: [1, review('dev', 'REQUEST_CHANGES')] },
    { name: 'an approval was dismissed later', after: [3, dismiss] },
    { name: 'the label hold was added later', policy: holdPolicy, after: [3, label('hold')] },
    { name: 'the branch was deleted later', after: [3, deleteBranch] },
    { name: 'a stricter policy was pushed later', prepare: bypass, after: [3, pushPolicy(three)] },
    { name: 'squashed, and the branch deleted', method: 'squash', after: [0, deleteBranch] },
    { name: 'rebased, and the branch deleted', method: 'rebase', after: [0, deleteBranch] },
    { name: 'title and description were edited later', after: [3, edit] },
    { name: 'a check had failed and passed later', prepare: ci('failure'), after: [3, ci('success')] },
    { name: 'a check was running and passed later', prepare: ci(), after: [3, endCi('success')] },
    { name: 'one more approval came before it', before: [3, review('ben', 'APPROVE')] },
    {
      name: 'the label hold was added and taken off before it',
      policy: holdPolicy,
      before: [
        3,
        async (...at) => {
          await label('hold')(...at)
          await unlabel('hold')(...at)
        },
      ],
    },
  ]
  beforeAll(() => playAll(cases), 120_000)

  test.each(cases)('$name', async ({ name }) => {
    const { shop, body } = played.get(name) ?? {}
    if (!shop || !body) throw new Error('was not played')
    expect(body).toMatchObject({
      verdict: { state: 'passed' },
      atMerge: { state: 'passed' },
      exception: null,
    })
    expect(about(records, shop, 'exception')).toEqual([])
    expect(await openedIssues(stage, shop)).toEqual([])
  })

  const bodyOf = (name: string) => played.get(name)?.body
  test('is recorded with the title and the description from before it', () => {
    expect(bodyOf('title and description were edited later')).toMatchObject({
      title: 'A change',
      description: { tickets: [], reason: null },
    })
  })

  test.each([
    ['a check had failed and passed later', 'failure'],
    ['a check was running and passed later', null],
  ])('is recorded with the checks of then: %s', (name, conclusion) => {
    expect(bodyOf(name)).toMatchObject({
      checks: [
        { name: 'Release gate', conclusion: 'success' },
        { name: 'ci', app: 'ci', conclusion },
      ],
    })
  })

  test('is recorded with the green check, also where that is revoked after a squash', () => {
    expect(bodyOf('squashed, and the branch deleted')).toMatchObject({
      checks: [{ name: 'Release gate', conclusion: 'success' }],
    })
  })

  test('names those as approvers whose approval had come before it, processed or not', () => {
    const { body } = played.get('one more approval came before it') ?? {}
    expect(body).toMatchObject({
      approvers: [{ login: 'chloe' }, { login: 'dev' }, { login: 'ben' }],
    })
  })
})
