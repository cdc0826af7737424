import { describe, expect, it } from 'vitest'
import { mentionBy, nobodyMentioned } from '../../src/decision/mentions.ts'
import type { SlackMessageText } from '../../src/decision/notice-blocks.ts'
import type { MomentKind, ReleaseDayEvent } from '../../src/decision/release-day.ts'
import {
  type DayPull,
  mergesText,
  type ReleaseDay,
  releaseDayText,
} from '../../src/decision/release-day-text.ts'
import { aMerge, anException, aRepository } from '../support/notices.ts'

type Block = { text?: { text: string }; fields?: { text: string }[]; elements?: { text: string }[] }

function shown(message: SlackMessageText | undefined): string[] | undefined {
  return (message?.blocks as Block[] | undefined)?.flatMap(({ text, fields = [], elements = [] }) =>
    [...(text ? [text] : []), ...fields, ...elements].map((each) => each.text),
  )
}

const opensAt = new Date('2026-11-25T18:00:00Z')
const closesAt = new Date('2026-11-25T19:00:00Z')
const momentOf = (kind: MomentKind): ReleaseDayEvent => ({
  kind,
  opensAt,
  closesAt,
  due: opensAt,
  until: closesAt,
})
const pullOf = (number: number, title = `Change ${number}`): DayPull['pull'] => ({
  number,
  title,
  author: 'ana',
  url: `https://github.com/foodyepay/mcp-server/pull/${number}`,
})
const linkOf = (number: number) =>
  `<https://github.com/foodyepay/mcp-server/pull/${number}|foodyepay/mcp-server#${number}> Change ${number}`
const ready = (number: number): DayPull => ({
  repository: aRepository,
  pull: pullOf(number),
  readiness: { ready: true },
})
const blocked = (number: number, what: Partial<DayPull['readiness'] & { ready: false }> = {}): DayPull => ({
  repository: aRepository,
  pull: pullOf(number),
  readiness: { ready: false, why: 'On hold by gus', more: 1, awaited: ['gus', 'foodyepay/leads'], ...what },
})
const aDay = (kind: MomentKind, what: Partial<ReleaseDay> = {}): ReleaseDay => ({
  moment: momentOf(kind),
  at: new Date('2026-11-25T17:00:00Z'),
  zone: 'America/Los_Angeles',
  repositories: [],
  frozen: [],
  pulls: [ready(1), blocked(2)],
  merged: [],
  exceptions: [],
  first: false,
  ...what,
})
const gus = mentionBy(new Map([['gus', 'U0GUS']]))
const asOf = 'As of Wed, Nov 25, 9:00 AM PST (17:00 UTC)'

describe('an hour before', () => {
  it('says when the window is, what is ready, and what is blocked and by whom', () => {
    expect(shown(releaseDayText(aDay('before', { first: true }), gus))).toEqual([
      '🗓️ Release window: Wed, Nov 25, 10:00 AM PST (18:00 UTC) to Wed, Nov 25, 11:00 AM PST',
      `*Ready (1)*\n• ${linkOf(1)}: ready`,
      `*Blocked (1)*\n• ${linkOf(2)}: On hold by gus (+1 more), waiting for <@U0GUS> and foodyepay/leads`,
      asOf,
    ])
  })

  it('says that a freeze is in force, by whom, why, and until when', () => {
    const frozen = [
      { repository: 'foodyepay/mcp-server', by: 'eva (maintain)', reason: 'Ledger', until: undefined },
    ]
    expect(shown(releaseDayText(aDay('before', { frozen }), gus))?.[1]).toBe(
      '*🧊 Frozen*\n• foodyepay/mcp-server: by eva (maintain), until it is lifted: Ledger',
    )
  })

  it('names the repositories where the channel has others', () => {
    const repositories = ['foodyepay/api', 'foodyepay/mcp-server']
    expect(shown(releaseDayText(aDay('before', { repositories }), gus))?.[1]).toBe(
      '*Repositories*\nfoodyepay/api and foodyepay/mcp-server',
    )
  })
})

