import { describe, expect, test } from 'vitest'
import { mask, readSnapshots, snapshotFile, updated, writeSnapshots } from '../../src/regression/snapshots.ts'
import { parseJson } from '../../src/services/mcp.ts'
import { type Script, textResult } from '../support/mcp-server.ts'
import { aSuite, runAgainst } from '../support/regression-run.ts'

const asking = (more = 'true') => aSuite(`  - { name: it reads, tool: read, expect: { snapshot: ${more} } }`)
const known = (value: unknown) => ({ known: new Map([['it reads', value]]), update: false, taken: new Map() })
const answering = (text: string): Script => ({ call: () => textResult(text) })

async function mismatchesOf(before: string, now: string, more = 'true') {
  const { report } = await runAgainst(answering(now), asking(more), { snapshots: known(parseJson(before)) })
  return report.cases[0]?.mismatches
}

describe('an answer is compared with its snapshot', () => {
  test.each([
    ['the same', '{"a":1,"b":[1,2]}', '{"b":[1,2],"a":1.0}', 'true'],
    ['a text', '"hello"', 'hello', 'true'],
    [
      'what differs is masked',
      '{"id":"[masked]","rows":[{"at":"[masked]"}]}',
      '{"id":7,"rows":[{"at":"now"}]}',
      '{ mask: [$.id, "$.rows[*].at"] }',
    ],
    ['a mask that finds nothing', '{"a":1}', '{"a":1}', '{ mask: [$.gone] }'],
  ])('equal: %s', async (_name, before, now, more) => {
    expect(await mismatchesOf(before, now, more)).toEqual([])
  })

  test.each([
    [
      'a value',
      '{"a":{"b":1}}',
      '{"a":{"b":2}}',
      [{ where: 'snapshot $["a"]["b"]', expected: '1', actual: '2' }],
    ],
    [
      'an id in its last digit',
      '{"id":9007199254740993}',
      '{"id":9007199254740992}',
      [{ where: 'snapshot $["id"]', expected: '9007199254740993', actual: '9007199254740992' }],
    ],
    [
      'a member that is gone',
      '{"a":1}',
      '{}',
      [{ where: 'snapshot $["a"]', expected: '1', actual: 'nothing' }],
    ],
    ['an item that is new', '[1]', '[1,2]', [{ where: 'snapshot $[1]', expected: 'nothing', actual: '2' }]],
    [
      'another type',
      '{"a":[1]}',
      '{"a":{"0":1}}',
      [{ where: 'snapshot $["a"]', expected: '[1]', actual: '{"0":1}' }],
    ],
  ])('different: %s', async (_name, before, now, found) => {
    expect(await mismatchesOf(before, now)).toEqual(found)
  })

  test('at most five differences are reported', async () => {
    expect(await mismatchesOf('[1,2,3,4,5,6,7]', '[0,0,0,0,0,0,0]')).toHaveLength(5)
  })

  test('none is stored: the case fails and says what to do', async () => {
    const { report } = await runAgainst(answering('x'), asking())
    expect(report.cases[0]).toMatchObject({
      verdict: 'failed',
      mismatches: [{ where: 'snapshot', actual: 'none; run with --update-snapshots and commit the file' }],
    })
  })

  test('of a tool error, too; another status is reported as such', async () => {
    const call = () => textResult('no such diner', { isError: true })
    const suite = aSuite('  - { name: it reads, tool: read, expect: { status: tool_error, snapshot: true } }')
    const same = await runAgainst({ call }, suite, { snapshots: known('no such diner') })
    expect(same.report.cases[0]?.verdict).toBe('passed')
    const other = await runAgainst({ call }, asking(), { snapshots: known('no such diner') })
    expect(other.report.cases[0]?.mismatches).toMatchObject([{ where: 'status' }])
  })

  test('secrets are neither stored nor told', async () => {
    const taken = { known: new Map(), update: true, taken: new Map() }
    const token = `ghp_${'a'.repeat(30)}`
    await runAgainst(answering(`{"token":"${token}"}`), asking(), { snapshots: taken })
    expect(JSON.stringify([...taken.taken])).not.toContain(token)
  })

  test('images are stored as what they are, without their data', async () => {
    const taken = { known: new Map(), update: true, taken: new Map() }
    await runAgainst(
      { call: () => ({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }) },
      asking(),
      { snapshots: taken },
    )
    expect(taken.taken.get('it reads')).toEqual([
      { type: 'image', mime_type: 'image/png', size: 3, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
  })
})

describe('when snapshots are updated', () => {
  test('the answer is taken, and nothing is compared', async () => {
    const snapshots = { known: new Map([['it reads', 'old']]), update: true, taken: new Map() }
    const { report } = await runAgainst(answering('new'), asking(), { snapshots })
    expect([report.cases[0]?.verdict, [...snapshots.taken]]).toEqual(['passed', [['it reads', 'new']]])
  })

  test('an answer that changes from call to call is reported with its path, to be masked', async () => {
    let count = 0
    const call = () => {
      count += 1
      return textResult(JSON.stringify({ fixed: 1, at: count }))
    }
    const suite = aSuite(
      '  - { name: it reads, tool: read, expect: { snapshot: true } }',
      'gates: { samples: { per_tool: 3, total: 3 } }',
    )
    const { report } = await runAgainst({ call }, suite, {
      snapshots: { known: new Map(), update: true, taken: new Map() },
    })
    expect(report.cases[0]?.mismatches).toEqual([
      { where: 'snapshot $["at"]', expected: '2 in each call; mask what differs', actual: '3' },
    ])
  })

  test('what was not run stays, and what no case asks for goes', () => {
    const { cases } = aSuite(
      '  - { name: a, tool: t, expect: { snapshot: true } }\n  - { name: b, steps: [ { tool: t }, { tool: t, expect: { snapshot: true } } ] }',
    )
    const known = new Map([
      ['a', 1],
      ['b, step 2', 2],
      ['gone', 3],
      ['b, step 1', 4],
    ])
    expect([...updated({ known, update: true, taken: new Map([['a', 5]]) }, cases)]).toEqual([
      ['a', 5],
      ['b, step 2', 2],
    ])
  })
})

test('snapshots that no case asks for are noted', async () => {
  const snapshots = { known: new Map([['gone', 1]]), update: false, taken: new Map() }
  const { report } = await runAgainst({}, aSuite('  - { name: it reads, tool: read }'), { snapshots })
  expect(report.notes).toEqual(['unused snapshots: gone; --update-snapshots removes them'])
})

test('the file is sorted, keeps all digits, and is read again', () => {
  const text = writeSnapshots(
    new Map<string, unknown>([
      ['b', 1],
      ['a', parseJson('[9007199254740993]')],
    ]),
  )
  expect(text).toMatch(/"a": \[\n\s+9007199254740993\n\s+\],\n\s+"b": 1/)
  expect(writeSnapshots(readSnapshots(text) ?? new Map())).toBe(text)
  for (const wrong of ['', '[]', '{"version":2,"snapshots":{}}', '{"version":1}'])
    expect(readSnapshots(wrong)).toBeUndefined()
  expect(snapshotFile('.github/mcp-regression.yml')).toBe('.github/mcp-regression.snapshots.json')
})

test('a mask hides a whole part', () => {
  expect(mask({ a: { b: [1, { c: 2 }] }, 'it\'s "x"': 3 }, ['$.a', `$["it's \\"x\\""]`])).toEqual({
    a: '[masked]',
    'it\'s "x"': '[masked]',
  })
})
