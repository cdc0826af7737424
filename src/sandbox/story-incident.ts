import type { Narrator } from './narrator.ts'
import { expectReported, type Scene, sceneIn } from './scene.ts'
import type { Stage } from './stage.ts'
import { setUpRepositories, type Workshop } from './workshop.ts'

const incidents = { owner: 'foodyepay', repo: 'incidents' }
const monitor = { id: 42, name: 'Error rate of issue-reward over 2 %' }

const policy = `slack: { channel: "#releases" }
gates:
  approvals: {}
  release_window: {}
  incidents: { components: [rewards] }
  production_health:
    monitors: [{ id: ${monitor.id}, name: Error rate }]
    watch: { warm_up: 5m, checks: 2, every: 5m }
incidents:
  repository: foodyepay/incidents
  channel: "#general"
  jira: { project: FOODYE-MCP, people: { eva: account-of-eva } }
`

/** The name of the incident in the sandbox's Jira. */
export const incidentName = 'FOODYE-MCP-412'

/** The chapter of an incident: an alert opens a P0, its urgent fix alone can ship, and the records tell all of it. */
export async function playIncident(stage: Stage, tell: Narrator): Promise<void> {
  const { operations } = stage
  if (!operations) throw new Error('This chapter needs the local PagerDuty, Jira and Datadog.')
  operations.datadog.monitors.set(monitor.id, { name: monitor.name, state: 'OK' })
  await stage.github.addRepository({
    owner: incidents.owner,
    name: incidents.repo,
    private: true,
    files: { 'README.md': '# Incidents\n' },
    collaborators: { ana: 'write', ben: 'write', eva: 'maintain', gus: 'triage' },
  })
  const shop = await setUpRepositories(stage, { repo: 'reward-payments', policy })
  const chapter = { stage, shop, scene: sceneIn(stage, shop, tell), tell, operations }
  const other = await openOther(chapter)
  const number = await alert(chapter)
  await respond(chapter, number)
  await ship(chapter, other)
  await resolve(chapter, number)
}

type Chapter = {
  stage: Stage
  shop: Workshop
  scene: Scene
  tell: Narrator
  operations: NonNullable<Stage['operations']>
}
type Opened = Awaited<ReturnType<Workshop['openPull']>>

const approve = async (shop: Workshop, change: Opened) => {
  await shop.review('chloe', change)
  await shop.review('dev', change)
}

async function openOther({ shop, scene }: Chapter): Promise<Opened> {
  await scene.at(
    '2026-12-09T18:20:00Z',
    'In reward-payments incidents and the monitors of production count too. ana opens #1, and the window is open.',
  )
  const other = await shop.openPull('ana', {
    branch: 'new-tier',
    title: 'Add a reward tier',
    files: { 'src/tiers.ts': 'export const tiers = 3\n' },
  })
  await approve(shop, other)
  await scene.show(other, { title: /^Ready to merge/, conclusion: 'success' })
  return other
}

async function alert({ stage, scene, tell, operations }: Chapter): Promise<number> {
  await scene.at(
    '2026-12-09T18:30:00Z',
    'Datadog alerts: more than 2 % of the rewards fail. The alert opens a P0.',
  )
  const url = `${stage.bot().url}/api/datadog/webhooks`
  const status = await operations.datadog.alert(url, monitor.id, 'severity:P0,component:rewards')
  expectReported(status === 202, 'the bot takes the alert in')
  await stage.settled()
  const { data } = await stage.as('eva').rest.issues.listForRepo({ ...incidents, labels: 'sev/P0' })
  const [issue] = data
  expectReported(issue !== undefined, 'the alert opens an incident')
  const number = issue?.number ?? 0
  tell.line(`The bot opens ${incidents.owner}/${incidents.repo}#${number}, "${issue?.title}".`)
  const [page] = operations.pagerDuty.alerts
  expectReported(page?.state === 'triggered', 'PagerDuty pages whoever is on call')
  tell.line(`PagerDuty pages whoever is on call: "${page?.summary}".`)
  const [tracked] = operations.jira.issues
  expectReported(tracked?.key === incidentName, `Jira has ${incidentName}`)
  tell.line(`Jira tracks it as ${tracked?.key}, due ${String(tracked?.fields.duedate)}.`)
  return number
}

async function respond({ stage, shop, scene, tell }: Chapter, number: number): Promise<void> {
  await scene.at('2026-12-09T18:36:00Z', 'eva is on call. She comments /ack, six minutes after the alert.')
  const place = { ...incidents, issue_number: number }
  await stage.as('eva').rest.issues.createComment({ ...place, body: '/ack' })
  await stage.settled()
  tell.line(`${shop.name}: the first response came within 15 minutes.`)
}

async function ship({ shop, scene }: Chapter, other: Opened): Promise<void> {
  await scene.show(other, { title: /^Production alert: Error rate/, conclusion: 'failure' })
  await scene.refused('ana', other)
  await scene.at(
    '2026-12-09T18:50:00Z',
    `ben has the fix, #2. It is marked as urgent and names ${incidentName}.`,
  )
  const fix = await shop.openPull('ben', {
    branch: 'retry-payment',
    title: 'Retry a payment that timed out',
    body: `Urgent: rewards fail since 10:30, ${incidentName}`,
    files: { 'src/payments.ts': 'export const retries = 3\n' },
  })
  await approve(shop, fix)
  await shop.label('eva', fix, 'urgent')
  await scene.show(fix, { title: /^Ready to merge/, conclusion: 'success' })
  await scene.merged('ben', fix)
}

async function resolve({ stage, scene, tell, operations }: Chapter, number: number): Promise<void> {
  const shown = operations.datadog.monitors.get(monitor.id)
  if (shown) shown.state = 'OK'
  for (const minute of ['52', '56', '57']) await stage.moveTo(new Date(`2026-12-09T18:${minute}:00Z`))
  await stage.moveTo(new Date('2026-12-09T19:02:00Z'))
  await scene.at(
    '2026-12-09T19:10:00Z',
    'The rewards are paid again, and the monitor was OK at both checks after the release. eva closes the incident.',
  )
  await stage.as('eva').rest.issues.createComment({ ...incidents, issue_number: number, body: '/mitigated' })
  await stage.as('eva').rest.issues.update({
    ...incidents,
    issue_number: number,
    state: 'closed',
    state_reason: 'completed',
  })
  await stage.settled()
  await stage.moveTo(new Date('2026-12-09T19:11:00Z'))
  const [page] = operations.pagerDuty.alerts
  expectReported(page?.state === 'resolved', 'PagerDuty resolves the page')
  const { data } = await stage.as('eva').rest.issues.listForRepo({ ...incidents, labels: 'post-mortem' })
  const [postMortem] = data
  expectReported(postMortem?.assignee?.login === 'eva', 'the post-mortem is assigned to eva')
  const due = /due [^.\n]*/.exec(postMortem?.body ?? '')?.[0] ?? ''
  tell.line(`The page is resolved. The bot opens "${postMortem?.title}" for eva, ${due}.`)
}
