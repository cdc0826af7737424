import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import type { Change, Workshop } from '../../src/sandbox/workshop.ts'
import { aWorldWithIncidents, incidents, workOn } from '../support/incidents.ts'
import { recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const policy = `gates:
  approvals: { count: 1 }
  incidents: { components: [rewards] }
slack:
  channel: "#releases"
incidents:
  repository: foodyepay/incidents
`

let stage: Stage
let shop: Workshop
let change: Change
let number: number
const at = (time: string) => stage.moveTo(new Date(time))

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-10-19T16:00:00Z') })
  shop = await aWorldWithIncidents(stage, policy)
  change = await shop.openPull('ana', { branch: 'one', title: 'One', files: { 'src/a.ts': 'a\n' } })
  await shop.review('chloe', change)
})
afterAll(() => stage.close())

async function declare(component: string): Promise<number> {
  const body = `### Severity\n\nP0\n\n### Component\n\n${component}\n`
  const issue = { ...incidents, title: 'Rewards are paid twice', body, labels: ['incident'] }
  const { data } = await stage.as('gus').rest.issues.create(issue)
  await stage.settled()
  return data.number
}

/** The post-mortem of an incident; without its number, of the first that had one. */
const postMortem = async (of = number) => {
  const { data } = await stage
    .as('olga')
    .rest.issues.listForRepo({ ...incidents, state: 'all', labels: 'post-mortem' })
  return data.find(({ title }) => title.startsWith(`Post-mortem: incident ${of}:`))
}

