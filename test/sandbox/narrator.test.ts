import { describe, expect, test } from 'vitest'
import { clockHelp, timeOf } from '../../src/sandbox/demo-clock.ts'
import { drawCheck, narrator } from '../../src/sandbox/narrator.ts'

const summary = [
  `- ⏳ **Approvals**: 1 more approval needed. ${'More words. '.repeat(12)}`,
  '',
  '### Approvals',
  `- \`chloe\` approved at 4273878 ${'and so on '.repeat(12)}`,
].join('\n')
const check = {
  id: 1,
  status: 'in_progress',
  conclusion: null,
  title: 'Waiting for 1 more approval',
  summary,
}

describe('a check in the terminal', () => {
  test('fits 80 columns, and keeps every word', () => {
    const text = drawCheck(check)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text.replace(/\s+/g, ' ').match(/More words\./g)).toHaveLength(12)
    expect(text.replace(/\s+/g, ' ').match(/and so on/g)).toHaveLength(12)
  })

  test('shows only what is new the second time', () => {
    let out = ''
    const tell = narrator((text) => {
      out += text
    })
    tell.check(check, 'a#1')
    out = ''
    tell.check({ ...check, title: 'Opens Wednesday', summary: `${summary}\n- something new` }, 'a#1')
    expect(out).toContain('Opens Wednesday')
    expect(out).toContain('something new')
    expect(out).not.toContain('More words')
  })

  test('has no escape codes outside a terminal', () => {
    expect(drawCheck(check)).not.toContain('\u001b')
  })
})

describe('the clock of a demo that keeps running', () => {
  const now = new Date('2026-12-09T18:30:00Z')

  test.each([
    ['+30m', '2026-12-09T19:00:00.000Z'],
    ['+2h', '2026-12-09T20:30:00.000Z'],
    ['+1d', '2026-12-10T18:30:00.000Z'],
    ['2026-12-16T10:00:00-08:00', '2026-12-16T18:00:00.000Z'],
  ])('moves by %s', (line, at) => {
    expect(timeOf(line, now)?.toISOString()).toBe(at)
  })

  test.each(['', 'tomorrow', '+1', '-1h', '2026-12-16', '2026-12-16T10:00', '+1w'])(
    'takes no "%s"',
    (line) => {
      expect(timeOf(line, now)).toBeUndefined()
    },
  )

  test('is explained with the next opening or closing', () => {
    expect(clockHelp(now).join('\n')).toContain('2026-12-09T19:00:00.000Z   it closes')
    const closed = clockHelp(new Date('2026-12-09T20:00:00Z')).join('\n')
    expect(closed).toContain('2026-12-16T18:00:00.000Z   the release window opens')
    expect(Math.max(...clockHelp(now).map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
