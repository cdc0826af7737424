import type { Narrator } from './narrator.ts'
import { type Scene, sceneIn } from './scene.ts'
import type { Stage } from './stage.ts'
import { playIncident } from './story-incident.ts'
import { playRegression } from './story-staging.ts'
import type { Workshop } from './workshop.ts'

/** Plays and narrates a release week. */
export async function playReleaseWeek(stage: Stage, shop: Workshop, tell: Narrator): Promise<void> {
  const scene = sceneIn(stage, shop, tell)
  await tellTheWindow(shop, scene)
  await tellTheUrgentFix(shop, scene)
  await tellTheImpatientOne(shop, scene)
  await playRegression(stage, tell)
  await playIncident(stage, tell)
}

async function tellTheWindow(
  shop: Workshop,
  { at, show, refused, merged, posted, replies }: Scene,
): Promise<void> {
  await at('2026-11-24T22:00:00Z', 'ana opens #1 "Cap rewards at 100 points". The check appears on it.')
  const cap = await shop.openPull('ana', {
    branch: 'cap-rewards',
    title: 'Cap rewards at 100 points',
    files: { 'src/rewards.ts': 'export const cap = 100\n' },
  })
  await show(cap, { title: /^Waiting for 2 approvals$/ })

  await at('2026-11-24T22:20:00Z', 'chloe approves. gus approves too, but has only triage access.')
  await shop.review('chloe', cap)
  await shop.review('gus', cap)
  await show(cap, { title: /^Waiting for 1 more approval$/ })

  await at('2026-11-24T22:45:00Z', 'dev approves. Only the window is missing now.')
  await shop.review('dev', cap)
  await show(cap, { title: /^Opens Wed, Nov 25, 10:00 AM PST$/ })
  await refused('eva', cap)

  await at('2026-11-25T17:00:00Z', 'An hour before the window, the release day begins in Slack.')
  await posted('🗓️')

  await at('2026-11-25T18:00:00Z', 'The window opens, and the check turns green automatically.')
  await show(cap, { title: /^Ready to merge/, conclusion: 'success' })
  await merged('eva', cap)

  await at('2026-11-25T19:01:00Z', 'The window has closed. The thread of the day in #releases says:')
  await replies('🗓️')
}

async function tellTheUrgentFix(shop: Workshop, { at, show, refused, merged, owed }: Scene): Promise<void> {
  await at(
    '2026-11-27T23:30:00Z',
    'ben has a fix, #2. It has both approvals, and the window is closed until Wednesday.',
  )
  const fix = await shop.openPull('ben', {
    branch: 'fix-double-reward',
    title: 'Stop paying a reward twice',
    body: 'Urgent: diners are paid twice since 14:50, FOODYE-MCP-398',
    files: { 'src/rewards.ts': 'export const cap = 100\nexport const once = true\n' },
  })
  await shop.review('chloe', fix)
  await shop.review('dev', fix)
  await show(fix, { title: /^Opens Wed, Dec 2, 10:00 AM PST$/ })
  await refused('ben', fix)

  await at(
    '2026-11-27T23:35:00Z',
    'gus labels it urgent, but has only triage access, so the label does not count.',
  )
  await shop.label('gus', fix, 'urgent')
  await show(fix, { title: /^Opens Wed, Dec 2, 10:00 AM PST$/ })
  await shop.unlabel('gus', fix, 'urgent')

  await at('2026-11-27T23:40:00Z', 'eva, who has write access, labels it urgent.')
  await shop.label('eva', fix, 'urgent')
  await show(fix, { title: /^Ready to merge/, conclusion: 'success' })
  await merged('ben', fix)
  await owed(fix)
}

async function tellTheImpatientOne(shop: Workshop, { at, show, refused }: Scene): Promise<void> {
  await at('2026-11-27T23:50:00Z', 'ana wants a change of her own out as well: lower the minimum.')
  const minimum = await shop.openPull('ana', {
    branch: 'lower-minimum',
    title: 'Lower the minimum to 5',
    files: { 'src/eligibility.ts': 'export const minimum = 5\n' },
  })
  await shop.review('chloe', minimum)

  await at(
    '2026-11-27T23:55:00Z',
    'eva labels it urgent. Urgent lifts the window and nothing else: one approval is missing.',
  )
  await shop.label('eva', minimum, 'urgent')
  await show(minimum, { title: /^Waiting for 1 more approval$/ })
  await refused('eva', minimum)

  await at(
    '2026-11-28T00:05:00Z',
    'ana pushes to it again. What chloe approved and eva marked as urgent is no longer what is there.',
  )
  const pushed = await shop.push('ana', minimum, { 'src/eligibility.ts': 'export const minimum = 1\n' })
  await show(pushed, { title: /^Waiting for 2 approvals$/ })
}
