import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { aTool, type Script, type Scripted, startScripted, textResult } from '../support/mcp-server.ts'
import { runCommand } from '../support/regress-program.ts'

let folder = ''
let server: Scripted | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => server?.close())

const byId = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
const tools = [
  {
    name: 'search',
    inputSchema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  },
  { name: 'get_order', inputSchema: byId },
  { name: 'pay', inputSchema: byId },
]

async function init(out: string, script: Script = {}, ...more: string[]) {
  server = await startScripted({ tools, ...script })
  const ran = await runCommand([
    'regress',
    'init',
    '--server',
    server.url,
    '--out',
    join(folder, out),
    ...more,
  ])
  const called = server.received
    .filter(({ method }) => method === 'tools/call')
    .map(({ params }) => params?.name)
  return { ...ran, called: new Set(called), calls: called.length }
}

test('a first suite is written and run, and the next steps are reported; nothing that may write is called', async () => {
  const ran = await init('first.yml')
  expect([ran.code, [...ran.called]]).toEqual([0, ['search']])
  // Once to warm up, and once as the case.
  expect(ran.calls).toBe(2)
  expect(ran.out).toContain('Staging regression passed')
  expect(ran.out.slice(ran.out.indexOf('first.yml has')).split('\n').slice(0, 7)).toEqual([
    'first.yml has 2 cases for 3 tools; 1 case was run.',
    'Next:',
    '  1. Replace each TODO with a real value: get_order (id).',
    '  2. Check that these tools only read, since the server does not say so, and remove the others from `reads`: search, get_order.',
    '  3. If it is safe to write to this server, uncomment the cases of tools that write: pay.',
    '  4. Describe under `expect` what each answer must contain.',
    expect.stringMatching(/^ {2}5\. Run it: release-gate regress --suite .*first\.yml --server "http:/),
  ])
  const done = (await readFile(join(folder, 'first.yml'), 'utf8')).replace('TODO"}', 'o-1"}')
  await writeFile(join(folder, 'first.yml'), done)
  const next = await runCommand([
    'regress',
    '--suite',
    join(folder, 'first.yml'),
    '--server',
    server?.url ?? '',
  ])
  expect(next.code).toBe(0)
})

test('a case that fails is the exit code', async () => {
  const ran = await init('failing.yml', { call: () => textResult('no', { isError: true }) })
  expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('failing.yml has 2 cases')])
})

test('a server whose tools all write gets their cases, and nothing is run', async () => {
  const ran = await init('writers.yml', { tools: [aTool('pay', { annotations: {} })] })
  expect([ran.code, ran.called.size]).toEqual([0, 0])
  expect(ran.out).toContain('writers.yml has 1 case for 1 tool; 0 cases were run.')
  expect(ran.out).toContain('run the cases with --writes')
  const suite = join(folder, 'writers.yml')
  const next = await runCommand(['regress', '--suite', suite, '--server', server?.url ?? '', '--writes'])
  expect(next.code).toBe(0)
})

test('a file that exists is not replaced without --force', async () => {
  await writeFile(join(folder, 'there.yml'), 'mine')
  const refused = await init('there.yml')
  expect([refused.code, refused.err, server?.received]).toEqual([
    2,
    expect.stringMatching(/there\.yml already exists; name another file, or add --force/),
    [],
  ])
  expect(await readFile(join(folder, 'there.yml'), 'utf8')).toBe('mine')
  await server?.close()
  expect((await init('there.yml', {}, '--force')).code).toBe(0)
  expect(await readFile(join(folder, 'there.yml'), 'utf8')).toContain('version: 1')
})

test('a server that cannot be reached leaves no file', async () => {
  const ran = await init('unreached.yml', {
    before: (_request, response) => Boolean(response.writeHead(401).end()),
  })
  expect([ran.code, ran.err]).toEqual([3, expect.stringContaining('set STAGING_TOKEN')])
  expect(await readFile(join(folder, 'unreached.yml'), 'utf8').catch(() => 'absent')).toBe('absent')
})

test.each([
  ['--server', ['regress', 'init']],
  ['--suite', ['regress', '--server', 'http://127.0.0.1:1']],
  ['--server', ['regress', '--suite', 'x.yml']],
])('%s is needed', async (option, words) => {
  const { code, err } = await runCommand(words)
  expect([code, err]).toEqual([2, expect.stringContaining(`required option '${option}`)])
})
