import { describe, expect, it } from 'vitest'
import { mailOf } from '../../src/decision/mail.ts'
import { noticeSchema } from '../../src/decision/notice.ts'
import type { Announced } from '../../src/decision/notice-parts.ts'
import { noticeText } from '../../src/decision/notice-text.ts'
import {
  aFreeze,
  aMerge,
  anException,
  anExemption,
  anUrgent,
  aRepository,
  everyKind,
} from '../support/notices.ts'

type Block = { text?: { text: string }; fields?: { text: string }[]; elements?: { text: string }[] }

/** Every text object of the blocks, in the order in which a reader meets them. */
function shown(notice: Announced): string[] {
  return (noticeText(notice).blocks as Block[]).flatMap(({ text, fields = [], elements = [] }) =>
    [...(text ? [text] : []), ...fields, ...elements].map((each) => each.text),
  )
}

describe('the notice of a merge', () => {
  it('says title, author, who approved, who merged and the window, and links pull request, check and record', () => {
    expect(shown(aMerge())).toEqual([
      '✅ Merged: <https://github.com/foodyepay/mcp-server/pull/12|foodyepay/mcp-server#12> Cap rewards at 100 points',
      '*Author*\nana',
      '*Approved by*\nchloe and dev',
      '*Merged by*\neva',
      '*Window*\nOpen until Wed, Nov 25, 11:00 AM PST (19:00 UTC)',
      '<https://github.com/foodyepay/mcp-server/runs/99|Check>',
      '<https://gate.example/records/42|Change record 42>',
    ])
  })

  it('says why it was urgent, by whom and since when', () => {
    const timing = {
      kind: 'urgent' as const,
      by: 'eva',
      at: '2026-11-27T23:40:00Z',
      zone: 'America/Los_Angeles',
      reason: 'diners are paid twice',
    }
    expect(shown(aMerge({ timing }))).toContain(
      '*Urgent*\nBy eva, Fri, Nov 27, 3:40 PM PST (23:40 UTC)\ndiners are paid twice',
    )
    const { reason: _, ...silent } = timing
    expect(shown(aMerge({ timing: silent })).join()).toContain('No reason was given.')
  })

  it.each([
    ['nobody approved', aMerge({ approvedBy: [] }), '*Approved by*\nnobody'],
    ['the policy has no window', aMerge({ timing: { kind: 'any time' } }), '*Window*\nNone in the policy'],
    [
      'the author is gone',
      aMerge({ pull: { number: 1, title: 'x', url: 'https://a.example/1' } }),
      '*Author*\nA deleted account',
    ],
    ['the record has no page', aMerge({ record: { seq: 7 } }), 'Change record 7'],
  ])('says so where %s', (_, notice, text) => {
    expect(shown(notice)).toContain(text)
  })

  it('has no line of links where there is neither check nor record', () => {
    const { check: _, record: __, ...bare } = aMerge()
    expect(noticeText(bare).blocks).not.toContainEqual(expect.objectContaining({ type: 'context' }))
  })
})

describe('the notice of an exception', () => {
  it('says what was bypassed and by whom', () => {
    const texts = shown(anException({ issue: { number: 30, url: 'https://a.example/30' } }))
    expect(texts).toEqual([
      '🚨 Release gate bypassed by a merge: foodyepay/mcp-server',
      '*Merged by*\nolga',
      '*Branch*\nmain',
      '*Commit*\n<https://github.com/foodyepay/mcp-server/commit/abcdef0|abcdef0>',
      'What was bypassed:\n• Approvals: Waiting for 2 approvals\n• Release window: Opens Wed, Dec 2, 10:00 AM PST',
      '<https://a.example/30|Review in #30>',
    ])
  })

  it('names the pull request where there is one, and a push as a push', () => {
    const { pull } = aMerge()
    expect(shown(anException({ pull }))[0]).toMatch(
      /^🚨 Release gate bypassed by a merge: <.*#12> Cap rewards/,
    )
    expect(shown(anException({ how: 'pushed' })).slice(0, 2)).toEqual([
      '🚨 Release gate bypassed by a push: foodyepay/mcp-server',
      '*Pushed by*\nolga',
    ])
  })
})

describe('the notice of an urgent label', () => {
  it('says who set it, when it expires and why', () => {
    expect(shown(anUrgent())).toEqual([
      '🔥 Marked as urgent: <https://github.com/foodyepay/mcp-server/pull/12|foodyepay/mcp-server#12> Cap rewards at 100 points',
      '*By*\neva, Fri, Nov 27, 3:40 PM PST (23:40 UTC)',
      '*Author*\nana',
      '*Expires*\nSat, Nov 28, 3:40 PM PST (23:40 UTC)',
      'diners are paid twice',
    ])
    const { reason: _, ...silent } = anUrgent()
    expect(shown(silent)).toContain('No reason was given.')
  })
})

