import { describe, expect, it } from 'vitest'
import { bypassOf } from '../../../src/services/github/enforcement/bypass.ts'

const names = { team: async (id: number) => `team ${id}`, user: async (id: number) => `@user-${id}` }

describe('an entry of a bypass list', () => {
  it.each([
    ['EnterpriseOwner', 'owners of the enterprise', 'administrators'],
    ['EnterpriseRole', 'everyone with the enterprise role 3', 'chosen'],
    ['Team', 'team 3', 'chosen'],
    ['SomethingNew', 'SomethingNew 3', 'unknown'],
  ])('of the type %s is %s', async (actor_type, who, reach) => {
    const [found] = await bypassOf([{ actor_id: 3, actor_type, bypass_mode: 'pull_request' }], names)
    expect(found).toEqual({ who, reach, mode: 'pull_request' })
  })

  it.each([
    [undefined, 'always'],
    ['exempt', 'exempt'],
    ['on_tuesdays', 'unknown'],
  ])('with the mode %s is %s', async (bypass_mode, mode) => {
    const [found] = await bypassOf(
      [{ actor_id: 1, actor_type: 'User', ...(bypass_mode ? { bypass_mode } : {}) }],
      names,
    )
    expect(found).toMatchObject({ mode })
  })
})
