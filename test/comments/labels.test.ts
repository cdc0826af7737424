import { expect, test } from 'vitest'
import { addLabelForPerson, earlierAttempt, labelHistory, removalSince } from '../../src/comments/labels.ts'
import { retryTimeOf } from '../../src/store/retry-after-error.ts'

/** What the App does with the label of a command where GitHub lists its events late. */

const asked = '2026-11-26T10:00:00Z'
const app = { id: 9, login: 'gate[bot]', type: 'Bot' }
const otherBot = { id: 8, login: 'helper[bot]', type: 'Bot' }
const eva = { id: 5, login: 'eva', type: 'User' }

type Event = { id: number; event: string; actor: object; created_at: string; label: { name: string } }

/** A GitHub that lists an event only after so many attempts. */
function aGitHub({ lag = 0, past = [] as Event[] } = {}) {
  const events: (Event & { in: number })[] = past.map((event) => ({ ...event, in: -lag }))
  const state = { attempt: 0, writes: 0 }
  const note = (event: string) => {
    state.writes += 1
    const id = events.length + 1
    events.push({ id, event, actor: app, created_at: asked, label: { name: 'urgent' }, in: state.attempt })
  }
  const github = {
    paginate: async () => events.filter((one) => one.in + lag <= state.attempt),
    rest: {
      apps: { getAuthenticated: async () => ({ data: { slug: 'gate' } }) },
      issues: {
        listEvents: {},
        addLabels: async () => note('labeled'),
        removeLabel: async () => note('unlabeled'),
      },
    },
  }
  return { github, state }
}

type Where = Parameters<typeof labelHistory>[0]

function where(github: object, orders: number[] = [], signal = new AbortController().signal): Where {
  const database = {
    transaction: async () => undefined,
    query: async () =>
      orders.map((event) => ({ event, id: 5, login: 'eva', at: new Date(asked), comment: 1, reason: null })),
  }
  const shell = { now: () => new Date(asked), database }
  return { shell, github, pull: { owner: 'acme', repo: 'shop', number: 1 }, signal } as never
}

async function attempt(place: Where): Promise<number> {
  const before = await labelHistory(place, 'urgent')
  return (
    (await earlierAttempt(place, before, asked)) ??
    addLabelForPerson(place, 'urgent', { before, isOn: false, purpose: 'update' })
  )
}

const labelled = (actor: object, created_at = asked): Event => ({
  id: 1,
  event: 'labeled',
  actor,
  created_at,
  label: { name: 'Urgent' },
})

test('an attempt takes the event of the one before it, and writes nothing more', async () => {
  const { github, state } = aGitHub({ lag: 1 })
  const error = await attempt(where(github)).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('GitHub does not list yet')
  // A failure like any other: the queue retries it later and later, and gives up.
  expect(retryTimeOf(error)).toBeUndefined()
  state.attempt += 1
  expect(await attempt(where(github))).toBe(1)
  expect(state.writes).toBe(1)
})

test.each<[string, Event, number[]]>([
  ['of another bot', labelled(otherBot), []],
  ['of a person', labelled(eva), []],
  ['that is somebody’s order already', labelled(app), [1]],
  ['that is older than the comment', labelled(app, '2026-11-26T09:59:59Z'), []],
])('an event %s is not taken: the label is added anew', async (_name, past, orders) => {
  const { github, state } = aGitHub({ past: [past] })
  expect(await attempt(where(github, orders))).toBe(3)
  expect(state.writes).toBe(2)
})

test('only a removal by someone else, in the second of the comment or later, is one since', async () => {
  const removed = (actor: object | null, at: string) =>
    ({ own: 'gate[bot]', added: undefined, removed: { by: actor, at, event: 1 } }) as never
  expect(removalSince(removed(eva, asked), asked)).toMatchObject({ by: eva })
  expect(removalSince(removed(null, '2026-11-26T10:00:01Z'), asked)).toBeDefined()
  expect(removalSince(removed(otherBot, '2026-11-26T10:00:01Z'), asked)).toBeDefined()
  expect(removalSince(removed(eva, '2026-11-26T09:59:59Z'), asked)).toBeUndefined()
  expect(removalSince(removed(app, asked), asked)).toBeUndefined()
})

test('nothing is written once another worker has the job', async () => {
  const { github, state } = aGitHub()
  const gone = where(github, [], AbortSignal.abort())
  const before = await labelHistory(gone, 'urgent')
  await expect(
    addLabelForPerson(gone, 'urgent', { before, isOn: false, purpose: 'update' }),
  ).rejects.toThrow()
  expect(state.writes).toBe(0)
})
