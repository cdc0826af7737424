import { describe, expect, it } from 'vitest'
import {
  answerText,
  type Card,
  cardText,
  readyListText,
  stateOfCard,
} from '../../src/decision/change-card.ts'
import { mentionBy, nobodyMentioned } from '../../src/decision/mentions.ts'
import type { SlackMessageText } from '../../src/decision/notice-blocks.ts'
import { aMerge, anException, aRepository } from '../support/notices.ts'

type Block = { text?: { text: string }; fields?: { text: string }[]; elements?: { text: string }[] }

function shown(message: SlackMessageText | undefined): string[] {
  return ((message?.blocks ?? []) as Block[]).flatMap(({ text, fields = [], elements = [] }) =>
    [...(text ? [text] : []), ...fields, ...elements].map((each) => each.text),
  )
}

const { pull } = aMerge()
const link =
  '<https://github.com/foodyepay/mcp-server/pull/12|foodyepay/mcp-server#12> Cap rewards at 100 points'
const change = { repository: aRepository, pull }
const page = 'https://gate.example/changes/foodyepay/mcp-server/12'
const ready: Card & { kind: 'ready' } = {
  kind: 'ready',
  ...change,
  window: 'Wednesdays 10:00–11:00 Pacific',
  page,
}
const notReady: Card = {
  kind: 'not ready',
  ...change,
  why: 'Waiting for 1 more approval',
  more: 1,
  at: '2026-11-25T16:00:00Z',
  zone: 'America/Los_Angeles',
}
const merged: Card = { kind: 'merged', notice: aMerge(), after: [] }
const bypassed: Card = { kind: 'bypassed', notice: { ...anException(), pull }, after: [] }
const closed: Card = { kind: 'closed', ...change }
const ana = mentionBy(new Map([['ana', 'U0ANA']]))

describe('the message of a change', () => {
  it('that is ready names its author and the rule of its window, and no time that passes', () => {
    expect(shown(cardText(ready, ana))).toEqual([
      `🟢 Ready: ${link}`,
      '*Author*\n<@U0ANA>',
      '*Release window*\nWednesdays 10:00–11:00 Pacific',
      `<${page}|Details>`,
    ])
  })

  it('without a window has no line about one', () => {
    expect(shown(cardText({ ...ready, window: undefined }, nobodyMentioned))).toEqual([
      `🟢 Ready: ${link}`,
      '*Author*\nana',
      `<${page}|Details>`,
    ])
  })

  it('that is no longer ready says why, and when that was so', () => {
    expect(shown(cardText(notReady, ana))).toEqual([
      `⏳ No longer ready: ${link}`,
      'At Wed, Nov 25, 8:00 AM PST (16:00 UTC): Waiting for 1 more approval (+1 more)',
    ])
  })

  it('that was merged says all that the notice of a merge says, and what happened after it', () => {
    const after = ['Watch after the release: passed']
    expect(shown(cardText({ ...merged, after }, ana)).slice(0, 4)).toEqual([
      `✅ Merged: ${link}`,
      '*Author*\nana',
      '*Approved by*\nchloe and dev',
      '*Merged by*\neva',
    ])
    expect(shown(cardText({ ...merged, after }, ana)).at(-1)).toBe('• Watch after the release: passed')
  })

  it.each([
    ['that bypassed the gate says so', bypassed, `🚨 Bypassed the release gate: ${link}`],
    ['that was closed says so', closed, `✖️ Closed without a merge: ${link}`],
  ])('%s', (_, card, headline) => {
    expect(shown(cardText(card, ana))[0]).toBe(headline)
  })

  it('is updated when its state changes, and not when only a title or a time does', () => {
    const renamed: Card = { ...ready, pull: { ...pull, title: 'Another' } }
    const later: Card = { ...notReady, at: '2026-11-25T17:00:00Z', why: 'On hold by gus' }
    expect(stateOfCard(renamed)).toBe(stateOfCard(ready))
    expect(stateOfCard(later)).toBe(stateOfCard(notReady))
    const states = [ready, notReady, merged, bypassed, closed, { ...merged, after: ['x'] }].map(stateOfCard)
    expect(new Set(states).size).toBe(6)
  })
})

