import { expect, it } from 'vitest'
import { readEdits } from '../../src/decision/content/hunks.ts'
import { slidingRange } from '../../src/decision/content/reach.ts'

it.each([
  ['a line like no other stays where it is', '@@ -1,3 +1,4 @@\n a\n b\n+x\n c', { from: 2, to: 2 }],
  ['an added line slides over lines equal to it', '@@ -1,4 +1,5 @@\n a\n x\n+x\n x\n c', { from: 1, to: 3 }],
  ['a removed line slides over lines equal to it', '@@ -1,5 +1,4 @@\n a\n x\n-x\n x\n c', { from: 1, to: 4 }],
  ['a block slides line by line', '@@ -1,4 +1,6 @@\n a\n }\n+{\n+}\n {\n c', { from: 1, to: 3 }],
  [
    'a replaced line slides by either of its sides',
    '@@ -1,4 +1,4 @@\n a\n-x\n+y\n y\n c',
    { from: 1, to: 3 },
  ],
  ['no end in sight below', '@@ -1,3 +1,4 @@\n a\n+x\n x\n x', { from: 1, to: Number.POSITIVE_INFINITY }],
  ['no end in sight above', '@@ -7,4 +7,5 @@\n x\n x\n x\n+x\n c', { from: 0, to: 9 }],
  [
    'no further than a line of the same text without line feed',
    '@@ -1,2 +1,3 @@\n a\n+x\n x\n\\ No newline at end of file',
    { from: 1, to: 1 },
  ],
])('%s', (_, patch, reach) => {
  const [edit] = readEdits(patch) ?? []
  expect(edit && slidingRange(edit)).toEqual(reach)
})
