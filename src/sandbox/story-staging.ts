import { readFile } from 'node:fs/promises'
import { regressionCheckName } from '../decision/regression-check.ts'
import { packageFile } from '../settings/package-files.ts'
import type { Narrator } from './narrator.ts'
import { expectReported, type Scene, sceneIn } from './scene.ts'
import type { Stage } from './stage.ts'
import { type Change, setUpRepositories, type Workshop } from './workshop.ts'

const policy = `slack: { channel: "#releases" }
gates:
  approvals: {}
  release_window: {}
  staging_regression: {}
`

/** The chapter of the staging regression: a head that breaks the contract is stopped, its repair passes, the release goes out. */
export async function playRegression(stage: Stage, tell: Narrator): Promise<void> {
  const suite = await readFile(packageFile('examples/mcp-regression.yml'), 'utf8')
  const shop = await setUpRepositories(stage, {
    repo: 'rewards-server',
    policy,
    files: { '.github/mcp-regression.yml': suite },
  })
  const scene = sceneIn(stage, shop, tell)
  const evaluated = judging(shop, tell)
  await playRelease(stage, shop, scene, evaluated)
  await playBreakingChange(stage, shop, scene, evaluated)
}

type Judging = (change: Change, expected: RegExp) => Promise<void>

/** Tells the first line of the check "Staging regression", which must be as expected. */
function judging(shop: Workshop, tell: Narrator): Judging {
  return async (change, expected) => {
    const check = await shop.regression(change)
    const title = check?.title ?? 'there is none'
    expectReported(
      expected.test(title),
      `the check "${regressionCheckName}" says ${expected}, but it says "${title}"`,
    )
    tell.line(title)
    for (const what of breaksIn(check?.summary ?? '')) tell.line(`   ${what}`)
  }
}

/** The changes that break callers, from the report's table: tool, where, what, rule. */
function breaksIn(summary: string): string[] {
  const rows = summary.split('\n').filter((line) => line.startsWith('| breaking |'))
  return rows.map((row) => {
    const [, , tool, where, what] = row.split(/(?<!\\)\|/).map((cell) => cell.replaceAll('`', '').trim())
    return `${tool} ${where}: ${what}`
  })
}

/** The workflow puts a head on staging, whose server then reports it as its version. */
const release = async (stage: Stage, shop: Workshop, change: Change) => {
  stage.staging?.deploy(change.sha)
  await shop.deploy(change)
}

const approve = async (shop: Workshop, change: Change) => {
  await shop.review('chloe', change)
  await shop.review('dev', change)
}

async function playRelease(
  stage: Stage,
  shop: Workshop,
  { at, show, merged }: Scene,
  evaluated: Judging,
): Promise<void> {
  await at(
    '2026-12-01T19:00:00Z',
    'In rewards-server the tools on staging are tested too. ben opens #1; it is approved, and must be on staging.',
  )
  const round = await shop.openPull('ben', {
    branch: 'round-down',
    title: 'Round rewards down',
    files: { 'src/rewards.ts': 'export const cap = 50\nexport const round = Math.floor\n' },
  })
  await approve(shop, round)
  await show(round, { title: /^Not on staging yet|^Opens Wed/ })

  await at(
    '2026-12-01T19:10:00Z',
    "eva labels it release. The bot asks for a deployment; the team's workflow carries it out.",
  )
  await shop.label('eva', round, 'release')
  await release(stage, shop, round)
  await evaluated(round, /passed: all gates passed/)

  await at('2026-12-02T18:00:00Z', 'The window opens, and all three gates pass.')
  await show(round, { title: /^Ready to merge/, conclusion: 'success' })
  await merged('eva', round)
}

async function playBreakingChange(
  stage: Stage,
  shop: Workshop,
  scene: Scene,
  evaluated: Judging,
): Promise<void> {
  const { at, show, refused, merged } = scene
  await at(
    '2026-12-02T22:00:00Z',
    'ana opens #2. A reward needs a campaign now, which no caller sends; two people approve.',
  )
  const campaign = await shop.openPull('ana', {
    branch: 'campaigns',
    title: 'Pay rewards from a campaign',
    files: { 'src/campaigns.ts': 'export const required = true\n' },
  })
  await approve(shop, campaign)
  stage.staging?.setModes({ contract: 'changed' })
  await release(stage, shop, campaign)
  await evaluated(campaign, /failed: .*breaking change/)
  await show(campaign, { title: /^Staging regression failed/, conclusion: 'failure' })
  await refused('eva', campaign)

  await at(
    '2026-12-03T18:00:00Z',
    'ana makes the campaign optional. The fix is approved, deployed and tested again.',
  )
  const repair = await shop.push('ana', campaign, { 'src/campaigns.ts': 'export const required = false\n' })
  await approve(shop, repair)
  stage.staging?.setModes({})
  await release(stage, shop, repair)
  await evaluated(repair, /passed: all gates passed/)

  await at('2026-12-09T18:00:00Z', 'The next window opens, and the release goes out.')
  await show(repair, { title: /^Ready to merge/, conclusion: 'success' })
  await merged('eva', repair)
}
