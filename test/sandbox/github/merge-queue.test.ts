import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { evaluateGroups } from '../../../src/sandbox/github/merge-queue.ts'
import { buildHouse, type House, refusal, sent } from './house.ts'

let house: House
beforeEach(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
})
afterEach(() => house.github.close())

async function queue(grouping_strategy: 'ALLGREEN' | 'HEADGREEN') {
  await house.as('ada').repos.createRepoRuleset({
    ...house.repo,
    name: 'queue',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: 'Release gate', integration_id: house.github.app.id }],
        },
      },
      {
        type: 'merge_queue',
        parameters: {
          check_response_timeout_minutes: 60,
          grouping_strategy,
          max_entries_to_build: 5,
          max_entries_to_merge: 5,
          merge_method: 'SQUASH',
          min_entries_to_merge: 1,
          min_entries_to_merge_wait_minutes: 0,
        },
      },
    ],
  })
}

const check = (head_sha: string, conclusion: 'success' | 'failure') =>
  house.bot.checks.create({ ...house.repo, name: 'Release gate', head_sha, conclusion })

async function queued(...names: string[]): Promise<number[]> {
  const numbers: number[] = []
  for (const name of names) {
    const number = await house.openPull('wim', name, { [`${name}.txt`]: 'x\n' })
    await check(await house.headOf(number), 'success')
    await house.github.enqueue(`acme/shop#${number}`, 'wim')
    numbers.push(number)
  }
  return numbers
}

const merged = async (number: number) =>
  (await house.as('wim').pulls.get({ ...house.repo, pull_number: number })).data.merged

describe('a merge queue', () => {
  test('asks for checks on the head of each group, in a payload that names no pull request', async () => {
    await queue('ALLGREEN')
    const [first = 0] = await queued('one', 'two')
    const groups = await sent(house.github, 'merge_group', 'checks_requested')
    expect(groups).toHaveLength(2)
    expect(Object.keys(groups[0].merge_group).sort()).toEqual([
      'base_ref',
      'base_sha',
      'head_commit',
      'head_ref',
      'head_sha',
    ])
    expect(groups[0].merge_group.head_ref).toBe(
      `refs/heads/gh-readonly-queue/main/pr-${first}-${groups[0].merge_group.base_sha}`,
    )
    expect(groups[1].merge_group.base_sha).toBe(groups[0].merge_group.head_sha)
    const { data } = await house.bot.git.getRef({
      ...house.repo,
      ref: groups[0].merge_group.head_ref.replace('refs/', ''),
    })
    expect(data.object.sha).toBe(groups[0].merge_group.head_sha)
  })

  test('merges when the check on the group is green, and says `merged`', async () => {
    await queue('ALLGREEN')
    const [number = 0] = await queued('one')
    expect(
      (await refusal(house.as('wim').pulls.merge({ ...house.repo, pull_number: number }))).message,
    ).toContain('Changes must be made through the merge queue')
    const [group] = await sent(house.github, 'merge_group', 'checks_requested')
    expect(await merged(number)).toBe(false)
    await check(group.merge_group.head_sha, 'success')
    await house.github.settled()
    expect(await merged(number)).toBe(true)
    expect(await sent(house.github, 'merge_group', 'destroyed')).toMatchObject([{ reason: 'merged' }])
  })

  test('drops a red group and builds those behind it again', async () => {
    await queue('ALLGREEN')
    const [red = 0, green = 0] = await queued('red', 'green')
    const [first] = await sent(house.github, 'merge_group', 'checks_requested')
    await check(first.merge_group.head_sha, 'failure')
    const destroyed = await sent(house.github, 'merge_group', 'destroyed')
    expect(destroyed.map(({ reason }) => reason)).toEqual(['dequeued', 'invalidated'])
    expect(await sent(house.github, 'pull_request', 'dequeued')).toMatchObject([
      { number: red, reason: 'CI_FAILURE' },
    ])
    const anew = (await sent(house.github, 'merge_group', 'checks_requested')).at(-1)
    await check(anew.merge_group.head_sha, 'success')
    await house.github.settled()
    expect([await merged(red), await merged(green)]).toEqual([false, true])
  })

  test('set to HEADGREEN merges red members when the head of the group is green', async () => {
    await queue('HEADGREEN')
    const [red = 0, green = 0] = await queued('red', 'green')
    const [first, second] = await sent(house.github, 'merge_group', 'checks_requested')
    await check(first.merge_group.head_sha, 'failure')
    await house.github.settled()
    expect(await merged(red)).toBe(false)
    await check(second.merge_group.head_sha, 'success')
    await house.github.settled()
    expect([await merged(red), await merged(green)]).toEqual([true, true])
  })

  test('lets a pull request go that gets a push or is taken out', async () => {
    await queue('ALLGREEN')
    const [number = 0] = await queued('one')
    await house.github.dequeue(`acme/shop#${number}`, 'wim')
    expect(await sent(house.github, 'merge_group', 'destroyed')).toMatchObject([{ reason: 'dequeued' }])
    expect(await sent(house.github, 'pull_request', 'dequeued')).toMatchObject([{ reason: 'MANUAL' }])
    expect(
      (await house.as('wim').git.listMatchingRefs({ ...house.repo, ref: 'heads/gh-readonly-queue' })).data,
    ).toEqual([])
  })
})

test.each([
  ['all open', ['open', 'open'], false, { merge: 0 }],
  ['first green', ['green', 'open'], false, { merge: 1 }],
  ['second green only', ['open', 'green'], false, { merge: 0 }],
  ['first red', ['red', 'open'], false, { merge: 0, drop: 0 }],
  ['head green', ['red', 'green', 'open'], true, { merge: 2 }],
  ['head open', ['red', 'open'], true, { merge: 0 }],
] as const)('groups %s', (_, states, headGreen, expected) => {
  expect(evaluateGroups([...states], headGreen)).toEqual(expected)
})
