import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { aTool, type Script, type Scripted, startScripted } from '../support/mcp-server.ts'
import { runCommand } from '../support/regress-program.ts'

const noList = new URL(import.meta.url).pathname
let folder = ''
let server: Scripted | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function serve(script: Script = {}): Promise<string> {
  server = await startScripted(script)
  return server.url
}

const run = (...words: string[]) => runCommand(['contract', ...words])

async function list(name: string, tools: unknown[]): Promise<string> {
  await writeFile(join(folder, name), JSON.stringify({ tools }))
  return join(folder, name)
}

describe('contract show', () => {
  test('prints the tools, what they take and whether they only read', async () => {
    const tools = [
      aTool('read', {
        description: 'Reads\u001b[31m it',
        inputSchema: { type: 'object', properties: { id: {}, note: {} } },
      }),
    ]
    const { code, out } = await run('show', '--server', await serve({ tools }))
    expect(code).toBe(0)
    expect(out).toMatch(/read\s+│ yes\s+│ id, note/)
    expect(out).not.toContain('\u001b')
  })

  test('--json prints the list as the server sent it', async () => {
    const odd = aTool('read', { 'x-future': [1] })
    const { out } = await run('show', '--server', await serve({ tools: [odd] }), '--json')
    expect(JSON.parse(out).tools).toEqual([odd])
  })

  test('a server that cannot be reached is exit code 3', async () => {
    const url = await serve()
    await server?.close()
    expect(await run('show', '--server', url)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('cannot be reached'),
    })
  })
})

describe('contract diff tells the most severe changes first', () => {
  const recording = (name: string, more: object) =>
    writeFile(
      join(folder, name),
      JSON.stringify({
        version: 1,
        recordedAt: '2026-11-01T00:00:00.000Z',
        server: { name: 'shop', version: '1.0.0' },
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, prompts: {} },
        pinned: { capabilities: {}, login: 'none' },
        tools: ['a', 'b', 'c'].map((tool) => aTool(tool, { description: tool })),
        ...more,
      }),
    ).then(() => join(folder, name))
  const both = async () => [
    await recording('v1.json', {}),
    await recording('v2.json', {
      server: { name: 'shop', version: '1.1.0' },
      capabilities: { tools: {}, logging: {} },
      tools: [aTool('c', { description: 'changed' }), aTool('a', { description: 'changed', title: 'A' })],
    }),
  ]
  const rules = (out: string) =>
    JSON.parse(out).map(({ severity, rule, tool }: Record<string, string>) => `${severity} ${rule} ${tool}`)

  test("each severity in the server's order, with the server's version and the capabilities gained and lost", async () => {
    const { code, out } = await run('diff', ...(await both()), '--json')
    expect(code).toBe(1)
    expect(rules(out)).toEqual([
      'breaking tool-removed b',
      'warning capability-removed ',
      'warning description-changed a',
      'warning description-changed c',
      'info server-changed ',
      'info capability-added ',
      'info title-changed a',
      'info tool-order-changed ',
    ])
    expect(out).toContain('The server changed from shop 1.0.0 to shop 1.1.0.')
    expect(out).toContain('The capability logging was added.')
  })

  test.each<[string, number, string | RegExp]>([
    ['breaking', 1, '7 changes below breaking not shown\n'],
    ['warning', 4, '4 changes below warning not shown\n'],
    ['info', 8, /┘\n$/],
  ])('--min-severity %s leaves the lesser ones out and counts them', async (least, count, end) => {
    const lists = await both()
    const { code, out } = await run('diff', ...lists, '--min-severity', least)
    expect(code).toBe(1)
    expect(out.match(/^│ (?:breaking|warning|safe|info) /gm)).toHaveLength(count)
    if (typeof end === 'string') expect(out.endsWith(end)).toBe(true)
    else expect(out).toMatch(end)
    expect(rules((await run('diff', ...lists, '--json', '--min-severity', least)).out)).toHaveLength(count)
  })
})

describe('what validating clients reject', () => {
  const broken = { tools: [aTool('read', { inputSchema: {} })] }

  test('show prints the list anyway, says so, and is exit code 1', async () => {
    const { code, out, err } = await run('show', '--server', await serve(broken))
    expect([code, err]).toEqual([
      1,
      'protocol: validating clients reject this: read: inputSchema.type: expected "object"\n',
    ])
    expect(out).toContain('read')
  })

  test('record fails once, and only warns of what the file already holds', async () => {
    const words = ['record', '--out', join(folder, 'broken.json'), '--server', await serve(broken)]
    expect(await run(...words)).toMatchObject({ code: 1, err: expect.stringContaining('reject this') })
    expect(await run(...words)).toMatchObject({ code: 0, err: expect.stringContaining('warning: 1 problem') })
  })

  test('a list of which the end is never seen is exit code 3, and nothing is written', async () => {
    const url = await serve({ list: () => ({ tools: [], nextCursor: 'again' }) })
    const out = join(folder, 'endless.json')
    const { code, err } = await run('record', '--server', url, '--out', out)
    expect([code, err]).toEqual([3, 'tools/list does not end: it repeats the cursor "again"\n'])
    await expect(readFile(out)).rejects.toThrow('ENOENT')
  })
})

