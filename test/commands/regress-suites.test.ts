import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { type Script, type Scripted, startScripted, textResult } from '../support/mcp-server.ts'
import { runCommand } from '../support/regress-program.ts'

let folder = ''
let server: Scripted | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'suites-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  await server?.close()
  server = undefined
})

const one = 'gates: { samples: { per_tool: 1, total: 1 } }'
const caseNamed = (name: string, more = '') => `{ name: ${name}, tool: read${more} }`
const suiteOf = (more: string, ...cases: string[]) => `version: 1\n${more}\ncases: [ ${cases.join(', ')} ]\n`

/** Writes files and gives the folder that they lie in. */
async function written(name: string, files: Record<string, string>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(folder, name, file, '..'), { recursive: true })
    await writeFile(join(folder, name, file), text)
  }
  return join(folder, name)
}

async function regress(words: string[], script: Script = {}) {
  server = await startScripted(script)
  const ran = await runCommand(['regress', '--server', server.url, '--json', ...words])
  const report = ran.out === '' ? undefined : (JSON.parse(ran.out) as RunReport)
  return { ...ran, names: report?.cases.map(({ name }) => name), report }
}

describe('several suites are one run', () => {
  const files = {
    'b.yml': suiteOf(one, caseNamed('b')),
    'a.yaml': suiteOf('', caseNamed('a')),
    'notes.txt': 'x',
    'deep/c.yml': suiteOf(one, caseNamed('c')),
  }

  test.each<[string, (folder: string) => string[], string[]]>([
    [
      '--suite given twice',
      (at) => ['--suite', join(at, 'b.yml'), '--suite', join(at, 'a.yaml')],
      ['b', 'a'],
    ],
    ['a folder', (at) => ['--suite', at], ['a', 'b']],
    ['a glob', (at) => ['--suite', join(at, '**/*.yml')], ['b', 'c']],
    ['a file that is named twice', (at) => ['--suite', at, join(at, 'b.yml')], ['a', 'b']],
  ])('%s', async (_name, words, names) => {
    const ran = await regress(words(await written('several', files)))
    expect([ran.code, ran.names]).toEqual([0, names])
  })

  test('with what each of them reads, waives and reconciles; an export lies beside its own suite', async () => {
    const reconcile =
      'reconcile: [ { name: total, tool: sum, value: $.total, equals: { csv: { file: export.csv, sum: amount } } } ]'
    const at = await written('merged', {
      'a.yml': suiteOf(`${one}\nreads: [read]`, caseNamed('a')),
      'deep/b.yml': suiteOf(`reads: [read, sum]\n${reconcile}`, caseNamed('b')),
      'deep/export.csv': 'amount\n1\n2\n',
    })
    const bare = ['read', 'sum'].map((name) => ({ name, inputSchema: { type: 'object' } }))
    const call = () => textResult('{"total":3}')
    const ran = await regress(['--suite', join(at, 'a.yml'), join(at, 'deep/b.yml')], { tools: bare, call })
    expect([ran.code, ran.report?.data]).toEqual([0, [expect.objectContaining({ verdict: 'passed' })]])
  })

  test('compared with all suites of the base', async () => {
    const at = await written('head', { 'a.yml': suiteOf(one, caseNamed('a')) })
    const base = await written('base', {
      'a.yml': suiteOf(one, caseNamed('a')),
      'b.yml': suiteOf('', caseNamed('gone')),
    })
    const ran = await regress(['--suite', at, '--base-suite', base])
    expect(ran.report?.removedCases).toEqual(['gone'])
  })

  test('of which each may have 32 kB: 1,000 cases run', async () => {
    const cases = Array.from({ length: 1000 }, (_value, index) => caseNamed(`case-${index}`))
    const at = await written(
      'many',
      Object.fromEntries(
        [0, 1, 2, 3].map((part) => [
          `${part}.yml`,
          suiteOf(one, ...cases.slice(part * 250, part * 250 + 250)),
        ]),
      ),
    )
    const ran = await regress(['--suite', at])
    expect([ran.code, ran.names?.length, ran.report?.summary]).toEqual([0, 1000, 'all gates passed'])
  })
})

describe('--update-snapshots', () => {
  const asking = (name: string) => caseNamed(name, ', expect: { snapshot: true }')

  test('writes a file beside each suite, with which the next run passes', async () => {
    const at = await written('snapshots', {
      'a.yml': suiteOf(one, asking('a')),
      'b.yml': suiteOf('', asking('b'), caseNamed('c')),
    })
    const missing = await regress(['--suite', at])
    expect([missing.code, missing.report?.cases[0]?.mismatches[0]?.where]).toEqual([1, 'snapshot'])
    await server?.close()
    const first = await regress(['--suite', at, '--update-snapshots'])
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('1 snapshot in')])
    expect(JSON.parse(await readFile(join(at, 'b.snapshots.json'), 'utf8'))).toEqual({
      version: 1,
      snapshots: { b: 'fine' },
    })
    await server?.close()
    expect((await regress(['--suite', at])).code).toBe(0)
    await server?.close()
    const changed = await regress(['--suite', at], { call: () => textResult('other') })
    expect([changed.code, changed.report?.cases[0]?.mismatches]).toEqual([
      1,
      [{ where: 'snapshot $', expected: '"fine"', actual: '"other"' }],
    ])
  })

  test('a file that was edited into something else is wrong use', async () => {
    const at = await written('edited', { 'a.yml': suiteOf(one, asking('a')), 'a.snapshots.json': '{}' })
    const ran = await regress(['--suite', at])
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/a\.snapshots\.json cannot be understood/)])
  })
})

describe('wrong use', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    [
      'the same name in two files',
      { 'a.yml': suiteOf(one, caseNamed('x')), 'b.yml': suiteOf('', caseNamed('x')) },
      /b\.yml:1:1: the case "x" is also in .*a\.yml; rename one/,
    ],
    [
      'settings that differ',
      {
        'a.yml': suiteOf(one, caseNamed('a')),
        'b.yml': suiteOf('gates: { errors: { rate: 1% } }', caseNamed('b')),
      },
      /b\.yml:1:1: `gates` differs from the one in .*a\.yml/,
    ],
    [
      'mistakes in each of two files',
      { 'a.yml': suiteOf('', '{ nam: a, tool: read }'), 'b.yml': suiteOf('', '{ name: b, toll: read }') },
      /a\.yml:3:\d+: .*nam[\s\S]*b\.yml:3:\d+: .*toll/,
    ],
    [
      'a file that is too large',
      {
        'a.yml': suiteOf(one, caseNamed('a')),
        'b.yml': `# ${'x'.repeat(33_000)}\n${suiteOf('', caseNamed('b'))}`,
      },
      /b\.yml:1:1: .*32768/,
    ],
  ])('%s', async (name, files, says) => {
    const ran = await regress(['--suite', await written(`wrong ${name}`, files)])
    expect([ran.code, ran.err, server?.received]).toEqual([2, expect.stringMatching(says), []])
  })

  test.each(['empty', 'nothing/*.yml'])('no suite in %s', async (name) => {
    await mkdir(join(folder, 'empty'), { recursive: true })
    const ran = await regress(['--suite', join(folder, name)])
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/^--suite: .* has no suite in it/)])
  })
})
