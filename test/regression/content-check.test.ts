import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { readSuite } from '../../src/regression/suite-file.ts'
import { aSuite, runAgainst } from '../support/regression-run.ts'

const png = Buffer.from('89504e470d0a1a0a', 'hex')
const sha = createHash('sha256').update(png).digest('hex')
const content = [
  { type: 'text', text: 'a chart' },
  { type: 'image', data: png.toString('base64'), mimeType: 'image/png' },
  { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
  { type: 'resource_link', uri: 'file:///report.pdf', name: 'report', mimeType: 'application/pdf' },
  { type: 'resource', resource: { uri: 'file:///a.txt', mimeType: 'text/plain', text: 'grüezi' } },
  { type: 'resource', resource: { uri: 'file:///b.bin', blob: 'not base64!' } },
]

async function mismatchesOf(expected: string) {
  const suite = aSuite(`  - { name: it draws, tool: read, expect: { content: ${expected} } }`)
  const { report } = await runAgainst({ call: () => ({ content }) }, suite)
  return report.cases[0]?.mismatches
}

test.each([
  ['an image by type', '[ { type: image } ]'],
  [
    'an image by its type, size and hash',
    `[ { type: image, mime_type: image/PNG, size: 8, sha256: ${sha.toUpperCase()} } ]`,
  ],
  ['audio within bounds', '[ { type: audio, size: { gt: 2, lte: 3 } } ]'],
  ['a link', '[ { type: resource_link, uri: { matches: "\\\\.pdf$" }, name: report } ]'],
  [
    'an embedded resource, in bytes of UTF-8',
    '[ { type: resource, text: { equals: grüezi }, uri: a.txt, size: 7 } ]',
  ],
  [
    'several in their order, with others between',
    '[ { type: text, text: chart }, { type: audio }, { type: resource } ]',
  ],
  ['two of a kind', '[ { type: resource }, { type: resource } ]'],
])('%s is found', async (_name, expected) => {
  expect(await mismatchesOf(expected)).toEqual([])
})

test.each([
  [
    'another type of data',
    '[ { type: image, mime_type: image/jpeg } ]',
    /"mime_type":"image\/png".*wrong: mime_type$/,
  ],
  ['another size', '[ { type: image, size: { gte: 9 } } ]', /"size":8.*wrong: size$/],
  ['another hash', `[ { type: image, sha256: "${'0'.repeat(64)}" } ]`, /wrong: sha256$/],
  ['another text', '[ { type: resource, text: hello } ]', /"text":"grüezi".*wrong: text$/],
  [
    'base64 that is not well-formed',
    '[ { type: resource }, { type: resource, size: { gte: 0 } } ]',
    /b\.bin.*wrong: size$/,
  ],
  ['the wrong order', '[ { type: audio }, { type: image } ]', /^only resource_link, resource, resource$/],
  [
    'three where there are two',
    '[ { type: resource }, { type: resource }, { type: resource } ]',
    /^no more blocks$/,
  ],
])('%s is reported', async (_name, expected, actual) => {
  expect(await mismatchesOf(expected)).toEqual([
    {
      where: expect.stringMatching(/^content\[\d\]$/),
      expected: expect.any(String),
      actual: expect.stringMatching(actual),
    },
  ])
})

test.each([
  ['{ type: video }', /type/],
  ['{ type: image, sha256: abc }', /64 hexadecimal digits/],
  ['{ type: image, mimeType: image/png }', /unknown key `mimeType`; known keys: type, mime_type/],
])('%s is refused', (block, says) => {
  const read = readSuite(
    `version: 1\ncases: [ { name: x, tool: t, expect: { content: [ ${block} ] } } ]`,
    's.yml',
  )
  expect(read.ok ? '' : read.problems.map(({ message }) => message).join()).toMatch(says)
})
