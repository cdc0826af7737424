import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compareSharedPolicy } from '../../src/policy/shared-policy.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import type { PolicyFile } from '../../src/services/github/policy.ts'
import type { Database } from '../../src/store/database.ts'
import { aPglite } from '../support/databases.ts'

const file = (blob: string, text: string): PolicyFile => ({ text, where: 'acme/.github', blob })
const open = file('a', 'gates: { approvals: {} }\n')
const locking = file('b', 'locked: [approvals]\ngates: { approvals: {} }\n')
const other = file('c', 'gates: { hold: {} }\n')

let database: Database
let installationId = 0
let announced: unknown[]
beforeAll(async () => {
  database = await aPglite()
})
afterAll(() => database.close())
beforeEach(() => {
  installationId += 1
  announced = []
})

type Shown = PolicyFile | undefined | (() => Promise<PolicyFile>)

/** GitHub, where the file is this one now. */
const showing = (now: Shown) =>
  ({
    rest: {
      repos: {
        get: async () => ({ data: { id: 5 } }),
        getContent: async () => {
          const shown = typeof now === 'function' ? await now() : now
          if (!shown) throw Object.assign(new Error('Not Found'), { status: 404 })
          const content = Buffer.from(shown.text).toString('base64')
          return { data: { type: 'file', encoding: 'base64', content, sha: shown.blob } }
        },
      },
    },
  }) as unknown as GitHub

function compare(read: PolicyFile | undefined, now: Shown) {
  const enqueueNotice = async (notice: object) => {
    if ('before' in notice && 'after' in notice) announced.push([notice.before, notice.after])
  }
  const shell = { database, now: () => new Date(), queue: { enqueueNotice } }
  return compareSharedPolicy(shell, showing(now), { installationId, owner: 'acme' }, read)
}

describe('a policy of the organization that was read before another evaluation read a newer one', () => {
  test.each([
    ['an older copy', open],
    ['none', undefined],
  ])('is neither announced nor kept where it was %s', async (_, older) => {
    await compare(locking, locking)
    expect(announced).toEqual([['', expect.stringContaining('approvals')]])
    await expect(compare(older, locking)).rejects.toThrow('was changed while it was read')
    expect(await compare(locking, locking)).toBe('applies')
    expect(announced).toHaveLength(1)
  })

  test('is not kept either where that other one ends after the second look', async () => {
    await compare(open, open)
    const late = compare(other, async () => {
      await compare(locking, locking)
      return other
    })
    await expect(late).rejects.toThrow('was changed while it was read')
    expect(await compare(locking, locking)).toBe('applies')
    expect(announced).toHaveLength(1)
  })

  test('is announced where it is the present one: locks, and their end', async () => {
    await compare(open, open)
    await compare(locking, locking)
    await compare(undefined, undefined)
    expect(announced).toEqual([
      ['', expect.stringContaining('approvals')],
      [expect.stringContaining('approvals'), ''],
    ])
  })
})
