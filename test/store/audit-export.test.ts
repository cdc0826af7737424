import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import canonicalize from 'canonicalize'
import { beforeAll, describe, expect, test } from 'vitest'
import { auditCommand } from '../../src/commands/audit.ts'
import type { Anchor } from '../../src/decision/anchor.ts'
import { lineOf } from '../../src/store/audit/export.ts'
import { type AuditRecord, GENESIS, hashOf } from '../../src/store/audit.ts'
import { runCommand } from '../commands/command-run.ts'
import { aFolder } from '../support/databases.ts'

/** Bodies that another program may read or write differently: numbers, line separators, keys, text that looks like a record. */
const bodies: object[] = [
  { n: 1e21, small: 1e-7, whole: 100000000000000000000, minus: -0.5 },
  { title: 'a\u2028b\u2029c\r\n"}', '\u{1f600}': 'é', ﬁ: 1, z: null },
  { text: `","hash":"${'0'.repeat(64)}","installationId":9,"kind":"x"` },
  { deep: [[[{ a: [true, false] }]]] },
]

function chainOf(installationId: number, from = 0, previous = GENESIS): AuditRecord[] {
  const records: AuditRecord[] = []
  let previousHash = previous
  for (const [index, body] of bodies.entries()) {
    const record = {
      installationId,
      kind: 'decided',
      at: new Date('2026-11-25T18:00:00.123Z'),
      seq: from + index + 1,
      previousHash,
    }
    const hash = hashOf({ ...record, text: canonicalize(body) ?? '' })
    records.push({ ...record, body, hash })
    previousHash = hash
  }
  return records
}

const [first, other] = [chainOf(5), chainOf(6)]
const whole = [...first, ...other].map(lineOf)
const anchorOf = (record: AuditRecord | undefined): Anchor => ({
  installationId: record?.installationId ?? 0,
  seq: record?.seq ?? 0,
  hash: record?.hash ?? '',
})
const textOf = (anchors: Anchor[]) =>
  anchors
    .map(({ installationId, seq, hash }) => `- installation ${installationId}, record ${seq}, \`${hash}\``)
    .join('\n')

/** Changes one line; the line is what GitHub's records would be in the file. */
const changed = (index: number, change: (line: string) => string) =>
  whole.map((line, n) => (n === index ? change(line) : line))
/** Another body with a hash computed anew: only the records after it, or an anchor, can tell. */
const rewritten = () => {
  const forged = { ...first.at(-1), body: { forged: true } } as AuditRecord
  const { body, hash: _, ...rest } = forged
  return { ...forged, hash: hashOf({ ...rest, text: canonicalize(body) ?? '' }) }
}

const hashOfText = (previousHash: string, content: string) =>
  createHash('sha256').update(`${previousHash}\n${content}`).digest('hex')

/** A chain whose first record follows another one, and is therefore not the first. */
function beforeTheFirst(): string[] {
  const record = { installationId: 5, kind: 'decided', at: new Date(0), seq: 0, previousHash: 'a'.repeat(64) }
  const hash = hashOf({ ...record, text: '{}' })
  return [lineOf({ ...record, body: {}, hash }), ...chainOf(5, 0, hash).map(lineOf)]
}

/** Programs read different things in it, and its hash covers both. */
function twiceInABody(): string[] {
  const [start, end] = [
    '{"at":"2026-11-25T18:00:00.123Z","body":{"state":"failed","state":"passed"}',
    '"installationId":5,"kind":"decided"',
  ]
  const hash = hashOfText(GENESIS, `${start},${end},"seq":1}`)
  return [`${start},"hash":"${hash}",${end},"previousHash":"${GENESIS}","seq":1}\n`]
}

let folder: string
beforeAll(async () => {
  folder = await aFolder()
})

type Said = { ok: boolean; said: string }
type Verifier = (file: string, anchors: string | undefined) => Promise<Said>

const own: Verifier = async (file, anchors) => {
  const words = ['verify', '--file', file, ...(anchors ? ['--anchors', anchors] : [])]
  return runCommand(auditCommand(), words, { DATA_DIR: '/nowhere', DATABASE_URL: '' }).then(
    ({ out, code }) => ({ ok: code === 0, said: out }),
    (error: Error) => ({ ok: false, said: error.message }),
  )
}

