import { describe, expect, test } from 'vitest'
import {
  emptyHeadings,
  needsPostMortem,
  postMortemDueOf,
  postMortemIssue,
} from '../../../src/decision/incidents/post-mortem.ts'
import { comment, decided, event, facts, time } from './building.ts'

const openedAt = '2026-03-06T20:00:00Z'
const resolved = {
  openedAt,
  takenAt: '2026-03-07T03:00:00Z',
  reported: [{ at: openedAt, severity: 'P0' }],
  comments: [comment('ana', '2026-03-06T20:05:00Z', '/ack')],
  events: [event('closed', 'eva', '2026-03-07T02:00:00Z', { reason: 'completed' })],
  state: 'closed' as const,
}

describe('a post-mortem', () => {
  test('is needed by a P0 once it is resolved', () => {
    expect(needsPostMortem(decided(resolved))).toBe(true)
    expect(needsPostMortem(decided({ ...resolved, reported: [{ at: openedAt, severity: 'P1' }] }))).toBe(
      false,
    )
    expect(needsPostMortem(decided({ ...resolved, state: 'open', events: [] }))).toBe(false)
  })

  test('of a P0 that was resolved on Fri, Mar 6, 6:00 PM PST is due on Mon, Mar 9, 7:00 PM PDT', () => {
    expect(time(postMortemDueOf(decided(resolved), facts(resolved), 'resolved'))).toBe(
      '2026-03-10T02:00:00.000Z',
    )
  })

  test('is due 72 hours after the incident was declared, where the policy says so', () => {
    expect(time(postMortemDueOf(decided(resolved), facts(resolved), 'declared'))).toBe(
      '2026-03-09T20:00:00.000Z',
    )
  })

  const subject = {
    repository: { repositoryId: 2, owner: 'acme', repo: 'incidents' },
    number: 7,
    facts: facts(resolved),
    incident: decided(resolved),
  }
  const issue = postMortemIssue(
    subject,
    [{ kind: 'acknowledged', at: '2026-03-06T20:05:00.000Z', text: 'Acknowledged by ana' }],
    { due: Date.parse('2026-03-10T02:00:00Z'), zone: 'America/Los_Angeles', from: 'resolved' },
  )

  test('is assigned to whoever acknowledged, with the timeline of the records', () => {
    expect(issue).toMatchObject({ assignees: ['ana'], labels: ['post-mortem'] })
    expect(issue.body).toContain('- Fri, Mar 6, 12:05 PM PST (20:05 UTC): `Acknowledged by ana`')
    expect(issue.body).toContain('due Mon, Mar 9, 7:00 PM PDT')
  })

  test('says the rule by which its due time moves, which stays true after a reopening, and none where it does not', () => {
    const rule = 'If the incident is reopened, this is due 72 hours after it is resolved again.'
    const due = { due: Date.parse('2026-03-10T02:00:00Z'), zone: 'UTC' }
    expect(issue.body).toContain(rule)
    expect(postMortemIssue(subject, [], { ...due, from: 'declared' }).body).not.toContain('reopened')
  })

  test('has everything but the timeline to be filled in', () => {
    expect(emptyHeadings(issue.body)).toEqual([
      'Impact',
      'Causes',
      'Actions',
      'Which regression case would have caught it',
    ])
    const filled = issue.body.replace(/^(## (?!Timeline).*)\n/gm, '$1\n\nText\n')
    expect(emptyHeadings(filled)).toEqual([])
  })

  const filledWith = (text: string) => issue.body.replace(/^(## (?!Timeline).*)\n/gm, `$1\n\n${text}\n`)

  test.each([
    ['a dash', '-'],
    ['an empty list', '- [ ] \n- [x]\n* \n1.\n'],
    ['an empty quote', '>\n> -'],
    ['an empty fence', '```text\n```'],
    ['an empty fence of tildes', '~~~~\n\n~~~~'],
    ['a heading without a text', '### Who'],
    ['a rule', '---'],
    ['a table without words', '| | |\n|---|---|'],
    ['an empty element', '<details><summary></summary>\n\n</details>'],
  ])('is not done where there is only %s below its headings', (_, text) => {
    expect(emptyHeadings(filledWith(text))).toHaveLength(4)
  })

  test.each([
    ['a word', 'None.'],
    ['a list', '- [ ] ana: lock the table'],
    ['a number', '3'],
    ['a word in another script', '该表'],
    ['code', '```sql\nselect 1\n```'],
    ['a sub-heading with a text', '### Who\n\nana'],
    ['an image', '![](https://example.com/a.png)'],
    ['an image of HTML', '<img src="https://example.com/a.png">'],
  ])('is done with %s below each heading', (_, text) => {
    expect(emptyHeadings(filledWith(text))).toEqual([])
  })

  test.each(['## Impact:', '##  impact', '## **Impact**', '## Impact ##'])(
    'has the heading Impact as %j',
    (heading) => {
      expect(emptyHeadings(filledWith('Text').replace('## Impact', heading))).toEqual([])
    },
  )

  test.each(['## Impacts', '# Impact', 'Impact'])('has no heading Impact as %j', (heading) => {
    expect(emptyHeadings(filledWith('Text').replace('## Impact', heading))).toEqual(['Impact'])
  })

  test.each([
    ['an empty text', '', 5],
    [
      'a heading that was deleted',
      issue.body.replace('## Causes', '## Other').replace(/^(## (?!Timeline).*)\n/gm, '$1\n\nText\n'),
      1,
    ],
    ['text in a hint alone', issue.body.replaceAll('<!--', '<!-- filled'), 4],
  ])('is not done with %s', (_, body, count) => {
    expect(emptyHeadings(body)).toHaveLength(count)
  })
})