describe('the other moments', () => {
  it('the opening counts what the look ahead has listed, and mentions nobody', () => {
    expect(shown(releaseDayText(aDay('open'), gus))).toEqual([
      '🟢 The release window opened. Closes Wed, Nov 25, 11:00 AM PST (19:00 UTC).',
      '1 change ready, 1 blocked.',
      asOf,
    ])
  })

  it('the opening lists it where it is the first message, and mentions nobody either', () => {
    const texts = shown(releaseDayText(aDay('open', { first: true }), gus))
    expect(texts?.slice(1, 3)).toEqual([
      `*Ready (1)*\n• ${linkOf(1)}: ready`,
      `*Blocked (1)*\n• ${linkOf(2)}: On hold by gus (+1 more), waiting for gus and foodyepay/leads`,
    ])
  })

  it('ten minutes before closing: what is ready and not merged', () => {
    expect(shown(releaseDayText(aDay('closing'), gus))).toEqual([
      '⏰ The release window closes Wed, Nov 25, 11:00 AM PST (19:00 UTC)',
      `*Ready and not merged (1)*\n• ${linkOf(1)}: ready`,
      asOf,
    ])
  })

  it('the summary: merged, not merged and why, exceptions', () => {
    const day = aDay('closed', {
      pulls: [blocked(2, { why: 'Waiting for 1 more approval', more: 0, awaited: [] }), ready(1)],
      merged: [aMerge({ pull: pullOf(3) })],
      exceptions: [
        { ...anException({ pull: pullOf(4) }), what: 'a push to main' },
        { repository: aRepository, what: 'a push to main' },
      ],
    })
    expect(shown(releaseDayText(day, gus))).toEqual([
      '🏁 The release window closed Wed, Nov 25, 11:00 AM PST (19:00 UTC): 1 merged, 2 not merged and 2 exceptions',
      `*Merged (1)*\n• ${linkOf(3)}`,
      `*Not merged (2)*\n• ${linkOf(1)}: ready\n• ${linkOf(2)}: Waiting for 1 more approval`,
      `*Exceptions (2)*\n• ${linkOf(4)}\n• foodyepay/mcp-server: a push to main`,
      asOf,
    ])
  })
})

describe('nothing is said', () => {
  it.each([
    ['an hour before, where no pull request is open', aDay('before', { pulls: [], first: true })],
    [
      'at the opening, where none is open and nothing was said before',
      aDay('open', { pulls: [], first: true }),
    ],
    ['before closing, where nothing is ready', aDay('closing', { pulls: [blocked(2)] })],
    ['after closing, where nothing was said of that day', aDay('closed', { first: true })],
  ])('%s', (_, day) => {
    expect(releaseDayText(day, gus)).toBeUndefined()
  })
})

describe('merges in the thread of the day', () => {
  it('are one line each, and several at once one message', () => {
    const merge = (number: number) => aMerge({ pull: pullOf(number) })
    expect(shown(mergesText([merge(1)]))).toEqual([`✅ Merged: ${linkOf(1)}, by eva`])
    expect(shown(mergesText([merge(1), merge(2)]))).toEqual([
      '✅ 2 changes merged',
      `• ${linkOf(1)}, by eva\n• ${linkOf(2)}, by eva`,
    ])
  })
})

describe('whatever people wrote', () => {
  const forged = '<!channel> <@U0EVE> <https://evil.example|ok>'
  const evil = { ...pullOf(1, forged), author: forged }
  const pulls: DayPull[] = [
    { ...ready(1), pull: evil },
    { ...blocked(2, { why: forged, awaited: [forged] }), pull: evil },
  ]
  const frozen = [{ repository: forged, by: forged, reason: forged, until: undefined }]
  const merged = [aMerge({ pull: evil, mergedBy: forged })]
  const exceptions = [{ repository: aRepository, what: forged }]
  const days = (['before', 'open', 'closing', 'closed'] as const).map((kind) =>
    aDay(kind, { pulls, frozen, merged, exceptions, repositories: [forged], first: kind === 'open' }),
  )

  it.each(days.map((day) => [day.moment.kind, day] as const))(
    '%s calls nobody and links nothing',
    (_, day) => {
      const message = releaseDayText(day, gus)
      for (const text of [message?.text ?? '', ...(shown(message) ?? [])])
        expect(text).not.toMatch(/<[!@]|<https:\/\/evil/)
      expect(message?.text).toContain('&lt;!channel&gt;')
      expect(shown(mergesText(merged))?.join()).not.toMatch(/<[!@]|<https:\/\/evil/)
    },
  )

  it.each(['before', 'open', 'closing', 'closed'] as const)('%s stays within the limits of Slack', (kind) => {
    const many = Array.from({ length: 400 }, (_, number) => [ready(number), blocked(number)]).flat()
    const long = many.map((pull) => ({ ...pull, pull: { ...pull.pull, title: '&'.repeat(900) } }))
    const merges = Array.from({ length: 400 }, () =>
      aMerge({ pull: { ...pullOf(1), title: '&'.repeat(900) } }),
    )
    const day = aDay(kind, {
      pulls: long,
      merged: merges,
      first: kind === 'open',
      repositories: Array(300).fill('a'.repeat(90)),
    })
    for (const message of [releaseDayText(day, nobodyMentioned), mergesText(merges)]) {
      expect(message?.text.length).toBeLessThan(40_000)
      for (const text of shown(message) ?? []) expect(text.length).toBeLessThanOrEqual(3_000)
    }
  })
})
