import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, refusal } from './house.ts'

/** What GitHub tells an App when people, teams, labels, repositories and installations change: exactly these events. */

let house: House
beforeAll(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
  house.github.addTeam('acme', 'payments', { members: ['wim'] })
  house.github.addTeam('acme', 'cards', { members: ['wanda'], parent: 'payments' })
  house.github.addOrganization('globex', { owners: ['nora'] })
})
afterAll(() => house.github.close())

/** The events that something sends, each as `event.action` with what matters of it. */
async function eventsOf(deed: () => unknown) {
  const { github } = house
  await github.settled()
  const before = github.deliveries.log.length
  await deed()
  await github.settled()
  return github.deliveries.log.slice(before).map(({ event, action, request }) => ({
    name: `${event}.${action}`,
    payload: JSON.parse(request.payload),
  }))
}

const names = (events: { name: string }[]) => events.map(({ name }) => name)

describe('a team', () => {
  test('that somebody joins or leaves: one `membership` with member, team and organization, and no repository', async () => {
    const [joined, left] = await eventsOf(() => {
      house.github.setTeamMember('acme', 'payments', 'rob')
      house.github.setTeamMember('acme', 'payments', 'rob', false)
      house.github.setTeamMember('acme', 'payments', 'rob', false)
    }).then((events) => events.filter(({ name }) => name.startsWith('membership')))
    expect(joined).toMatchObject({
      name: 'membership.added',
      payload: {
        scope: 'team',
        member: { login: 'rob' },
        team: { slug: 'payments' },
        organization: { login: 'acme' },
        sender: { login: 'olga' },
        installation: { id: house.installationId },
      },
    })
    expect(left?.name).toBe('membership.removed')
    expect(left?.payload).not.toHaveProperty('repository')
  })

  test('whose role in a repository comes, changes and goes: three `team` events that name the repository', async () => {
    const { github } = house
    const events = await eventsOf(() => {
      github.setTeamRepository('acme', 'payments', 'acme/shop', 'read')
      github.setTeamRepository('acme', 'payments', 'acme/shop', 'write')
      github.setTeamRepository('acme', 'payments', 'acme/shop', null)
    })
    expect(names(events)).toEqual(['team.added_to_repository', 'team.edited', 'team.removed_from_repository'])
    for (const { payload } of events) expect(payload.repository.full_name).toBe('acme/shop')
    expect(events[1]?.payload.changes).toEqual({
      repository: { permissions: { from: { admin: false, push: false, pull: true } } },
    })
  })

  test('that is renamed or deleted: `team` alone, also for the teams below it', async () => {
    const events = await eventsOf(() => {
      house.github.renameTeam('acme', 'payments', 'Pay Ments')
      house.github.deleteTeam('acme', 'pay-ments')
    })
    expect(names(events)).toEqual(['team.edited', 'team.deleted', 'team.deleted'])
    expect(events[0]?.payload.changes).toEqual({ name: { from: 'payments' } })
    expect(events.map(({ payload }) => payload.team.slug)).toEqual(['pay-ments', 'cards', 'pay-ments'])
  })
})

describe('an organization', () => {
  test('that somebody joins and leaves, or that is renamed', async () => {
    const { github } = house
    github.addUser('pat')
    const events = await eventsOf(() => {
      github.setOrganizationMember('acme', 'pat')
      github.setCollaborator('acme/shop', 'pat', 'write')
      github.setOrganizationMember('acme', 'pat', false)
      github.renameOrganization('acme', 'apex')
      github.renameOrganization('apex', 'acme')
    })
    expect(names(events)).toEqual([
      'organization.member_added',
      'member.added',
      'organization.member_removed',
      'organization.renamed',
      'installation_target.renamed',
      'organization.renamed',
      'installation_target.renamed',
    ])
    expect(events[2]?.payload.membership).toMatchObject({ role: 'member', user: { login: 'pat' } })
    const { data } = await house.as('olga').repos.listCollaborators(house.repo)
    expect(data.map(({ login }) => login)).not.toContain('pat')
  })
})