/** Python stands on GitHub's runners and on nearly every auditor's machine: without it these tests fail rather than skip. */
const python: Verifier = (file, anchors) =>
  promisify(execFile)('python3', ['examples/verify-records.py', file, ...(anchors ? [anchors] : [])]).then(
    ({ stdout }) => ({ ok: true, said: stdout }),
    (error: Error & { code?: unknown; stderr?: string }) => {
      if (error.code !== 1)
        throw new Error(`python3 could not run examples/verify-records.py: ${error.message}`)
      return { ok: false, said: error.stderr ?? '' }
    },
  )

describe.each([
  ['release-gate audit verify --file', own],
  ['examples/verify-records.py', python],
])('%s', (_, verifier) => {
  const verify = async (lines: string[], anchors: Anchor[] = []) => {
    const file = join(folder, 'records.ndjson')
    await writeFile(file, lines.join(''))
    const anchorFile = join(folder, 'anchors.txt')
    await writeFile(anchorFile, textOf(anchors))
    return verifier(file, anchors.length > 0 ? anchorFile : undefined)
  }

  test.each<[string, string[], Anchor[]]>([
    ['a whole export of two chains', whole, []],
    ['with the anchors of both', whole, [anchorOf(first[2]), anchorOf(other.at(-1))]],
    [
      'an export without its last line feed',
      whole.map((line, n) => (n === whole.length - 1 ? line.trimEnd() : line)),
      [],
    ],
    ['an export that begins later', whole.slice(1, 4), []],
    [
      'a chain whose first records were removed up to an anchored one, with the anchors of all its time',
      whole.slice(2),
      [anchorOf(first[0]), anchorOf(first[1]), anchorOf(first[3]), anchorOf(other[0])],
    ],
    ['a later part with anchors of another chain only', whole.slice(2), [anchorOf(other[1])]],
  ])('accepts %s', async (_name, lines, anchors) => {
    expect(await verify(lines, anchors)).toMatchObject({
      ok: true,
      said: expect.stringContaining('unbroken'),
    })
  })

  test.each<[string, string[], Anchor[]]>([
    ['a changed body', changed(1, (line) => line.replace('"é"', '"e"')), []],
    ['a changed time', changed(3, (line) => line.replace('18:00:00.123', '18:00:00.124')), []],
    [
      'a changed kind',
      changed(3, (line) => line.replace('"kind":"decided","prev', '"kind":"merged","prev')),
      [],
    ],
    ['a changed place', changed(3, (line) => line.replace('"seq":4', '"seq":5')), []],
    ['a changed hash', changed(2, (line) => line.replace(first[2]?.hash ?? '', 'f'.repeat(64))), []],
    ['a removed record', whole.toSpliced(1, 1), []],
    ['two that changed places', [whole[1], whole[0], ...whole.slice(2)] as string[], []],
    ['a record twice', [whole[0], ...whole] as string[], []],
    [
      'a first record that follows something',
      [lineOf({ ...(first[0] as AuditRecord), previousHash: 'a'.repeat(64) })],
      [],
    ],
    ['a record before the first one', beforeTheFirst(), []],
    ['the same key twice', changed(0, (line) => line.replace('{"at"', '{"at":"x","at"')), []],
    ['the same key twice in a body', twiceInABody(), []],
    ['a number without an end', changed(0, (line) => line.replace('"n":1e+21', '"n":1e400')), []],
    ['half a surrogate pair', changed(0, (line) => line.replace('"kind":"', '"kind":"\\ud83d')), []],
    ['a first record whose hash covers another one before it', chainOf(5, 0, 'a'.repeat(64)).map(lineOf), []],
    ['an added key', changed(0, (line) => line.replace('{"at"', '{"a":1,"at"')), []],
    ['an added key at the end', changed(0, (line) => line.replace('"seq":1}', '"seq":1,"t":1}')), []],
    ['a text that is not a record', ['nothing\n'], []],
    [
      'a last record that was rewritten, by its anchor',
      [...first.slice(0, 3).map(lineOf), lineOf(rewritten())],
      [anchorOf(first[3])],
    ],
    ['a tail that was cut, by its anchor', whole.toSpliced(3, 1), [anchorOf(first[3])]],
    ['a chain that was removed, by its anchor', first.map(lineOf), [anchorOf(other[1])]],
    ['a beginning that was never anchored', whole.slice(2), [anchorOf(first[0]), anchorOf(first[3])]],
    [
      'a beginning that follows another record than the anchored one',
      [lineOf({ ...(first[2] as AuditRecord), previousHash: 'a'.repeat(64) })],
      [anchorOf(first[1])],
    ],
    [
      'a chain written anew from after an anchored record',
      chainOf(5, 2, 'b'.repeat(64)).map(lineOf),
      [anchorOf(first[1])],
    ],
    [
      'a record that was anchored again after it was rewritten',
      [...first.slice(0, 3).map(lineOf), lineOf(rewritten())],
      [anchorOf(first[3]), anchorOf(rewritten())],
    ],
    [
      'a record whose other anchor has the hash of one that was rewritten',
      first.map(lineOf),
      [anchorOf(rewritten()), anchorOf(first[3])],
    ],
    [
      'a beginning after a record that was anchored with two hashes',
      whole.slice(2),
      [{ ...anchorOf(first[1]), hash: 'a'.repeat(64) }, anchorOf(first[1])],
    ],
  ])('refuses %s', async (_name, lines, anchors) => {
    const { ok, said } = await verify(lines, anchors)
    expect(said).not.toContain('unbroken')
    expect(ok).toBe(false)
  })
})

