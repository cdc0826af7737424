import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Script, type Scripted, startScripted, textResult } from '../support/mcp-server.ts'

/**
 * What `npm pack` makes, unpacked in an empty folder beside links to the packages that it depends on, as `npm install` would put
 * them there; npm itself would have to ask its registry. What the bundle needs beyond its dependencies is missing here.
 */
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'installed-'))
const installed = join(folder, 'node_modules/release-gate')
const ownEnv = { PATH: process.env.PATH, HOME: folder }
const children: ChildProcess[] = []
let main = ''
let manifest: { bin: Record<string, string>; dependencies: Record<string, string>; version: string }

beforeAll(() => {
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(packed).toMatchObject({ status: 0 })
  mkdirSync(installed, { recursive: true })
  const archive = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '')
  spawnSync('tar', ['-xzf', archive, '-C', installed, '--strip-components=1'])
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  main = join(installed, manifest.bin['release-gate'] ?? '')
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function run(words: string[], options: string[] = []) {
  return spawnSync(process.execPath, [...options, main, ...words], {
    cwd: folder,
    env: ownEnv,
    encoding: 'utf8',
  })
}

test('`demo` tells its story to the end, keeps running, moves its clock when asked to, and ends with 0', async () => {
  const child = spawn(process.execPath, [main, 'demo', '--keep'], { cwd: folder, env: ownEnv })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (said.out += chunk))
  child.stderr.on('data', (chunk) => (said.err += chunk))
  const closed = once(child, 'close').then(([code]) => Number(code))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => /^ {2}olga +\S+$/m.test(said.out) && resolve())
    child.once('exit', () => reject(new Error(said.out + said.err)))
  })
  const shown = said.out.replace(/\s+/g, ' ')
  for (const sentence of [
    'Waiting for 2 approvals (in progress)',
    'Waiting for 1 more approval (in progress)',
    'Opens Wed, Nov 25, 10:00 AM PST (in progress)',
    'GitHub refuses: "Repository rule violations found',
    'Ready to merge (success)',
    'eva merges #1. GitHub lets it through.',
    'Ready to merge (success)',
    'ben merges #2. GitHub lets it through.',
    'chloe approved an older version',
    'The bot opens #3, "Review: #2 was released as urgent". Due Tue, Dec 1, 3:40 PM PST',
    '❌ Staging regression failed: contract: 3 breaking changes',
    'issue_reward /campaign: The required property campaign was added.',
    '✅ Staging regression passed: all gates passed',
    'Ready to merge (success)',
  ])
    expect(shown).toContain(sentence)
  const api = /GitHub's API +(http:\S+)/.exec(said.out)?.[1]
  const token = /^ {2}ana +(\S+)$/m.exec(said.out)?.[1]
  const pulls = await fetch(`${api}/repos/foodyepay/mcp-server/pulls`, {
    headers: { authorization: `token ${token}` },
  })
  const open = (await pulls.json()) as { title: string }[]
  expect(open.map(({ title }) => title)).toContain('Lower the minimum to 5')
  const [, operator = '', port = ''] = /export OPERATOR_TOKEN=(\S+)\s+export PORT=(\d+)/.exec(said.out) ?? []
  const env = { ...ownEnv, OPERATOR_TOKEN: operator, PORT: port }
  const status = spawnSync(process.execPath, [main, 'status'], { env, encoding: 'utf8' })
  expect(status).toMatchObject({ status: 0, stdout: expect.stringContaining('Lower the minimum to 5') })
  const before = said.out.length
  child.stdin.write('+1d\n')
  await new Promise<void>((resolve) => {
    child.stdout.on('data', () => /^It is .*UTC\)\.$/m.test(said.out.slice(before)) && resolve())
  })
  const later = spawnSync(process.execPath, [main, 'status', '--json'], { env, encoding: 'utf8' })
  const hours = (Date.parse(JSON.parse(later.stdout).at) - Date.parse('2026-12-09T18:00:00Z')) / 3_600_000
  expect(hours).toBeGreaterThanOrEqual(24)
  child.kill('SIGINT')
  expect(await closed).toBe(0)
  expect(said.out).toMatch(/The auditor checks the audit chain: \d+ records, unbroken\./)
  expect(said.err).toBe('')
  // Half a minute on an idle machine; one with much else to do may need ten times as long.
}, 900_000)

test('`--help` and `--version` answer, by the version of the package', () => {
  expect(run(['--help'])).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('regress') })
  expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${manifest.version}\n` })
})

test('`window` answers by a policy', () => {
  writeFileSync(join(folder, 'policy.yml'), 'gates: { release_window: {} }\n')
  const { status, stdout, stderr } = run(['window', '--policy', 'policy.yml', '--json'])
  expect([[0, 1].includes(status ?? 2), stderr]).toEqual([true, ''])
  expect(JSON.parse(stdout)).toMatchObject({ zone: 'America/Los_Angeles' })
})

test('nothing of it is source, and all of it that is read at run time is there', () => {
  const files = spawnSync('find', ['.', '-type', 'f'], { cwd: installed, encoding: 'utf8' }).stdout.split(
    '\n',
  )
  expect(files.filter((file) => /\.tsx?$|\/test\/|\/src\//.test(file))).toEqual([])
  for (const file of ['app.yml', 'schema/suite.schema.json', 'examples/mcp-regression.yml', 'CHANGELOG.md'])
    expect(files).toContain(`./${file}`)
  expect(readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(/^# zod \d/m)
})

test('an older Node is told which one is needed', () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '26.9.1' } })`
  const ran = run(['--help'], ['--import', `data:text/javascript,${encodeURIComponent(older)}`])
  expect(ran).toMatchObject({ status: 2, stdout: '' })
  expect(ran.stderr).toMatch(/^release-gate needs Node 26\.\d+\.\d+ or newer; this is Node 26\.9\.1\.\n$/)
})

describe('`regress` and `contract`', () => {
  let server: Scripted
  const answer: Script = { call: () => textResult('fine', { structuredContent: { id: 1 } }) }
  beforeAll(async () => {
    server = await startScripted(answer)
  })
  afterAll(() => server.close())
  /** Without blocking: the server runs in this very process. */
  async function ask(...words: string[]) {
    const child = spawn(process.execPath, [main, ...words, '--server', server.url], {
      cwd: folder,
      env: ownEnv,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    const [code] = await once(child, 'close')
    return { code, said }
  }

  test('evaluate a server, with a baseline and every kind of report', async () => {
    const cases = '  - { name: it reads, tool: read, expect: { snapshot: true, json: { $.id: 1 } } }'
    writeFileSync(
      join(folder, 'suite.yml'),
      `version: 1\ngates: { samples: { per_tool: 1, total: 1 } }\ncases:\n${cases}\n`,
    )
    expect(await ask('contract', 'record', '--out', 'list.json')).toMatchObject({ code: 0 })
    const reports = ['--junit', 'junit.xml', '--markdown', 'report.md', '--annotate']
    const words = [
      'regress',
      '--suite',
      'suite.yml',
      '--baseline',
      'list.json',
      '--policy',
      'policy.yml',
      ...reports,
    ]
    writeFileSync(
      join(folder, 'policy.yml'),
      'gates: { staging_regression: { limits: { per_tool: 1, total: 1 } } }\n',
    )
    expect(await ask(...words, '--update-snapshots')).toMatchObject({ code: 0 })
    expect(await ask(...words)).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('it reads')
    expect(await ask('regress', 'init', '--out', 'first.yml')).toMatchObject({ code: 0 })
  })
})