describe('a collaborator', () => {
  test("whose role changes: `permission` has GitHub's old four values", async () => {
    const [edited, removed, added] = await eventsOf(() => {
      house.github.setCollaborator('acme/shop', 'tess', 'write')
      house.github.setCollaborator('acme/shop', 'tess', null)
      house.github.setCollaborator('acme/shop', 'tess', 'triage')
    })
    expect(edited?.payload.changes).toEqual({ permission: { from: 'triage', to: 'write' } })
    expect(removed).toMatchObject({ name: 'member.removed', payload: { member: { login: 'tess' } } })
    expect(removed?.payload).not.toHaveProperty('changes')
    expect(added?.payload.changes).toEqual({ permission: { to: 'read' }, role_name: { to: 'triage' } })
  })
})

describe('a label', () => {
  test('that is deleted leaves its pull requests with an `unlabeled` that does not name it', async () => {
    const { as, repo } = house
    const number = await house.openPull('wim', 'labels', { 'labels.txt': 'x\n' })
    const { data: issue } = await as('wim').issues.create({ ...repo, title: 'An issue' })
    for (const issue_number of [number, issue.number])
      await as('tess').issues.addLabels({ ...repo, issue_number, labels: ['urgent'] })
    const events = await eventsOf(() => as('wim').issues.deleteLabel({ ...repo, name: 'urgent' }))
    expect(names(events).sort()).toEqual(['issues.unlabeled', 'label.deleted', 'pull_request.unlabeled'])
    for (const { name, payload } of events) {
      expect(payload.sender.login).toBe('wim')
      if (name === 'label.deleted') expect(payload.label.name).toBe('urgent')
      else expect(payload).not.toHaveProperty('label')
    }
    expect((await house.bot.issues.get({ ...repo, issue_number: number })).data.labels).toEqual([])
  })

  test('that is made, renamed and made again by adding it', async () => {
    const { as, repo } = house
    const number = await house.openPull('wim', 'more-labels', { 'more.txt': 'x\n' })
    const events = await eventsOf(async () => {
      await as('wim').issues.createLabel({ ...repo, name: 'hold', color: 'ff0000' })
      await as('wim').issues.updateLabel({ ...repo, name: 'hold', new_name: 'wait' })
      await as('tess').issues.addLabels({ ...repo, issue_number: number, labels: ['hold'] })
    })
    expect(names(events)).toEqual(['label.created', 'label.edited', 'label.created', 'pull_request.labeled'])
    expect(events[1]?.payload).toMatchObject({
      label: { name: 'wait' },
      changes: { name: { from: 'hold' } },
    })
  })
})

