import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noteFailure, revokeOverdue } from '../../src/gate/unverified.ts'
import { gone } from '../../src/services/github/gone.ts'
import { readRecords } from '../../src/store/audit.ts'
import type { Database } from '../../src/store/database.ts'
import { RETRY_LIMIT } from '../../src/store/queue/queues.ts'
import { retryAfterError } from '../../src/store/retry-after-error.ts'
import { markPullsChanged } from '../../src/store/verdicts/changes.ts'
import { nextGeneration, saveVerdict } from '../../src/store/verdicts.ts'
import { aWorld, clearState, later, opening, type World } from '../support/closing.ts'
import { describeOnBoth } from '../support/databases.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const never = new AbortController().signal

describeOnBoth('a check whose pull request changed', (open) => {
  let database: Database
  let world: World
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await clearState(database)
    world = aWorld(database)
    world.setTime(later(opening, 60))
  })

  const green = async (number = 1) => {
    const stored = await world.read(number)
    await world.publish(number)
    expect(world.stateOf(number)).toBe('success')
    return stored
  }
  /** Tests of a minute say 61 seconds, since a machine's clock may be set back a little between two statements. */
  const changedFor = async (seconds: number, number = 1) => {
    await markPullsChanged(database, repository, [number])
    await database.query(
      `UPDATE release_gate.verdicts SET changed_at = clock_timestamp() - make_interval(secs => $2) WHERE number = $1`,
      [number, seconds],
    )
  }
  const age = async () => {
    const [row] = await database.query<{ age: number }>(
      `SELECT extract(epoch FROM clock_timestamp() - changed_at)::float8 AS age FROM release_gate.verdicts`,
    )
    return row?.age ?? expect.fail()
  }
  /** How many revocations the records have. */
  const recorded = async () => {
    const all = await Array.fromAsync(readRecords(database, 1))
    return all.filter(({ kind }) => kind === 'unverified').length
  }
  const fails = (attempt: number, error = new Error('GET /repos/acme/shop/pulls/1 answered 500')) =>
    noteFailure(world.shell, { ...repository, number: 1 }, { error, attempt }, never)

  test('and that is green is revoked once it was not evaluated for a minute, with a record', async () => {
    const before = await recorded()
    await green()
    await changedFor(61)
    await revokeOverdue(world.shell)
    expect(world.stateOf(1)).toBe('failure')
    expect(await recorded()).toBe(before + 1)
  })

  test('and that is revoked is evaluated again, with the priority of a green one, and once', async () => {
    await green()
    await changedFor(61)
    await green(2)
    await revokeOverdue(world.shell)
    expect(world.asked.evaluations).toEqual([{ number: 1, priority: 20 }])
    await revokeOverdue(world.shell)
    expect(world.asked.evaluations).toHaveLength(1)
  })

  test('is evaluated also where GitHub refuses to revoke it', async () => {
    await green()
    await changedFor(61)
    world.checks.disturb(() => new Error('502'))
    await expect(revokeOverdue(world.shell)).rejects.toThrow('502')
    expect(world.asked.evaluations).toEqual([{ number: 1, priority: 20 }])
  })

  test('links to the page of its pull request on the board, where people can open that', async () => {
    await green()
    expect(world.checks.linkAt(world.headOf(1).sha)).toBeUndefined()
    await changedFor(61)
    await revokeOverdue({ ...world.shell, board: 'https://gate.example' })
    expect(world.checks.linkAt(world.headOf(1).sha)).toBe('https://gate.example/changes/acme/shop/1')
  })

  test('and that is green stays so for 59 seconds', async () => {
    const stateAfter = async (seconds: number): Promise<string | undefined> => {
      await green()
      await changedFor(seconds)
      await revokeOverdue(world.shell)
      // A machine so busy that a minute had passed says nothing.
      return (await age()) < 60 ? world.stateOf(1) : stateAfter(seconds)
    }
    expect(await stateAfter(59)).toBe('success')
  })

  test('stays green where an evaluation that began after the change has succeeded', async () => {
    await green()
    await changedFor(3_600)
    await world.read(1)
    await revokeOverdue(world.shell)
    expect(world.stateOf(1)).toBe('success')
  })

  test('has not been verified by an evaluation that began before the change', async () => {
    const stored = await green()
    const generation = await nextGeneration(database)
    await changedFor(0)
    await saveVerdict(database, { ...stored, generation })
    await database.query(`UPDATE release_gate.verdicts SET changed_at = changed_at - interval '1 minute'`)
    await revokeOverdue(world.shell)
    expect(world.stateOf(1)).toBe('failure')
  })

  test('is revoked once: neither the check nor the record is written again', async () => {
    const before = await recorded()
    await green()
    await changedFor(61)
    await revokeOverdue(world.shell)
    const writes = world.checks.writes.length
    await revokeOverdue(world.shell)
    expect(world.checks.writes).toHaveLength(writes)
    expect(await recorded()).toBe(before + 1)
  })

  test('that is not green is left to its evaluation', async () => {
    await world.read(1, { reviews: [] })
    await world.publish(1)
    await changedFor(61)
    const writes = world.checks.writes.length
    await revokeOverdue(world.shell)
    expect(world.checks.writes).toHaveLength(writes)
  })

  test('is revoked by the calendar where GitHub refused the write', async () => {
    await green()
    await changedFor(61)
    world.checks.disturb(() => new Error('502'))
    world.asked.transitions = []
    await expect(revokeOverdue(world.shell)).rejects.toThrow('502')
    expect(world.stateOf(1)).toBe('success')
    expect(world.asked.transitions).toEqual([world.now()])
    world.checks.disturb(() => undefined)
    await world.carryOutAt(later(opening, 61))
    expect(world.stateOf(1)).toBe('failure')
  })

  test('keeps no other one green where its own write is refused', async () => {
    for (const number of [1, 2, 3]) {
      await green(number)
      await changedFor(61, number)
    }
    world.checks.disturb(({ sha }) => (sha === world.headOf(3).sha ? undefined : new Error('502')))
    await expect(revokeOverdue(world.shell)).rejects.toThrow('502')
    expect([1, 2, 3].map(world.stateOf)).toEqual(['success', 'success', 'failure'])
  })

  test('is not an alarm where the App was removed', async () => {
    await green()
    await changedFor(61)
    world.checks.disturb(() => gone('The installation was removed', undefined))
    await revokeOverdue(world.shell)
    expect(world.stateOf(1)).toBe('success')
  })

  describe('and whose evaluation fails', () => {
    test.each([
      { what: 'once, after 5 seconds', attempt: 1, seconds: 5, state: 'success' },
      { what: 'for the second time', attempt: 2, seconds: 5, state: 'failure' },
      { what: 'once, after a minute', attempt: 1, seconds: 61, state: 'failure' },
      { what: 'for a limit that ends within the minute', attempt: 2, seconds: 5, wait: 30, state: 'success' },
      { what: 'for a limit that ends after the minute', attempt: 1, seconds: 5, wait: 56, state: 'failure' },
    ])('$what: $state', async ({ attempt, seconds, wait, state }) => {
      await green()
      await changedFor(seconds)
      await fails(
        attempt,
        wait === undefined ? undefined : retryAfterError(later(world.now(), wait), 'a limit'),
      )
      expect(world.stateOf(1)).toBe(state)
    })

    test('again and again is written and recorded once', async () => {
      const before = await recorded()
      await green()
      const writes = world.checks.writes.length
      await changedFor(5)
      for (const attempt of [2, 3, 4]) await fails(attempt)
      expect(world.checks.writes).toHaveLength(writes + 1)
      expect(await recorded()).toBe(before + 1)
    })

    test('once is revoked after the minute though nothing fails again', async () => {
      await green()
      await changedFor(5)
      await fails(1)
      await changedFor(61)
      await revokeOverdue(world.shell)
      expect(world.stateOf(1)).toBe('failure')
    })

    test('without any change stays green until the evaluation is given up', async () => {
      await green()
      await fails(RETRY_LIMIT)
      expect(world.stateOf(1)).toBe('success')
      await fails(RETRY_LIMIT + 1)
      expect(world.stateOf(1)).toBe('failure')
    })
  })
})
