import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Exchange, inspectors } from '../../src/sandbox/github/inspection.ts'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { aStagingWorld, quickSuite, type StagingWorld, stagingOnly } from '../support/staging-world.ts'

/** The gate `runbooks`, from the tools that staging lists to the check on GitHub. */

const policy = `${stagingOnly}  runbooks: {}\n`
const tools = ['check_reward_eligibility', 'issue_reward', 'reward_statistics', 'void_reward']
const runbook = ['Symptoms', 'Diagnosis', 'Remediation', 'Escalation']
  .map((heading) => `## ${heading}\n\nDo it.\n`)
  .join('\n')
const runbooksFor = (names: string[], text = runbook) =>
  Object.fromEntries(names.map((name) => [`docs/runbooks/${name}.md`, text]))

let world: StagingWorld
let count = 0
const exchanges: Exchange[] = []
const inspector = { exchange: (one: Exchange) => void exchanges.push(one), webhook: () => undefined }

beforeAll(async () => {
  inspectors.add(inspector)
  world = await aStagingWorld()
})
// GitHub allows so many writes a minute; each test has minutes of its own.
beforeEach(() => world.stage.moveTo(new Date(world.stage.now().getTime() + 3 * 60_000)))
afterAll(async () => {
  inspectors.delete(inspector)
  if (process.env.SHOW_LOG) process.stdout.write(world.stage.bot().log())
  await world.close()
})

const aChange = (shop: Workshop, files: Record<string, string> = {}) =>
  shop.openPull('ana', {
    branch: `change-${++count}`,
    title: 'A change',
    files: { [`src/change-${count}.ts`]: 'export {}\n', ...files },
  })
const exceptionsOf = async (shop: Workshop) =>
  (
    await world.stage.as('olga').rest.issues.listForRepo({ ...shop.repository, labels: 'release-exception' })
  ).data.map(({ body }) => body)
/** The queries by which the bot read folders or files of a commit since a count of exchanges. */
const filesRead = (since: number) =>
  exchanges
    .slice(since)
    .filter(({ path, body }) => path === '/graphql' && /entries|isTruncated/.test(JSON.stringify(body)))

test('each tool of the contract needs its runbook, which is read once for each head', async () => {
  const shop = await world.shop(policy)
  const change = await aChange(shop)
  expect((await shop.check(change))?.summary).toContain('has not listed the tools of this head yet')
  await shop.deploy(change)
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'failure', title: '4 runbooks missing or incomplete' })
  for (const tool of tools) expect(check?.summary).toContain(`\`docs/runbooks/${tool}.md\` is missing`)

  const before = exchanges.length
  const [half, template] = [tools.slice(0, 3), runbook.replace('Do it.', '<!-- say what to do -->')]
  const some = await shop.push('ana', change, {
    ...runbooksFor(half),
    ...runbooksFor(['void_reward'], template),
  })
  await shop.deploy(some)
  const told = await shop.check(some)
  expect(told).toMatchObject({ conclusion: 'failure', title: '1 runbook missing or incomplete' })
  expect(told?.summary).toContain('`docs/runbooks/void_reward.md` has nothing under `Symptoms`')

  const whole = await shop.push('ana', some, runbooksFor(tools))
  await shop.deploy(whole)
  expect(await shop.check(whole)).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
  // The gate: the folder of each head, and the texts of the first, since the second brings none that is not known. The two
  // runs on staging read the folder and its texts for their drill.
  expect(filesRead(before)).toHaveLength(3 + 4)

  const evaluated = exchanges.length
  await shop.label('gus', whole, 'hold')
  await shop.review('chloe', whole)
  expect(exchanges.length).toBeGreaterThan(evaluated)
  expect(filesRead(evaluated)).toEqual([])
  expect(await shop.merge('eva', whole)).toBeUndefined()
  expect(await exceptionsOf(shop)).toEqual([])
})

test('a link, a long file and one that is not text are named, and none of them counts', async () => {
  const shop = await world.shop(policy)
  const change = await aChange(shop, runbooksFor(tools))
  const copy = await world.stage.github.workingCopy(shop.name, 'ana')
  await copy.branch(change.branch, `origin/${change.branch}`)
  const [linked = '', long = '', binary = ''] = tools.map((tool) => join('docs/runbooks', `${tool}.md`))
  await copy.remove(linked)
  await symlink('issue_reward.md', join(copy.folder, linked))
  await copy.write({ [long]: runbook.padEnd(70_000, 'x'), [binary]: Buffer.from([0, 1, 2]) })
  const sha = await copy.commit('Replace the runbooks')
  await copy.push({ ref: change.branch })
  await world.stage.settled()
  const odd: Change = { ...change, sha }
  await shop.deploy(odd)
  const check = await shop.check(odd)
  expect(check).toMatchObject({ conclusion: 'failure', title: 'Staging regression failed (+1 more)' })
  expect(check?.summary).toContain('❌ **Runbooks**')
  expect(check?.summary).toContain('check_reward_eligibility.md` is a symbolic link; commit the file')
  expect(check?.summary).toContain('issue_reward.md` is larger than 64 KB; shorten it')
  expect(check?.summary).toContain('reward_statistics.md` is not text')
})

