import type { Stage } from '../../src/sandbox/stage.ts'
import type { Workshop } from '../../src/sandbox/workshop.ts'
import type { Measure } from './measure.ts'

/** What each evaluation asks of GitHub: requests that count against the hourly limit (a 304 does not), and writes. */
export async function benchRequests(stage: Stage, shop: Workshop): Promise<Measure[]> {
  const { counts } = stage.github.requests
  const measures: Measure[] = []
  const count = async <Result>(name: string, aim: string, act: () => Promise<Result>): Promise<Result> => {
    // Whatever happens on GitHub moves `updated_at`, and answers that hold it are new.
    await stage.moveTo(new Date(stage.now().getTime() + 1_000))
    const before = { reads: counts.reads, writes: counts.writes }
    const result = await act()
    await stage.settled()
    measures.push(
      {
        name: `${name}: counted reads`,
        value: counts.reads - before.reads,
        unit: '',
        aim: aim.split(', ')[0] ?? '',
      },
      {
        name: `${name}: writes`,
        value: counts.writes - before.writes,
        unit: '',
        aim: aim.split(', ')[1] ?? '',
      },
    )
    return result
  }
  const open = (branch: string) =>
    shop.openPull('ana', { branch, title: branch, files: { [`src/${branch}.ts`]: `export const x = 1\n` } })

  const first = await open('first')
  const change = await count('a pull request is opened', '–, 1', () => open('second'))
  await shop.label('eva', first, 'other')
  await count('approved by a reviewer who is new to the bot', 'at most 2, 1', () =>
    shop.review('chloe', change),
  )
  await shop.review('chloe', first)
  await shop.review('dev', first)
  await count('approved by a reviewer whom it knows', 'at most 2, 1', () => shop.review('dev', change))
  await count('labelled urgent', 'at most 2, 1', () => shop.label('eva', change, 'urgent'))
  const pushed = await count('a push', '–, 2', () =>
    shop.push('ana', change, { 'src/second.ts': 'export const x = 2\n' }),
  )
  await count('a comment review: nothing changes', 'at most 2, 0', () =>
    shop.review('chloe', pushed, 'COMMENT'),
  )
  await count('a delivery comes again: nothing changes', '0, 0', () => again(stage))
  return measures
}

/** GitHub sends the newest delivery about a pull request once more, as an unsigned new id would: it is looked at afresh. */
async function again(stage: Stage): Promise<void> {
  const newest = stage.github.deliveries.log.findLast(({ event }) => event === 'pull_request')
  if (!newest) throw new Error('No delivery was logged.')
  const { headers, payload } = newest.request
  const answer = await fetch(`${stage.bot().url}/api/github/webhooks`, {
    method: 'POST',
    body: payload,
    headers: { ...headers, 'x-github-delivery': crypto.randomUUID() },
  })
  if (!answer.ok) throw new Error(`The inbox answered ${answer.status}.`)
}