describe('contract record', () => {
  test('writes the list raw, with what it may depend on', async () => {
    const out = join(folder, 'recorded.json')
    const { code } = await run('record', '--server', await serve(), '--out', out)
    expect(code).toBe(0)
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({
      tools: [aTool('read')],
      pinned: { capabilities: {}, login: 'none' },
      server: { name: 'scripted', version: '1.0.0' },
    })
  })

  test('duplicate names are refused', async () => {
    const out = join(folder, 'twice.json')
    const result = await run(
      'record',
      '--server',
      await serve({ tools: [aTool('a'), aTool('a')] }),
      '--out',
      out,
    )
    expect(result).toMatchObject({ code: 3, err: expect.stringContaining('twice: a') })
    await expect(readFile(out)).rejects.toThrow('ENOENT')
  })
})

describe('contract: files and servers that cannot be used, with what to do', () => {
  test('record into a folder that is not there, reported before the server is asked', async () => {
    const out = join(folder, 'away', 'list.json')
    const result = await run('record', '--server', await serve(), '--out', out)
    expect(result).toMatchObject({ code: 2, out: '' })
    expect(result.err).toContain(`--out: cannot write ${out}: the folder`)
    expect(server?.received).toEqual([])
  })

  test('record over a folder', async () => {
    const result = await run('record', '--server', await serve(), '--out', folder)
    expect(result).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^--out: cannot write .* \(EISDIR\)/),
    })
  })

  test('diff of a file that is not there', async () => {
    const [good, absent] = [await list('a.json', []), join(folder, 'nope.json')]
    const why = `cannot read ${absent} (ENOENT). Expected a list of tools, as \`contract record\` writes it.`
    expect(await run('diff', absent, good)).toMatchObject({
      code: 2,
      err: `contract diff, the old list: ${why}`,
    })
    expect(await run('diff', good, absent)).toMatchObject({
      code: 2,
      err: `contract diff, the new list: ${why}`,
    })
  })

  test('a command that dies says why', async () => {
    const { code, err } = await run('show', '--server', `${process.execPath} ${join(folder, 'nope.mjs')}`)
    expect([code, err]).toEqual([3, expect.stringMatching(/it said: Error: Cannot find module .*nope\.mjs/)])
  })
})

describe('contract diff', () => {
  test('the table cuts no name that a waiver needs', async () => {
    const tool = 'a_tool_with_a_name_that_is_longer_than_its_column_was'
    const name = 'a_property_with_a_name_that_is_longer_than_its_column_was'
    const before = await list('a.json', [aTool(tool, { inputSchema: { type: 'object' } })])
    const schema = { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }
    const after = await list('b.json', [aTool(tool, { inputSchema: schema })])
    const [change] = JSON.parse((await run('diff', before, after, '--json')).out)
    const { out } = await run('diff', before, after)
    expect(out).toMatch(new RegExp(`│ ${change.rule}\\s+│`))
    expect(columnOf(out, 1)).toContain(tool)
    expect(columnOf(out, 2)).toContain(change.path)
  })

  test('0 where nothing breaks', async () => {
    const same = await list('a.json', [aTool('read')])
    expect(await run('diff', same, same)).toEqual({ code: 0, out: 'unchanged\n', err: '' })
  })

  test('1 where a change breaks callers, in a table or as JSON', async () => {
    const [before, after] = [
      await list('a.json', [aTool('read'), aTool('gone')]),
      await list('b.json', [aTool('read')]),
    ]
    const table = await run('diff', before, after)
    expect([table.code, table.out]).toEqual([1, expect.stringMatching(/breaking\s+│ gone/)])
    expect(JSON.parse((await run('diff', before, after, '--json')).out)).toMatchObject([
      { severity: 'breaking', tool: 'gone' },
    ])
  })

  test('2 for a file that is not a list', async () => {
    const good = await list('a.json', [])
    expect(await run('diff', good, noList)).toMatchObject({
      code: 2,
      err: expect.stringContaining('not a list of tools'),
    })
    expect((await run('diff', good)).code).toBe(2)
  })
})

/** The text of a column of a table, from all of its lines. */
function columnOf(table: string, index: number): string {
  return table
    .split('\n')
    .map((line) => line.split('│')[index + 1]?.trim() ?? '')
    .join('')
}
