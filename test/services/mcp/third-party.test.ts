import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { StagingSession, StagingTarget } from '../../../src/services/mcp.ts'
import { opened } from '../../support/mcp-server.ts'

/** Servers that we did not write, as npm ships them. */
const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
const everything = `${modules}@modelcontextprotocol/server-everything/dist/index.js`
const budget = `${modules}@modelcontextprotocol/server-budget-allocator/dist/index.js`

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function session(target: StagingTarget | string): Promise<StagingSession> {
  const live = await opened(target)
  endings.push(() => live.close())
  return live
}

function command(script: string, ...args: string[]): StagingTarget {
  return { kind: 'stdio', command: { file: process.execPath, args: [`${modules}${script}`, ...args] } }
}

async function listening(script: string, ...args: string[]): Promise<string> {
  const port = await freePort()
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, PORT: String(port) },
  })
  endings.push(() => ended(child))
  const said = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => /listening|running/i.test(String(chunk)) && resolve())
    child.stderr.on('data', (chunk) => /listening|running/i.test(String(chunk)) && resolve())
  })
  await said
  return `http://127.0.0.1:${port}`
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const onStdio: [string, StagingTarget, string, Record<string, unknown>, string][] = [
  [
    'server-everything',
    command('@modelcontextprotocol/server-everything/dist/index.js'),
    'get-sum',
    { a: 2, b: 3 },
    'The sum of 2 and 3 is 5.',
  ],
  [
    'server-memory',
    command('@modelcontextprotocol/server-memory/dist/index.js'),
    'search_nodes',
    { query: 'nobody' },
    '"entities"',
  ],
  [
    'server-filesystem',
    command('@modelcontextprotocol/server-filesystem/dist/index.js', modules),
    'list_allowed_directories',
    {},
    'Allowed directories',
  ],
  ['calc-mcp', command('@coo-quack/calc-mcp/dist/index.js'), 'math', { expression: '6*7' }, '42'],
  [
    'server-budget-allocator',
    command('@modelcontextprotocol/server-budget-allocator/dist/index.js', '--stdio'),
    'get-budget-data',
    {},
    'Budget',
  ],
]

describe('over stdio', () => {
  test.each(onStdio)('%s lists its tools and answers', async (_name, target, tool, args, text) => {
    const live = await session(target)
    const listed = await live.listTools()
    expect(listed.ok && listed.listing.tools.map(({ name }) => name)).toContain(tool)
    const outcome = await live.callTool(tool, args)
    expect([outcome.kind, JSON.stringify(outcome).replaceAll('\\"', '"')]).toEqual([
      'ok',
      expect.stringContaining(text),
    ])
    expect(await live.callTool('no-such-tool', {})).toMatchObject({ unknownTool: true })
    expect(await live.probe()).toBe(true)
  })

  test('mcp-server-code-runner prints a line that is not JSON, and is understood anyway', async () => {
    const live = await session(command('mcp-server-code-runner/dist/cli.js'))
    const listed = await live.listTools()
    expect(listed.ok && listed.listing.tools.map(({ name }) => name)).toEqual(['run-code'])
    expect(live.noise()).toBeGreaterThan(0)
  })
})

describe('over HTTP', () => {
  test('server-everything answers over Streamable HTTP', async () => {
    const live = await session(`${await listening(everything, 'streamableHttp')}/mcp`)
    expect(live.transport).toBe('http')
    expect(await live.callTool('echo', { message: 'hi' })).toMatchObject({ kind: 'ok' })
  })

  test('server-everything answers over SSE, which is found alone', async () => {
    const live = await session(`${await listening(everything, 'sse')}/sse`)
    expect(live.transport).toBe('sse')
    expect(await live.callTool('echo', { message: 'hi' })).toMatchObject({ kind: 'ok' })
  })

  test('server-budget-allocator answers over Streamable HTTP', async () => {
    const live = await session(`${await listening(budget)}/mcp`)
    expect(await live.callTool('get-budget-data', {})).toMatchObject({ kind: 'ok' })
  })
})
