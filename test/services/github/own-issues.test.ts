import { describe, expect, test } from 'vitest'
import type { ReviewIssue } from '../../../src/decision/review-issue.ts'
import { reviewIssueMarker } from '../../../src/decision/review-issue.ts'
import { botIssue, findByMarker } from '../../../src/services/github/bot-issues.ts'
import type { GitHub } from '../../../src/services/github/client.ts'
import { findReviewIssue } from '../../../src/services/github/review-issues.ts'

const place = { owner: 'acme', repo: 'shop', repositoryId: 2 }
const since = new Date('2026-11-25T18:00:00Z')
const marker = reviewIssueMarker(2, '#7')
const review: ReviewIssue = { key: '#7', title: 'Review', body: marker, labels: ['release-exception'] }

/** An issue with the title, the label and the marker of ours, by an account. */
const by = (login: string, type: string, number: number) => ({
  number,
  title: 'Review',
  body: `${marker}\n`,
  html_url: `https://github.example/acme/shop/issues/${number}`,
  user: { login, type },
})
const own = by('gate[bot]', 'Bot', 9)
const decoys = [by('mallory', 'User', 1), by('github-actions[bot]', 'Bot', 2), by('gate', 'User', 3)]

function github(issues: object[]) {
  const asked: string[] = []
  const client = {
    paginate: async () => issues,
    rest: {
      apps: {
        getAuthenticated: async () => {
          asked.push('app')
          return { data: { slug: 'gate' } }
        },
      },
      issues: { listForRepo: 'list', create: async () => ({ data: { ...own, number: 10 } }) },
    },
  }
  return { github: client as unknown as GitHub, asked }
}

const finders: [string, (github: GitHub) => Promise<{ number: number } | undefined>][] = [
  ['the review of a merge', (client) => findReviewIssue(client, place, review, since)],
  ['an incident or a post-mortem', (client) => findByMarker(client, place, marker, since)],
]

describe.each(finders)('the issue of %s', (_, find) => {
  test('is the one that the App wrote itself', async () => {
    expect((await find(github([...decoys, own]).github))?.number).toBe(9)
  })

  test('is not one of a person, nor of another bot, whatever it says', async () => {
    expect(await find(github(decoys).github)).toBeUndefined()
  })

  test('is looked for without asking who the App is, where no bot wrote one', async () => {
    const { github: client, asked } = github([by('mallory', 'User', 1)])
    expect(await find(client)).toBeUndefined()
    expect(asked).toEqual([])
  })
})

test('an issue by its title is the one of the App, and another is opened where only others have that title', async () => {
  expect((await botIssue(github([...decoys, own]).github, place, review)).number).toBe(9)
  expect((await botIssue(github(decoys).github, place, review)).number).toBe(10)
})