describe('the notice of a freeze', () => {
  it.each([
    [
      'one repository, until it is lifted',
      {},
      ['🧊 Frozen: foodyepay/mcp-server', '*How long*\nUntil it is lifted'],
    ],
    [
      'an organization, until a time',
      { scope: 'foodyepay/*', until: '2026-11-26T18:00:00Z' },
      ['🧊 Frozen: every repository of foodyepay', '*How long*\nUntil Thu, Nov 26, 6:00 PM UTC'],
    ],
    [
      'until a time in the zone of the channel',
      { until: '2026-11-26T18:00:00Z', zone: 'America/Los_Angeles' },
      ['*How long*\nUntil Thu, Nov 26, 10:00 AM PST (18:00 UTC)'],
    ],
    ['everything', { scope: '*' }, ['🧊 Frozen: every repository', 'The ledger is off']],
  ])('says how far it reaches and how long: %s', (_, changes, texts) => {
    expect(shown(aFreeze(changes))).toEqual(expect.arrayContaining([...texts, '*By*\neva (maintain)']))
  })

  it('that was lifted says so, and what is still frozen', () => {
    const lifted = aFreeze({ action: 'unfreeze', still: ['*: Audit'] })
    expect(shown(lifted)).toEqual([
      '🟢 Freeze lifted: foodyepay/mcp-server',
      '*By*\neva (maintain)',
      'Still frozen:\n• *: Audit',
    ])
    expect(shown({ ...lifted, still: [] })).toHaveLength(2)
  })
})

describe('the notice of an exemption from freezes', () => {
  const title =
    '<https://github.com/foodyepay/mcp-server/pull/12|foodyepay/mcp-server#12> Cap rewards at 100 points'
  const ends = 'Sat, Nov 28, 3:40 PM PST (23:40 UTC)'

  it('that was requested says by whom, until when and why, and how a second person confirms it', () => {
    expect(shown(anExemption())).toEqual([
      `🙋 Exemption from freezes requested: ${title}`,
      '*Requested by*\neva (maintain)',
      '*Author*\nana',
      `*Until*\n${ends}`,
      'Pays the tax office\nA second person must confirm it: `release-gate exempt foodyepay/mcp-server#12 --confirm 17`',
    ])
  })

  it.each([
    ['confirmed', '🔓 Exempt from freezes', 'Confirmed by', 'Until'],
    ['revoked', '🔒 Exemption from freezes revoked', 'Revoked by', 'Would have ended'],
  ] as const)('that was %s names both people and asks for nothing', (action, headline, who, when) => {
    const notice = anExemption({ action, by: 'olga (admin)', requestedBy: 'eva' })
    expect(shown(notice)).toEqual([
      `${headline}: ${title}`,
      '*Requested by*\neva',
      `*${who}*\nolga (admin)`,
      '*Author*\nana',
      `*${when}*\n${ends}`,
      'Pays the tax office',
    ])
  })
})