test('a runbook whose steps no longer work fails the regression of the head', async () => {
  const shop = await world.shop(policy)
  const step = (tool: string) =>
    `${runbook}\n\`\`\`yaml runbook\nname: statistics\nsteps: [{ name: the totals, tool: ${tool} }]\n\`\`\`\n`
  const rotten = await aChange(shop, {
    ...runbooksFor(tools),
    ...runbooksFor(['reward_statistics'], step('reward_totals')),
  })
  await shop.deploy(rotten)
  expect(await shop.check(rotten)).toMatchObject({ title: 'Staging regression failed' })
  const { title, summary } = (await shop.regression(rotten)) ?? {}
  expect(title).toContain('runbook statistics: step "the totals"')
  expect(summary).toContain('the server does not list reward')
  const fixed = await shop.push('ana', rotten, runbooksFor(['reward_statistics'], step('reward_statistics')))
  await shop.deploy(fixed)
  expect(await shop.check(fixed)).toMatchObject({ conclusion: 'success' })
})

test('tools of a release before the gate was switched on are a note, also after later releases', async () => {
  const shop = await world.shop(stagingOnly, quickSuite)
  const release = await aChange(shop)
  await shop.deploy(release)
  expect(await shop.merge('eva', release)).toBeUndefined()
  const gate = await aChange(shop, { '.github/release-gate.yml': policy })
  await shop.deploy(gate)
  expect(await shop.merge('eva', gate)).toBeUndefined()
  const change = await aChange(shop)
  await shop.deploy(change)
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).toContain('`docs/runbooks/issue_reward.md` is missing')
  expect(check?.summary).toContain('With `strict: true`, this would fail')
})

const urgentPolicy = `gates:
  release_window: {}
  staging_regression: { limits: { per_tool: 2, total: 4 }, defer_when_urgent: true }
  runbooks: {}
`
const override = `overrides:
  - { name: urgent, when: { labels: [urgent] }, gates: { runbooks: off } }
`
const reviewsOf = async (shop: Workshop) =>
  (
    await world.stage.as('olga').rest.issues.listForRepo({ ...shop.repository, labels: 'urgent-review' })
  ).data.map(({ body }) => body)

test('an urgent change defers its regression, but not its runbooks', async () => {
  const shop = await world.shop(urgentPolicy)
  const change = await aChange(shop)
  await shop.label('eva', change, 'urgent')
  const check = await shop.check(change)
  expect(check?.conclusion).not.toBe('success')
  expect(check?.title).toBe('Waiting for the list of tools')
  expect(check?.summary).toContain('the policy lets it merge first')
  expect(await shop.merge('eva', change)).toBeDefined()
  expect(await reviewsOf(shop)).toEqual([])
})

test('an override turns them off for an urgent change, unless its author set the label', async () => {
  const shop = await world.shop(`${urgentPolicy}${override}`)
  const change = await aChange(shop)
  await shop.label('ana', change, 'urgent')
  expect(await shop.check(change)).toMatchObject({ title: 'Waiting for the list of tools' })
  await shop.unlabel('ana', change, 'urgent')
  await shop.label('eva', change, 'urgent')
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'success' })
  expect(check?.summary).toContain('`urgent` applies. Off: Runbooks.')
  expect(await shop.merge('eva', change)).toBeUndefined()
  expect(await exceptionsOf(shop)).toEqual([])
  expect(await reviewsOf(shop)).toEqual([expect.stringContaining('Run it with `release-gate regress`')])
})

test('a regression that failed is not deferred, with the runbooks off either', async () => {
  const shop = await world.shop(`${urgentPolicy}${override}`)
  const broken = quickSuite.replace('$.eligible: true', '$.eligible: false')
  const change = await aChange(shop, { '.github/mcp-regression.yml': broken })
  await shop.deploy(change)
  await shop.label('eva', change, 'urgent')
  const check = await shop.check(change)
  expect(check).toMatchObject({ conclusion: 'failure', title: 'Staging regression failed' })
  expect(check?.summary).toContain('`urgent` applies')
  expect(await shop.merge('eva', change)).toBeDefined()
})

test.each([
  ['a run that deferring left out is made', urgentPolicy, 'the policy lets it merge first'],
  [
    'a run without the runbooks no longer counts',
    urgentPolicy.replace(/, defer.*true/, ''),
    'The regression passed on',
  ],
])('when the label urgent is gone, %s, and the runbooks are run', async (_, gates, meanwhile) => {
  const shop = await world.shop(`${gates}${override}`)
  const rotten = `${runbook}\n\`\`\`yaml runbook\nname: statistics\nsteps: [{ name: the totals, tool: reward_totals }]\n\`\`\`\n`
  const change = await aChange(shop, {
    ...runbooksFor(tools),
    ...runbooksFor(['reward_statistics'], rotten),
  })
  await shop.label('eva', change, 'urgent')
  await shop.deploy(change)
  const urgent = await shop.check(change)
  expect(urgent).toMatchObject({ conclusion: 'success' })
  expect(urgent?.summary).toContain(meanwhile)
  await shop.unlabel('eva', change, 'urgent')
  expect((await shop.check(change))?.title).toContain('Staging regression failed')
  expect((await shop.regression(change))?.title).toContain('runbook statistics: step "the totals"')
  await shop.label('eva', change, 'urgent')
  expect((await shop.check(change))?.conclusion).toBe('failure')
})
