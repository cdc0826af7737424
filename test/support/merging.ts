import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, furnish, type Workshop } from '../../src/sandbox/workshop.ts'

/** Tuesday before the window, and Wednesday in it, under the default calendar. */
export const closed = new Date('2026-11-24T22:00:00Z')
export const inWindow = new Date('2026-11-25T18:00:00Z')

export const windowPolicy = `gates:
  approvals: {}
  release_window: {}
slack:
  channel: "#releases"
`

type Wish = { title?: string; body?: string; base?: string }

/** A workshop whose merges are announced. */
export type MergingShop = Workshop & {
  change: (wish?: Wish) => Promise<Change>
  approvedChange: (wish?: Wish) => Promise<Change>
  /** What Slack was told of this repository, oldest first. */
  messages: () => unknown[]
}

let count = 0

export async function aRepositoryOf(stage: Stage, policy = windowPolicy): Promise<MergingShop> {
  count += 1
  const shop = await furnish(stage, { repo: `merging-${count}`, policy })
  const change = (wish: Wish = {}) => {
    count += 1
    return shop.openPull('ana', {
      branch: `change-${count}`,
      title: wish.title ?? 'A change',
      files: { [`src/file-${count}.ts`]: `export const value = ${count}\n` },
      ...(wish.body === undefined ? {} : { body: wish.body }),
      ...(wish.base === undefined ? {} : { base: wish.base }),
    })
  }
  return {
    ...shop,
    change,
    approvedChange: async (wish) => {
      const made = await change(wish)
      await shop.review('chloe', made)
      await shop.review('dev', made)
      return made
    },
    messages: () => stage.slack.messages.filter((message) => JSON.stringify(message).includes(shop.name)),
  }
}

export type ShownIssue = { number: number; title: string; body: string; labels: string[]; state: string }

/** Issues of a repository that are no pull requests, oldest first. */
export async function openedIssues(stage: Stage, { repository }: Workshop): Promise<ShownIssue[]> {
  const { data } = await stage.as('eva').rest.issues.listForRepo({ ...repository, state: 'all', per_page: 100 })
  return data
    .filter((issue) => !issue.pull_request)
    .map(({ number, title, body, labels, state }) => ({
      number,
      title,
      body: body ?? '',
      state,
      labels: labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
    }))
    .toSorted((a, b) => a.number - b.number)
}