test.each([
  ['release-gate audit verify --file', own],
  ['examples/verify-records.py', python],
])('%s: an empty file is not a proof, and neither is a file without anchors', async (_, verifier) => {
  const [empty, file] = [join(folder, 'empty'), join(folder, 'full')]
  await writeFile(empty, '')
  await writeFile(file, whole.join(''))
  const [none, unanchored] = [await verifier(empty, undefined), await verifier(file, empty)]
  expect(none).toEqual({ ok: false, said: expect.stringContaining(`${empty} contains no records`) })
  expect(unanchored).toEqual({ ok: false, said: expect.stringContaining(`${empty} contains no anchors`) })
})

describe('what was compared with the anchors of a file is told exactly', () => {
  const said = async (lines: string[], anchors: Anchor[]) => {
    const [file, anchorFile] = [join(folder, 'compared'), join(folder, 'compared-with')]
    await writeFile(file, lines.join(''))
    await writeFile(anchorFile, textOf(anchors))
    return (await own(file, anchorFile)).said
  }
  const [one, two, three, last] = first.map(anchorOf) as [Anchor, Anchor, Anchor, Anchor]

  test.each<[string, string[], Anchor[], string]>([
    ['all of them', first.map(lineOf), [two, last], 'They match all 2 anchors of the file.'],
    [
      'not those from before the first record',
      whole.slice(2, 4),
      [one, two, last],
      'They match 2 of 3 anchors of the file; the others are older than the first record.',
    ],
    [
      'nor the records after the last one',
      first.map(lineOf),
      [one, two],
      'They match all 2 anchors of the file. 2 records are newer than the last anchor.',
    ],
    [
      'and of a chain without an anchor, none',
      whole,
      [three],
      'They match the anchor of the file. 5 records are newer than the last anchor.',
    ],
  ])('%s', async (_, lines, anchors, sentence) => {
    expect((await said(lines, anchors)).split('\n')[0]).toContain(`unbroken. ${sentence}`)
    expect((await said(lines, anchors)).split('\n')[0]?.endsWith(sentence)).toBe(true)
  })
})

test('says where the file is broken, and which lines are not records', async () => {
  const file = join(folder, 'broken')
  await writeFile(file, whole.toSpliced(1, 1).join(''))
  expect((await own(file, undefined)).said).toBe(
    'The chain of installation 5 is broken at record 2: Record 2 is missing: 3 follows 1.\n',
  )
  await writeFile(file, `${whole[0]}${whole[1]?.replace('"é"', '1e400')}`)
  expect((await own(file, undefined)).said).toBe('Line 2 is not a record of `release-gate audit export`.')
  await writeFile(file, `${whole[0]}{"at": 1}\n`)
  expect((await own(file, undefined)).said).toBe('Line 2 is not a record of `release-gate audit export`.')
})

test.each([
  ['release-gate audit verify --file', own],
  ['examples/verify-records.py', python],
])(
  '%s: bytes that are not UTF-8 do not pass for the mark that stands in their place',
  async (_, verifier) => {
    const record = { ...(first[0] as AuditRecord), body: { title: 'a\ufffdb' } }
    const line = lineOf({ ...record, hash: hashOf({ ...record, text: '{"title":"a\ufffdb"}' }) })
    const file = join(folder, 'bytes')
    await writeFile(file, line)
    expect(await verifier(file, undefined)).toMatchObject({ ok: true })
    const [before, after] = line.split('\ufffd').map((part) => Buffer.from(part))
    await writeFile(file, Buffer.concat([before as Buffer, Buffer.from([0xff]), after as Buffer]))
    expect(await verifier(file, undefined)).toMatchObject({ ok: false })
  },
)