describe('the answer in the thread', () => {
  it.each([
    ['ready again mentions the author, whom an update does not notify', ready, '<@U0ANA>: ready again.'],
    ['no longer ready says why', notReady, 'No longer ready: Waiting for 1 more approval (+1 more)'],
    ['merged says by whom', merged, 'Merged by eva. Approved by chloe and dev.'],
    ['closed says so', closed, 'Closed without a merge.'],
  ])('%s', (_, card, text) => {
    expect(shown(answerText(card, ana))).toEqual([text])
  })

  it('mentions nobody whom the policy does not name', () => {
    expect(shown(answerText(ready, nobodyMentioned))).toEqual(['ana: ready again.'])
  })

  it('is left out where another message says it', () => {
    expect(answerText(bypassed, ana)).toBeUndefined()
    expect(answerText({ ...merged, after: ['Watch after the release: passed'] }, ana)).toBeUndefined()
  })
})

describe('many changes at once', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...ready, pull: { ...pull, number: index + 1 } }))
  const place = { at: new Date('2026-11-25T18:00:00Z'), zone: 'America/Los_Angeles' }

  it('are one list, true as of a time', () => {
    const [headline, body = ''] = shown(readyListText(many(7), place, ana))
    expect(headline).toBe('🟢 7 changes became ready, as of Wed, Nov 25, 10:00 AM PST (18:00 UTC)')
    expect(body.split('\n')).toHaveLength(7)
    expect(body).toContain('|foodyepay/mcp-server#1> Cap rewards at 100 points (<@U0ANA>)')
  })

  it('are counted where they are more than a message holds, however long their titles are', () => {
    const long = many(200).map((card) => ({ ...card, pull: { ...card.pull, title: '&'.repeat(500) } }))
    const [, body = ''] = shown(readyListText(long, place, ana))
    expect(body).toMatch(/\n• and \d+ more$/)
    expect(body.length).toBeLessThanOrEqual(3_000)
  })
})

describe('what people wrote', () => {
  const forged = '<!channel> <@U0EVE> <https://evil.example|ok> &'
  const evil = { ...pull, title: forged, author: forged }
  const cards: Card[] = [
    { ...ready, pull: evil, window: forged },
    { ...notReady, pull: evil, why: forged },
    { ...closed, pull: evil },
    {
      kind: 'merged',
      notice: aMerge({ pull: evil, approvedBy: [forged], mergedBy: forged }),
      after: [forged],
    },
    { kind: 'bypassed', notice: { ...anException({ by: forged }), pull: evil }, after: [forged] },
  ]

  it.each(cards.map((card) => [card.kind, card] as const))(
    'in a change that is %s calls nobody and links nothing',
    (_, card) => {
      const messages = [cardText(card, ana), answerText(card, ana)]
      for (const text of messages.flatMap((message) => [message?.text ?? '', ...shown(message)])) {
        expect(text).not.toMatch(/<[!@]|<https:\/\/evil/)
      }
      expect(cardText(card, ana).text).toContain('&lt;!channel&gt;')
    },
  )

  it('in a list neither', () => {
    const message = readyListText([{ ...ready, pull: evil }], { at: new Date(0), zone: 'UTC' }, ana)
    for (const text of [message.text, ...shown(message)]) expect(text).not.toMatch(/<[!@]|<https:\/\/evil/)
  })

  it('does not become a mention where a mapping is no member ID', () => {
    const mention = mentionBy(
      new Map([
        ['ana', '!channel'],
        ['ben', 'U1> <!here'],
      ]),
    )
    expect([mention('ana'), mention('ben')]).toEqual(['ana', 'ben'])
  })

  it('is named by its login in any case', () => {
    expect(ana('ANA')).toBe('<@U0ANA>')
  })
})
