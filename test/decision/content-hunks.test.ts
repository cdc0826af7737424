import { describe, expect, it } from 'vitest'
import { readEdits } from '../../src/decision/content/hunks.ts'

describe('a patch is read', () => {
  it.each([
    [
      'a replaced line',
      '@@ -1,3 +1,3 @@ heading\n a\n-b\n+B\n c',
      [{ at: 1, removed: ['b\n'], added: ['B\n'] }],
    ],
    [
      'two edits in one hunk',
      '@@ -1,3 +1,3 @@\n-a\n+A\n b\n-c\n+C',
      [
        { at: 0, removed: ['a\n'], added: ['A\n'] },
        { at: 2, removed: ['c\n'], added: ['C\n'] },
      ],
    ],
    ['a new file', '@@ -0,0 +1,2 @@\n+a\n+b', [{ at: 0, removed: [], added: ['a\n', 'b\n'] }]],
    ['an emptied file', '@@ -1,2 +0,0 @@\n-a\n-b', [{ at: 0, removed: ['a\n', 'b\n'], added: [] }]],
    [
      'a line without line feed',
      '@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file',
      [{ at: 0, removed: ['a\n'], added: ['a'] }],
    ],
    [
      'both sides without line feed',
      '@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file',
      [{ at: 0, removed: ['a'], added: ['b'] }],
    ],
    [
      'a second hunk shifted by the first',
      '@@ -1 +1,2 @@\n a\n+b\n@@ -9 +10 @@\n-i\n+I',
      [
        { at: 1, removed: [], added: ['b\n'] },
        { at: 8, removed: ['i\n'], added: ['I\n'] },
      ],
    ],
    ['a hunk without context', '@@ -3,0 +4,1 @@\n+x', [{ at: 3, removed: [], added: ['x\n'] }]],
    ['carriage returns, kept', '@@ -1 +1 @@\n-a\r\n+b\r', [{ at: 0, removed: ['a\r\n'], added: ['b\r\n'] }]],
    ['a last line feed, left out', '@@ -1 +1 @@\n-a\n+b\n', [{ at: 0, removed: ['a\n'], added: ['b\n'] }]],
  ])('%s', (_, patch, edits) => {
    expect(readEdits(patch)).toMatchObject(edits)
  })
})

describe('a patch is refused', () => {
  it.each([
    ['nothing', ''],
    ['text before the first hunk', '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b'],
    ['fewer old lines than announced', '@@ -1,2 +1 @@\n-a\n+b'],
    ['more new lines than announced', '@@ -1 +1 @@\n-a\n+b\n+c'],
    ['a line of no kind', '@@ -1,2 +1,2 @@\n-a\n+b\n?c'],
    ['an empty line in the place of context', '@@ -1,2 +1,2 @@\n-a\n+b\n\n'],
    ['a header that is not a header', '@@ -1 +1\n-a\n+b'],
    ['hunks out of order', '@@ -9 +9 @@\n-i\n+I\n@@ -1 +1 @@\n-a\n+A'],
    ['overlapping hunks', '@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -2 +2 @@\n-b\n+B'],
    ['sides that contradict each other', '@@ -1 +1,2 @@\n a\n+b\n@@ -9 +9 @@\n-i\n+I'],
    ['a marker of no line', '@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b'],
    ['a marker twice', '@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n\\ No newline at end of file'],
    ['a combined diff of a merge', '@@@ -1 -1 +1 @@@\n--a\n++b'],
  ])('%s', (_, patch) => {
    expect(readEdits(patch)).toBeNull()
  })
})
