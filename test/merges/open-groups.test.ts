import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../../src/decision/verdict.ts'
import { noteFailure } from '../../src/gate/unverified.ts'
import { postGroupCheck } from '../../src/merges/group-check.ts'
import { failOpenGroups } from '../../src/merges/open-groups.ts'
import type { Database } from '../../src/store/database.ts'
import { RETRY_LIMIT } from '../../src/store/queue/queues.ts'
import { markPullsChanged } from '../../src/store/verdicts/changes.ts'
import { nextGeneration } from '../../src/store/verdicts.ts'
import { aWorld, clearState, later, opening, type World } from '../support/closing.ts'
import { describeOnBoth } from '../support/databases.ts'
import { aPolicy, shaOf } from '../support/snapshot.ts'

const repository = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
const groupHead = shaOf('9')

describeOnBoth('an open group whose pull requests', (open) => {
  let database: Database
  let world: World
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await clearState(database)
    await database.query('DELETE FROM release_gate.merge_groups')
    world = aWorld(database)
    world.setTime(later(opening, 60))
  })

  const passSeconds = (seconds: number) => world.setTime(later(world.now(), seconds))
  /** A group of two, of which the second one is left alone. */
  const aGreenGroup = async () => {
    const generation = await nextGeneration(database)
    const policy = aPolicy()
    const read = [await world.read(1), await world.read(2)]
    const members = read.map(({ snapshot }) => ({ snapshot, policy }))
    const verdicts = members.map(({ snapshot }) => ({
      number: snapshot.pull.number,
      verdict: decide(snapshot, policy),
    }))
    const refs = { headRef: 'refs/heads/gh-readonly-queue/main/pr-1-9', baseRef: 'refs/heads/main' }
    const group = { repository, headSha: groupHead, ...refs, members, generation }
    await postGroupCheck(world.shell, world.checks.client, group, verdicts, [])
    expect(world.checks.standsAt(groupHead)).toBe('success')
    passSeconds(5)
  }
  /** The group was read after its pull requests were evaluated, as when it forms. */
  const aGroupReadLast = async () => {
    await aGreenGroup()
    await database.query(
      `UPDATE release_gate.merge_groups SET generation = nextval('release_gate.generation')`,
    )
  }
  const changedFor = async (seconds: number) => {
    await markPullsChanged(database, repository, [1])
    await database.query(
      `UPDATE release_gate.verdicts SET changed_at = clock_timestamp() - make_interval(secs => $1) WHERE number = 1`,
      [seconds],
    )
  }
  const evaluationFails = (attempt: number) =>
    noteFailure(
      world.shell,
      { ...repository, number: 1 },
      { error: new Error('502'), attempt },
      new AbortController().signal,
    )
  const groupAfterwards = async () => {
    await failOpenGroups(world.shell, repository)
    return world.checks.standsAt(groupHead)
  }

  describe.each([
    ['were evaluated since it formed', aGreenGroup],
    ['were evaluated before it formed', aGroupReadLast],
  ])('%s', (_, form) => {
    test('is failed when one changed and its evaluation failed twice', async () => {
      await form()
      await changedFor(5)
      await evaluationFails(2)
      expect(await groupAfterwards()).toBe('failure')
    })

    test('is failed when one did not change and its evaluation was given up', async () => {
      await form()
      await evaluationFails(RETRY_LIMIT + 1)
      expect(await groupAfterwards()).toBe('failure')
    })

    test('is failed when one changed a minute ago and was not evaluated since, though nothing failed', async () => {
      await form()
      await changedFor(61)
      expect(await groupAfterwards()).toBe('failure')
    })

    test('stays green in the first seconds after a change, also after a first failure', async () => {
      await form()
      await changedFor(5)
      await evaluationFails(1)
      expect(await groupAfterwards()).toBe('success')
    })

    test('stays green when an evaluation has succeeded since', async () => {
      await form()
      await changedFor(61)
      await evaluationFails(2)
      await world.read(1)
      expect(await groupAfterwards()).toBe('success')
    })

    test('stays as it is when the changed one was merged', async () => {
      await form()
      await world.read(1, { state: 'merged' })
      await changedFor(61)
      expect(await groupAfterwards()).toBe('success')
    })
  })

  test('stays green where it was read after the change and the failure', async () => {
    await aGreenGroup()
    await changedFor(61)
    await evaluationFails(2)
    await database.query(`UPDATE release_gate.verdicts SET decided_at = decided_at - interval '1 minute'`)
    await database.query(
      `UPDATE release_gate.merge_groups SET generation = nextval('release_gate.generation')`,
    )
    expect(await groupAfterwards()).toBe('success')
  })
})
