import { expect, test } from 'vitest'
import { anchorIssue, anchorLine, readAnchors } from '../../src/decision/anchor.ts'

const at = new Date('2026-11-25T18:00:00Z')
const anchor = { installationId: 42, seq: 1234, hash: 'a1'.repeat(32) }

test('what is written down is read again, among other lines, and as GitHub shows it', () => {
  const { body } = anchorIssue(at)
  const other = { ...anchor, seq: 1300, hash: 'b2'.repeat(32) }
  const text = `${body}\n${anchorLine(anchor, at)}\n\nSomebody wrote a line.\n${anchorLine(other, at)}`
  expect(readAnchors(text)).toEqual([anchor, other])
  expect(readAnchors(text.replaceAll('`', ''))).toEqual([anchor, other])
})

test.each([
  ['nothing', ''],
  ['a hash that is too short', `installation 1, record 2, \`${'a'.repeat(63)}\``],
  ['a hash that is too long', `installation 1, record 2, \`${'a'.repeat(65)}\``],
  ['a record before the first one', `installation 1, record 0, \`${'a'.repeat(64)}\``],
  ['the text of the issue alone', anchorIssue(at).body],
])('%s is not an anchor', (_, text) => {
  expect(readAnchors(text)).toEqual([])
})

test('each year has an issue of its own, by the year of UTC', () => {
  expect(anchorIssue(new Date('2026-12-31T23:59:59Z')).title).toContain('2026')
  expect(anchorIssue(new Date('2027-01-01T00:00:00Z')).title).toContain('2027')
})

test('a year of anchors fits into one issue', () => {
  const { body } = anchorIssue(at)
  const line = anchorLine({ installationId: 123_456_789, seq: 1_000_000, hash: 'f'.repeat(64) }, at)
  expect(body.length + 366 * (line.length + 1)).toBeLessThan(65_536)
})