describe('a repository', () => {
  test('that is renamed, archived, opened again, and given another default branch', async () => {
    const { as, repo } = house
    const events = await eventsOf(async () => {
      await as('ada').repos.update({ ...repo, name: 'store' })
      await as('ada').repos.update({ owner: 'acme', repo: 'store', name: 'shop' })
      await as('ada').repos.update({ ...repo, archived: true })
      await as('ada').repos.update({ ...repo, archived: true })
      await as('ada').repos.update({ ...repo, archived: false })
      await as('ada').repos.update({ ...repo, default_branch: 'labels' })
      await as('ada').repos.update({ ...repo, default_branch: 'main' })
    })
    expect(names(events)).toEqual([
      'repository.renamed',
      'repository.renamed',
      'repository.archived',
      'repository.unarchived',
      'repository.edited',
      'repository.edited',
    ])
    expect(events[0]?.payload).toMatchObject({
      changes: { repository: { name: { from: 'shop' } } },
      repository: { full_name: 'acme/store' },
      sender: { login: 'ada' },
    })
    expect(events[4]?.payload.changes).toEqual({ default_branch: { from: 'main' } })
  })

  test('in the archive refuses every write of an App and a person, and can be read', async () => {
    const { as, bot, repo, github } = house
    const head_sha = (await as('wim').git.getRef({ ...repo, ref: 'heads/main' })).data.object.sha
    github.archiveRepository('acme/shop')
    const archived = { status: 403, message: 'Repository was archived so is read-only.' }
    expect(await refusal(bot.checks.create({ ...repo, name: 'Release gate', head_sha }))).toMatchObject(
      archived,
    )
    expect(await refusal(as('wim').issues.create({ ...repo, title: 'No' }))).toMatchObject(archived)
    expect((await bot.repos.get(repo)).data.archived).toBe(true)
    github.archiveRepository('acme/shop', false)
    expect((await bot.checks.create({ ...repo, name: 'Release gate', head_sha })).status).toBe(201)
  })

  test('whose issues are turned off answers 410 for each and lists none, until they are turned on', async () => {
    const { rest } = house.as('olga')
    const place = { owner: 'acme', repo: 'quiet' }
    await house.github.addRepository({ owner: 'acme', name: 'quiet', files: { 'README.md': '# Quiet\n' } })
    const { number } = (await rest.issues.create({ ...place, title: 'Rewards' })).data
    const there = { ...place, issue_number: number }
    expect((await rest.repos.update({ ...place, has_issues: false })).data.has_issues).toBe(false)
    for (const refused of [
      rest.issues.get(there),
      rest.issues.listComments(there),
      rest.issues.createComment({ ...there, body: 'Seen.' }),
      rest.issues.create({ ...place, title: 'Another' }),
    ])
      expect(await refusal(refused)).toMatchObject({ status: 410 })
    expect((await rest.issues.listForRepo({ ...place, state: 'all' })).data).toEqual([])
    await rest.repos.update({ ...place, has_issues: true })
    expect((await rest.issues.get(there)).data.title).toBe('Rewards')
  })

  test('that is deleted tells the App that could see it; one that is made does too', async () => {
    const { github, as } = house
    const events = await eventsOf(async () => {
      await github.addRepository({ owner: 'acme', name: 'attic', files: { a: 'b\n' } })
      await as('olga').repos.delete({ owner: 'acme', repo: 'attic' })
    })
    expect(names(events)).toEqual(['repository.created', 'repository.deleted'])
    expect((await refusal(as('olga').repos.get({ owner: 'acme', repo: 'attic' }))).status).toBe(404)
  })

  test("that moves to another owner tells that owner's installation, and not the one it left", async () => {
    const { github, as } = house
    await github.addRepository({ owner: 'acme', name: 'loan', files: { a: 'b\n' } })
    expect(await eventsOf(() => github.transferRepository('acme/loan', 'globex'))).toEqual([])
    const { installationId } = github.installApp('globex')
    const events = await eventsOf(() => {
      github.transferRepository('globex/loan', 'acme')
      return as('olga').repos.transfer({ owner: 'acme', repo: 'loan', new_owner: 'globex' })
    })
    expect(events.map(({ name, payload }) => [name, payload.installation.id])).toEqual([
      ['repository.transferred', house.installationId],
      ['repository.transferred', installationId],
    ])
    expect(events[1]?.payload).toMatchObject({
      repository: { full_name: 'globex/loan' },
      changes: { owner: { from: { organization: { login: 'acme' } } } },
    })
  })
})

describe('an installation', () => {
  test('is reported from its start to its end', async () => {
    const { github } = house
    github.addOrganization('initech', { owners: ['nora'] })
    for (const name of ['one', 'two'])
      await github.addRepository({ owner: 'initech', name, files: { a: 'b\n' } })
    const events = await eventsOf(() => {
      const { installationId } = github.installApp('initech', { repositories: ['one'] })
      github.changeInstallation(installationId, 'added', ['two'])
      github.changeInstallation(installationId, 'removed', ['one'])
      github.suspendApp(installationId)
      github.suspendApp(installationId, false)
      github.acceptPermissions(installationId, { permissions: { actions: 'read' } })
      github.uninstallApp(installationId)
    })
    expect(names(events)).toEqual([
      'installation.created',
      'installation_repositories.added',
      'installation_repositories.removed',
      'installation.suspend',
      'installation.unsuspend',
      'installation.new_permissions_accepted',
      'installation.deleted',
    ])
    for (const { payload } of events) expect(payload.sender.login).toBe('nora')
    expect(events[0]?.payload.repositories).toMatchObject([{ full_name: 'initech/one' }])
    expect(events[1]?.payload.repositories_added).toMatchObject([{ full_name: 'initech/two' }])
    expect(events[5]?.payload.installation.permissions).toMatchObject({ actions: 'read' })
  })

  test.each([
    ['suspended', 403, 'This installation has been suspended'],
    ['removed', 401, 'Bad credentials'],
  ])('that is %s refuses any call, also with a token from before', async (what, status, message) => {
    const { github } = house
    github.addOrganization(`org-${what}`, { owners: ['nora'] })
    await github.addRepository({ owner: `org-${what}`, name: 'one', files: { a: 'b\n' } })
    const { installationId } = github.installApp(`org-${what}`)
    const token = github.installationToken(installationId)
    if (what === 'suspended') github.suspendApp(installationId)
    else github.uninstallApp(installationId)
    const answer = await fetch(`${github.url}/repos/org-${what}/one`, {
      headers: { authorization: `token ${token}` },
    })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ message })
  })
})