describe('the gate incidents', () => {
  test('passes once the incidents were read, and there is none', async () => {
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('does not concern itself with components of others', async () => {
    const other = await declare('wallets')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await workOn(stage, other).comment('ana', '/ack')
    await workOn(stage, other).close('eva')
  })

  test('revokes the green check when a P0 is declared, and GitHub refuses the merge', async () => {
    number = await declare('rewards')
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Blocked by an open incident' })
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)
  })

  test('stays closed when the component is edited to one of others, which is recorded', async () => {
    const body = '### Severity\n\nP0\n\n### Component\n\nwallets\n'
    await stage.as('gus').rest.issues.update({ ...incidents, issue_number: number, body })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: null, title: 'Blocked by an open incident' })
    const changes = (await recordsOf(stage)).flatMap(({ kind, body }) =>
      kind === 'incident' ? (body.changes as { text: string }[]) : [],
    )
    expect(changes.at(-1)?.text).toBe('Component changed from rewards to wallets in its report')
  })

  test('lets the urgent fix through that names the incident', async () => {
    const body = `Urgent: diners are paid twice, foodyepay/incidents#${number}`
    const fix = await shop.openPull('ben', {
      branch: 'fix',
      title: 'Fix',
      body,
      files: { 'src/b.ts': 'b\n' },
    })
    await shop.review('chloe', fix)
    expect(await shop.check(fix)).toMatchObject({ conclusion: null })
    await shop.label('eva', fix, 'urgent')
    expect(await shop.check(fix)).toMatchObject({ conclusion: 'success' })
    expect(await shop.merge('ben', fix)).toBeUndefined()
  })

  test('passes again when the incident is resolved', async () => {
    const issue = workOn(stage, number)
    await issue.comment('ana', '/ack')
    await issue.close('eva')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('is followed by a post-mortem, assigned to whoever acknowledged', async () => {
    const issue = await postMortem()
    expect(issue).toMatchObject({ state: 'open', assignee: { login: 'ana' } })
    expect(issue?.body).toContain('Acknowledged by ana')
  })

  test('reopens a post-mortem that is closed with empty headings', async () => {
    const issue = workOn(stage, (await postMortem())?.number ?? 0)
    await issue.close('ana')
    expect(await issue.read()).toMatchObject({ state: 'open' })
    expect((await issue.read()).said.at(-1)).toContain('Still empty: Impact, Causes, Actions and Which')
  })

  test('announces the post-mortem at 48 hours, and blocks from its due time on', async () => {
    const announced = async () =>
      (await recordsOf(stage))
        .filter(({ kind }) => kind === 'post-mortem')
        .map(({ body }) => String(body.text))
    await at('2026-10-21T16:30:00Z')
    expect((await announced()).at(-1)).toMatch(/^The post-mortem is due Thu, Oct 22, 9:/)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    await at('2026-10-22T16:30:00Z')
    expect((await announced()).at(-1)).toMatch(/^The post-mortem has been overdue since Thu, Oct 22, 9:/)
    expect(await shop.check(change)).toMatchObject({
      conclusion: null,
      title: expect.stringMatching(/post-mortem|read/),
    })
  })

  test('is followed by a post-mortem that nobody is assigned to, where whoever acknowledged has left', async () => {
    const other = await declare('menus')
    await workOn(stage, other).comment('ben', '/ack')
    stage.github.setCollaborator('foodyepay/incidents', 'ben', null)
    await workOn(stage, other).close('eva')
    const issue = await postMortem(other)
    expect(issue).toMatchObject({ state: 'open', assignee: null })
    expect(issue?.body).toMatch(/^`ben` cannot be assigned here/)
  })

  test('passes once the post-mortem is filled in and closed', async () => {
    const issue = await postMortem()
    const body = (issue?.body ?? '').replace(/^(## (?!Timeline).*)\n/gm, '$1\n\nText\n')
    const place = { ...incidents, issue_number: issue?.number ?? 0 }
    await stage.as('ana').rest.issues.update({ ...place, body, state: 'closed' })
    await stage.settled()
    await stage.stop()
    await stage.startBot()
    await stage.settled()
    expect((await postMortem())?.state).toBe('closed')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  describe('after the incident repository was renamed, which no policy says yet', () => {
    const renamed = { owner: 'foodyepay', repo: 'outages' }
    let known: number
    beforeAll(async () => {
      known = await declare('rewards')
      stage.github.renameRepository('foodyepay/incidents', 'outages')
      await stage.settled()
    })
    const close = async (issue: number) => {
      const place = { ...renamed, issue_number: issue }
      await stage.as('eva').rest.issues.createComment({ ...place, body: '/ack' })
      await stage.as('eva').rest.issues.update({ ...place, state: 'closed', state_reason: 'completed' })
      await stage.settled()
    }

    test('still knows what is open there, and sees it being closed', async () => {
      expect(await shop.check(change)).toMatchObject({ title: 'Blocked by an open incident' })
      await close(known)
      expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    })

    test('revokes the green check when a P0 is declared there', async () => {
      const body = '### Severity\n\nP0\n\n### Component\n\nrewards\n'
      const issue = { ...renamed, title: 'Rewards are paid twice again', body, labels: ['incident'] }
      const { data } = await stage.as('gus').rest.issues.create(issue)
      await stage.settled()
      expect(await shop.check(change)).toMatchObject({ title: 'Blocked by an open incident' })
      await close(data.number)
      expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    })

    test('waits where another repository has the name now', async () => {
      await stage.github.addRepository({
        owner: 'foodyepay',
        name: 'incidents',
        files: { 'README.md': '' },
        collaborators: { gus: 'triage' },
      })
      const before = (await recordsOf(stage)).length
      await declare('rewards')
      expect(await shop.check(change)).toMatchObject({ title: 'Incidents could not be read' })
      const kinds = (await recordsOf(stage)).slice(before).map(({ kind }) => kind)
      expect(kinds).not.toContain('incident')
      await stage.stop()
      await at('2026-10-22T16:31:00Z')
      await stage.startBot()
      await stage.settled()
      const check = await shop.check(change)
      expect(check).toMatchObject({ conclusion: null, title: 'Incidents could not be read' })
      expect(check?.summary).toContain('is no longer the same repository')
    })
  })
})