describe('the other notices', () => {
  it('drift: how the gate is not enforced, and what was fixed', () => {
    const drift = { kind: 'drift' as const, key: 'd', repository: aRepository, problems: ['No ruleset.'] }
    expect(shown(drift)).toEqual([
      '⚠️ The release gate is not fully enforced on foodyepay/mcp-server',
      '• No ruleset.',
    ])
    expect(shown({ ...drift, fixed: ['Labels'] })[1]).toBe('• No ruleset.\nFixed since:\n• Labels')
    expect(noticeSchema.parse({ ...drift, mended: ['Labels'] })).toEqual({ ...drift, fixed: ['Labels'] })
    expect(shown({ ...drift, problems: [], fixed: ['Labels'] })).toEqual([
      '✅ Fixed on foodyepay/mcp-server',
      'Fixed since:\n• Labels',
    ])
  })

  it('records: which record is the first bad one, and what to do', () => {
    const notice: Announced = {
      kind: 'records',
      key: 'r',
      installationId: 3,
      seq: 7,
      why: 'its hash does not match',
    }
    expect(shown(notice)).toEqual([
      '🚨 The audit chain is broken at record 7',
      '*Installation*\n3',
      expect.stringMatching(/^its hash does not match\n.*audit verify/),
    ])
  })

  it('records: which anchors are missing on GitHub, and what to do', () => {
    const notice: Announced = {
      kind: 'records',
      key: 'a',
      installationId: 3,
      seq: 7,
      why: 'The issue acme/shop#9 is gone.',
      of: 'anchors',
    }
    expect(shown(notice)).toEqual([
      '🚨 Anchors of the audit chain are missing on GitHub, from record 7 on',
      '*Installation*\n3',
      expect.stringMatching(/^The issue acme\/shop#9 is gone\.\n.*audit verify --anchors FILE/),
    ])
    expect(mailOf(notice, { withSlack: true })).toEqual({
      subject: '[release-gate] Anchors of the audit chain are missing on GitHub, from record 7 on',
      text: 'Installation 3: The issue acme/shop#9 is gone.\nRun `release-gate audit verify --anchors FILE` with a copy that was saved.\n',
    })
  })

  it.each([
    ['something else', '', 'The locked settings changed', 'nothing'],
    ['the same', 'approvals, branches', 'The locking policy changed', 'approvals, branches'],
    ['what is unknown', null, 'The locked settings changed', 'Unknown: the policy is invalid'],
  ])("an organization's policy: what it locked before and locks now, here %s", (_, after, title, now) => {
    const notice = { ...everyKind[5], after } as Announced
    expect(shown(notice)).toEqual([
      `🔒 ${title}: foodyepay`,
      '*Locked before*\napprovals, branches',
      `*Locked now*\n${now}`,
      'Record 8 has the details.',
    ])
  })

  it('a dead letter: which job was given up, about what, and why', () => {
    expect(shown(everyKind[4] as Announced)).toEqual([
      '⚠️ A job was given up: foodyepay/mcp-server #12',
      '*Queue*\nevaluate',
      expect.stringMatching(/^GitHub keeps the check at completed\n/),
    ])
  })
})

const forged = '<!channel> <https://evil.example|ok> & \u202E\n*bold*'

/** The same notice with every text that is not an address, a time or a key replaced by a forged one. */
function forgedIn(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    const ours = [
      'kind',
      'key',
      'how',
      'url',
      'at',
      'until',
      'action',
      'closesAt',
      'mergedAt',
      'zone',
      'sha',
    ].includes(key)
    return ours ? value : forged
  }
  if (Array.isArray(value)) return value.map((each) => forgedIn(each, key))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, forgedIn(each, name)]))
}

describe('every kind of notice', () => {
  const urgent = aMerge({
    timing: { kind: 'urgent', by: 'x', at: '2026-11-27T23:40:00Z', zone: 'UTC', reason: 'x' },
  })
  const kinds = [...everyKind, urgent, anException({ pull: aMerge().pull })].map(
    (each) => [each.kind, each] as const,
  )

  it.each(kinds)('%s: fits its schema, before and after it was stored as JSON', (_, notice) => {
    expect(noticeSchema.parse(JSON.parse(JSON.stringify(notice)))).toEqual(notice)
  })

  it.each(kinds)('%s: what people wrote calls nobody, links nothing and adds no line', (_, notice) => {
    const message = noticeText(forgedIn(notice) as Announced)
    const texts = [message.text, ...shown(forgedIn(notice) as Announced)]
    for (const text of texts) {
      expect(text).not.toContain('<!')
      expect(text).not.toContain('<https://evil')
      expect(text).not.toContain('\u202E')
      expect(text).not.toMatch(/\n\*bold/)
    }
    expect(message.text).toContain('&lt;!channel&gt; &lt;https://evil.example|ok&gt; &amp;')
  })

  it.each(kinds)('%s: Slack makes nothing of its own out of a text object', (_, notice) => {
    const objects = (noticeText(notice).blocks as Block[]).flatMap(({ text, fields = [], elements = [] }) => [
      ...(text ? [text] : []),
      ...fields,
      ...elements,
    ])
    for (const object of objects) expect(object).toMatchObject({ type: 'mrkdwn', verbatim: true })
  })

  it.each(kinds)('%s: stays within the limits of Slack, however long its texts are', (_, notice) => {
    const long = JSON.parse(
      JSON.stringify(forgedIn(notice)).replaceAll(JSON.stringify(forged), JSON.stringify('&'.repeat(60_000))),
    )
    const many = (name: string) => (name in long ? { [name]: Array(300).fill('&'.repeat(60_000)) } : {})
    const message = noticeText({ ...long, ...many('bypassed'), ...many('problems'), ...many('approvedBy') })
    expect(message.text.length).toBeLessThan(40_000)
    for (const block of message.blocks as Block[]) {
      expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(3_000)
      expect(block.fields?.length ?? 0).toBeLessThanOrEqual(10)
      for (const field of block.fields ?? []) expect(field.text.length).toBeLessThanOrEqual(2_000)
    }
  })

  it.each([
    ['an unknown kind', { kind: 'other', key: 'k' }],
    ['no key', { ...aMerge(), key: '' }],
    ['an address that is not a web page', aMerge({ check: { url: 'javascript:alert(1)' } })],
    ['an exception that bypassed nothing', anException({ bypassed: [] })],
  ])('is refused with %s', (_, notice) => {
    expect(noticeSchema.safeParse(notice).success).toBe(false)
  })
})
