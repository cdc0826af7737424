import { afterEach, describe, expect, it } from 'vitest'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { aWorld, shopOf, type World } from './world.ts'

let world: World
afterEach(() => world.github.close())

const naming = (...teams: string[]) => ({
  '.github/release-gate.yml': `gates:\n  approvals: { teams: [${teams.join(', ')}] }\n`,
})

const rulesOf = async () =>
  diagnose(await world.read()).flatMap(({ rule, about, severity }) =>
    /^team-|^too-few/.test(rule) ? [`${severity} ${rule} ${about}`] : [],
  )

describe('the teams that a policy names, read from GitHub', () => {
  it('are counted with their child teams, and with those who have write access to this repository', async () => {
    world = await aWorld(naming('writers', 'readers', 'gone'))
    const { github } = world
    github.addTeam('acme', 'writers', { members: [] })
    github.addTeam('acme', 'night-shift', { members: ['wim', 'rob'], parent: 'writers' })
    github.addTeam('acme', 'readers', { members: ['rob'] })
    const { approvers } = shopOf(await world.read())
    expect(approvers.teams).toEqual([
      { name: 'writers', kind: 'read', members: 2, writers: 1 },
      { name: 'readers', kind: 'read', members: 1, writers: 0 },
      { name: 'gone', kind: 'absent' },
    ])
    expect(await rulesOf()).toEqual(['error team-without-writers readers', 'error team-missing gone'])
  })

  it('that GitHub refuses to show are unreadable, and not missing', async () => {
    world = await aWorld(naming('writers'))
    world.github.faults.add({
      kind: 'status',
      status: 403,
      path: '/orgs/acme/teams/**',
      body: { message: 'Resource not accessible by integration' },
    })
    expect(await rulesOf()).toEqual(['error team-unreadable writers'])
  })

  it('of a rate limit nothing is concluded: it is thrown', async () => {
    world = await aWorld(naming('writers'))
    world.github.faults.add({ kind: 'secondary-rate-limit', path: '/orgs/acme/teams/**', times: 1 })
    await expect(world.read()).rejects.toThrow(/limit/)
  })
})

describe('the people with write access', () => {
  it('are those who can push, through whatever role, and no others', async () => {
    world = await aWorld(naming())
    // ada, mary, wim and wanda as collaborators, olga as an owner; tess may triage and rob may read.
    expect(shopOf(await world.read()).approvers.writers).toBe(5)
  })
})
