import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cliTarget } from '../../src/commands/server-target.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import {
  aTool,
  type Script,
  type Scripted,
  startScripted,
  stdioServer,
  textResult,
} from '../support/mcp-server.ts'
import { runCommand } from '../support/regress-program.ts'

const program = fileURLToPath(new URL('../support/regress-process.ts', import.meta.url))
let folder = ''
let server: Scripted | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regress-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  await server?.close()
  server = undefined
})

const passing =
  'version: 1\ngates: { samples: { per_tool: 1, total: 1 } }\ncases: [ { name: it reads, tool: read, expect: { text: fine } } ]\n'

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

async function serve(script: Script = {}): Promise<string> {
  server = await startScripted(script)
  return server.url
}

const run = runCommand

describe('regress: the limits of a policy', () => {
  const policy = 'gates:\n  staging_regression:\n    limits: { per_tool: 1, total: 1 }\n'

  test('hold where one is named: a suite cannot loosen them', async () => {
    const suite = await file(
      'loose.yml',
      'version: 1\ngates: { errors: { rate: 90% }, samples: { per_tool: 1, total: 1 } }\ncases: [ { name: it reads, tool: read } ]\n',
    )
    const words = ['regress', '--suite', suite, '--server', await serve(), '--json']
    const alone = JSON.parse((await run(words)).out)
    const judged = JSON.parse((await run([...words, '--policy', await file('policy.yml', policy)])).out)
    expect([alone.errors.limit, judged.errors.limit]).toEqual([0.9, 0.02])
    expect(judged.notes.join()).toContain('looser errors.rate than the policy')
  })

  test('demand a case for every tool where the policy does', async () => {
    const url = await serve({ tools: [aTool('read'), aTool('other')] })
    const words = ['regress', '--suite', await file('s.yml', passing), '--server', url]
    expect((await run(words)).code).toBe(0)
    const strict = await file('strict.yml', `${policy}    coverage: required\n`)
    expect((await run([...words, '--policy', strict])).code).toBe(1)
  })

  test.each([
    ['with a mistake', 'gates: { staging_regresion: {} }\n', 'staging_regresion'],
    ['without the gate', 'gates: { approvals: {} }\n', 'does not name the gate staging_regression'],
  ])('a policy %s is a usage error', async (_, text, says) => {
    const wrong = await file('wrong.yml', text)
    const words = ['regress', '--suite', await file('s.yml', passing), '--server', 'http://127.0.0.1:1']
    const { code, err } = await run([...words, '--policy', wrong])
    expect(code).toBe(2)
    expect(err).toContain(says)
  })
})

describe('regress: exit codes', () => {
  test('0 passed, with the report on stdout and nothing on stderr where there is no terminal', async () => {
    const { code, out, err } = await run([
      'regress',
      '--suite',
      await file('s.yml', passing),
      '--server',
      await serve(),
    ])
    expect([code, err]).toEqual([0, ''])
    expect(out.split('\n')[0]).toBe('✅ **Staging regression passed**: all gates passed')
  })

  test('1 failed', async () => {
    const url = await serve({ call: () => textResult('other') })
    expect((await run(['regress', '--suite', await file('s.yml', passing), '--server', url])).code).toBe(1)
  })

  test('3 inconclusive', async () => {
    const url = await serve()
    await server?.close()
    const { code, out } = await run(['regress', '--suite', await file('s.yml', passing), '--server', url])
    expect([code, out.split('\n')[0]]).toEqual([
      3,
      expect.stringContaining('Staging regression inconclusive'),
    ])
  })

  test.each<[string, string, string[], RegExp]>([
    [
      'a suite with a mistake, reported with line and column',
      passing.replace(' tool:', ' toll:'),
      ['--server', 'http://127.0.0.1:1'],
      /s\.yml:3:\d+: .*toll/,
    ],
    [
      'a suite that reads an unset variable',
      passing.replace('tool: read', `tool: read, args: { a: "\${HOME}" }`),
      ['--server', 'http://127.0.0.1:1'],
      /\$\{HOME\}/,
    ],
    [
      'a suite that reads a variable that is not exposed, with what to do',
      passing.replace('tool: read', `tool: read, args: { a: "\${SUITE_KEY}" }`),
      ['--server', 'http://127.0.0.1:1'],
      /^The suite cannot be run: case "it reads" reads \$\{SUITE_KEY\}, which is not set; set SUITE_KEY in the environment/,
    ],
    ['no server', passing, [], /--server/],
    [
      'a server that is not an address',
      passing,
      ['--server', 'ftp://x'],
      /neither an http\(s\) address nor a command/,
    ],
    [
      'no calls at a time',
      passing,
      ['--server', 'http://127.0.0.1:1', '--concurrency', '0'],
      /whole number from 1 to 64/,
    ],
    ['an unknown option', passing, ['--server', 'http://127.0.0.1:1', '--wirtes'], /unknown option/],
    [
      'a case that does not exist',
      passing,
      ['--server', 'http://127.0.0.1:1', '--only', 'nobody'],
      /^The suite cannot be run: no case is named "nobody"; the suite has "it reads"\. Nothing was tested\.\n$/,
    ],
    [
      'an invalid baseline',
      passing,
      ['--server', 'http://127.0.0.1:1', '--baseline', program],
      /not a list of tools/,
    ],
  ])('2 usage error: %s', async (_name, suite, more, said) => {
    const { code, out, err } = await run(['regress', '--suite', await file('s.yml', suite), ...more])
    expect([code, out + err]).toEqual([2, expect.stringMatching(said)])
  })
})

describe('regress: headers and query values', () => {
  const words = async (url: string, ...more: string[]) => {
    return ['regress', '--suite', await file('s.yml', passing), '--server', url, ...more]
  }

  test('are sent with every request, taken from the environment, and hidden in the report', async () => {
    const url = await serve({
      call: ({ request }) => textResult(`fine ${request.headers['x-api-key']} ${request.url}`),
    })
    const more = ['--header', 'X-Api-Key=$SHOP_KEY', 'X-Team=blue', '--query', `key=q-\${SHOP_KEY}`]
    const suite = await file('echo.yml', passing.replace('text: fine', 'text: "nothing like it"'))
    const ran = await run(['regress', '--suite', suite, '--server', `${url}?v=1`, ...more], {
      SHOP_KEY: 'secret-of-the-shop',
    })
    const posts = server?.requests.filter(({ method }) => method === 'POST') ?? []
    expect(posts.length).toBeGreaterThan(3)
    for (const { headers, url: asked } of posts) {
      expect([headers['x-api-key'], headers['x-team'], asked]).toEqual([
        'secret-of-the-shop',
        'blue',
        '/mcp?v=1&key=q-secret-of-the-shop',
      ])
    }
    expect(ran.out).toContain('[redacted]')
    expect(ran.out).not.toContain('secret-of-the-shop')
  })

  test('a list that was read with a header is not compared with one that was read without', async () => {
    const url = await serve()
    const [out, env] = [join(folder, 'headed.json'), { SHOP_KEY: 'secret-of-the-shop' }]
    await run(['contract', 'record', '--server', url, '--header', 'X-Api-Key=$SHOP_KEY', '--out', out], env)
    expect(JSON.parse(await readFile(out, 'utf8')).pinned.login).toBe('none + x-api-key')
  })

  test.each<[string, string[], RegExp]>([
    [
      'a variable that is not set',
      ['--header', 'X-Api-Key=$NOBODY'],
      /--header: the variable NOBODY is not set/,
    ],
    [
      'a query with a variable that is not set',
      ['--query', `key=\${NOBODY}`],
      /--query: the variable NOBODY is not set/,
    ],
    ['no value', ['--header', 'X-Api-Key'], /--header: X-Api-Key has no value; write it like/],
    ['an invalid name', ['--header', 'X Api=1'], /--header: X Api cannot be sent/],
    ['a line break', ['--header', 'X-Api=$LINES'], /--header: X-Api cannot be sent/],
    ['a header of the protocol', ['--header', 'Mcp-Session-Id=1'], /Mcp-Session-Id belongs to the protocol/],
    ['a second login', ['--header', 'authorization=Basic x'], /STAGING_TOKEN sets authorization already/],
  ])('%s is wrong use', async (_name, more, says) => {
    const env = { LINES: 'a\nb', STAGING_TOKEN: 'the-token' }
    const { code, err } = await run(await words('http://127.0.0.1:1', ...more), env)
    expect([code, err]).toEqual([2, expect.stringMatching(says)])
  })

  test('are not sent to a command, nor over plain http to another machine', async () => {
    const command = await run(await words('node server.js', '--header', 'X-Api-Key=12345'))
    expect([command.code, command.err]).toEqual([
      2,
      expect.stringContaining('a command on stdio does not support them'),
    ])
    const plain = await run(await words('http://staging.invalid/mcp', '--query', 'key=12345'))
    expect([plain.code, plain.err]).toEqual([2, expect.stringContaining('leave --header and --query out')])
  })
})

describe('regress: a server that refuses the login', () => {
  test.each([
    ['no login', {}, 'set STAGING_TOKEN, or STAGING_CLIENT_ID for an OAuth login'],
    ['a token', { STAGING_TOKEN: 'wrong' }, 'check the token in STAGING_TOKEN'],
  ])('%s: the variables are named', async (_name, environment, advice) => {
    const url = await serve({ before: (_request, response) => Boolean(response.writeHead(401).end()) })
    const suite = await file('s.yml', passing)
    const ran = await run(['regress', '--suite', suite, '--server', url], environment)
    expect([ran.code, ran.out]).toEqual([3, expect.stringContaining(advice)])
    const shown = await run(['contract', 'show', '--server', url], environment)
    expect([shown.code, shown.err]).toEqual([3, expect.stringContaining(advice)])
  })

  test('a web page says nothing about the login', async () => {
    const before: Script['before'] = (_request, response) =>
      Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'))
    const { out } = await run([
      'regress',
      '--suite',
      await file('s.yml', passing),
      '--server',
      await serve({ before }),
    ])
    expect(out).not.toContain('STAGING_')
  })
})

describe("regress: the suite's own limits of a call hold", () => {
  const one = 'gates: { samples: { per_tool: 1, total: 1 } }'
  const judged = async (script: Script, more: string, entry = '{ name: it reads, tool: read }') => {
    const suite = await file('limits.yml', `version: 1\n${one}\n${more}\ncases: [ ${entry} ]\n`)
    const url = await serve(script)
    const { code, out } = await run(['regress', '--suite', suite, '--server', url, '--json'])
    const report = JSON.parse(out) as RunReport
    return { code, report, actual: report.cases[0]?.mismatches[0]?.actual }
  }
  const silent = () => undefined

  test('max_bytes: an answer that is larger is cut off', async () => {
    const call = () => textResult('x'.repeat(2_000))
    const { code, actual } = await judged({ call }, 'defaults: { max_bytes: 1kB }')
    expect([code, actual]).toEqual([1, expect.stringMatching(/too_large/)])
    expect((await judged({ call }, 'defaults: { max_bytes: 4kB }')).code).toBe(0)
  })

  test('max_bytes: 1 MB where nothing is said', async () => {
    const call = () => textResult('x'.repeat(1_100_000))
    expect((await judged({ call }, '')).actual).toMatch(/too_large/)
  })

  test('defaults.timeout: a tool that hangs', async () => {
    const { code, actual } = await judged({ call: silent }, 'defaults: { timeout: 2s }')
    expect([code, actual]).toEqual([1, expect.stringMatching(/\(timeout\)/)])
  })

  test.each([
    ['a session', { initialize: silent }],
    ['a list of tools', { list: silent }],
  ])('defaults.timeout: %s that never comes', async (_name, script) => {
    const { code, report } = await judged(script, 'defaults: { timeout: 100ms }')
    expect([code, report.summary]).toEqual([3, expect.stringContaining('no answer within the time allowed')])
  })

  test.each([
    ['case', '{ name: it hangs, tool: write, writes: true, timeout: 2s }'],
    ['step', '{ name: it hangs, writes: true, steps: [ { tool: write, timeout: 2s } ] }'],
    [
      'step that is repeated',
      '{ name: it hangs, writes: true, steps: [ { tool: write, timeout: 2s }, { repeat_previous: true } ] }',
    ],
  ])('timeout of a %s', async (name, entry) => {
    let calls = 0
    const call = () => {
      calls += 1
      return name.includes('repeated') && calls === 1 ? textResult('fine') : undefined
    }
    const suite = await file('timeout.yml', `version: 1\n${one}\ncases: [ ${entry} ]\n`)
    const url = await serve({ tools: [aTool('write', { annotations: {} })], call })
    const { out } = await run(['regress', '--suite', suite, '--server', url, '--json', '--writes'])
    expect(JSON.parse(out).cases[0].mismatches[0].actual).toMatch(/\(timeout\)/)
  })

  test('max_total: a call that reports progress without end', async () => {
    let isPastTimeout = false
    const call: Script['call'] = ({ message, response }) => {
      const meta = message.params?._meta as { progressToken?: number } | undefined
      const progressToken = meta?.progressToken
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let progress = 0
      const timer = setInterval(() => {
        const params = { progressToken, progress: ++progress }
        const data = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
        response.write(`event: message\ndata: ${data}\n\n`)
      }, 50)
      const past = setTimeout(() => {
        isPastTimeout = true
      }, 2_100)
      response.on('close', () => [timer, past].forEach(clearTimeout))
    }
    const { code, actual } = await judged({ call }, 'defaults: { timeout: 2s, max_total: 4s }')
    expect([code, actual, isPastTimeout]).toEqual([1, expect.stringMatching(/\(timeout\)/), true])
  })
})

describe('regress: a suite that cannot be run', () => {
  const words = async (...more: string[]) => [
    ...['regress', '--suite', await file('s.yml', passing), '--server', 'http://127.0.0.1:1'],
    ...['--only', 'nobody', ...more],
  ]

  test('is not a regression: nothing was evaluated, and no report is printed', async () => {
    const { code, out, err } = await run(await words())
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toMatch(/regression failed/i)
  })

  test('says so in the files that were asked for', async () => {
    const { code, out } = await run(await words('--json', '--markdown', join(folder, 'unrun.md')))
    expect([code, JSON.parse(out).gates]).toEqual([2, [expect.objectContaining({ gate: 'suite' })]])
    const [first] = (await readFile(join(folder, 'unrun.md'), 'utf8')).split('\n')
    expect(first).toMatch(/\*\*The suite cannot be run\*\*: .?no case is named/)
  })
})

test('regress: a command that is not there is named, with what to do', async () => {
  const suite = await file('s.yml', passing)
  const { code, out } = await run(['regress', '--suite', suite, '--server', 'no-such-server --stdio'])
  expect(code).toBe(3)
  expect(out).toContain('the command no-such-server is not found; install it, or give its path')
})

describe('regress: files that cannot be used, each with its flag, its name and what to do', () => {
  const away = () => join(folder, 'away', 'nope')

  test('a suite that is not there', async () => {
    const { code, err } = await run(['regress', '--suite', away(), '--server', 'http://127.0.0.1:1'])
    expect([code, err]).toEqual([
      2,
      `--suite: cannot read ${away()} (ENOENT). Expected a suite, like .github/mcp-regression.yml.`,
    ])
  })

  test.each(['--policy', '--baseline', '--base-suite', '--declared'])(
    '%s that is not there',
    async (flag) => {
      const suite = await file('s.yml', passing)
      const words = ['regress', '--suite', suite, '--server', 'http://127.0.0.1:1', flag, away()]
      const { code, err } = await run(words)
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(`${flag}: cannot read ${away()} (ENOENT). Expected`),
      ])
    },
  )

  test.each(['--record', '--junit', '--markdown'])(
    '%s in a folder that is not there, reported before anything is called',
    async (flag) => {
      const suite = await file('s.yml', passing)
      const { code, err } = await run(['regress', '--suite', suite, '--server', await serve(), flag, away()])
      const why = `${flag}: cannot write ${away()}: the folder ${join(folder, 'away')} does not exist. Create it`
      expect([code, err]).toEqual([2, expect.stringContaining(why)])
      expect(server?.received).toEqual([])
    },
  )

  test.each([
    [
      'that is not JSON',
      '# not JSON',
      /^--declared: .*declared\.json is not JSON \(.*\); write it like \{"tables"/,
    ],
    [
      'with a wrong number',
      '{"tables":{"diners":{"rows":"many"}}}',
      /^--declared: .*declared\.json: `tables\.diners\.rows` .*; write it like \{"tables"/,
    ],
  ])('--declared %s', async (_, text, says) => {
    const declared = await file('declared.json', text)
    const suite = await file('s.yml', passing)
    const words = ['regress', '--suite', suite, '--server', 'http://127.0.0.1:1', '--declared', declared]
    const { code, err } = await run(words)
    expect([code, err]).toEqual([2, expect.stringMatching(says)])
  })
})

describe('regress: credentials and plain http', () => {
  const at = async (server: string, environment: Record<string, string>) =>
    run(['regress', '--suite', await file('s.yml', passing), '--server', server], environment)
  const refused = /^--server: http:\/\/staging\.invalid is plain http, .*use https, or unset STAGING_/

  test.each([
    ['a token', { STAGING_TOKEN: 'token-1234' }],
    ['a login', { STAGING_CLIENT_ID: 'us', STAGING_CLIENT_SECRET: 'token-1234' }],
  ])('%s is not sent over plain http to another machine', async (_, environment) => {
    const { code, err } = await at('http://staging.invalid/mcp?key=hidden', environment)
    expect([code, err]).toEqual([2, expect.stringMatching(refused)])
    expect(err).not.toMatch(/token-1234|hidden/)
  })

  test('without credentials plain http is as good as any', () => {
    const server = 'http://staging.invalid/mcp'
    const { target } = cliTarget({ server, transport: 'auto' }, { login: { kind: 'none' } })
    expect(target).toMatchObject({ kind: 'http', url: server })
  })
})

describe('regress: what it writes', () => {
  test('--json prints the data alone, --junit, --markdown and --record write files', async () => {
    const at = (name: string) => join(folder, name)
    const args = ['--json', '--junit', at('j.xml'), '--markdown', at('m.md'), '--record', at('b.json')]
    const { out } = await run([
      'regress',
      '--suite',
      await file('s.yml', passing),
      '--server',
      await serve(),
      ...args,
    ])
    expect(JSON.parse(out)).toMatchObject({ version: 1, verdict: 'passed' })
    expect(await readFile(at('j.xml'), 'utf8')).toContain('<testsuites name="staging regression"')
    expect(await readFile(at('m.md'), 'utf8')).toContain('### Reproduce this run')
    expect(JSON.parse(await readFile(at('b.json'), 'utf8'))).toMatchObject({
      version: 1,
      tools: [{ name: 'read' }],
      latency: { read: expect.any(Number) },
    })
  })

  test('a recorded list is the baseline of the next run', async () => {
    const suite = await file('s.yml', passing)
    const baseline = join(folder, 'before.json')
    await run([
      'regress',
      '--suite',
      suite,
      '--server',
      await serve({ tools: [aTool('read'), aTool('gone')] }),
      '--record',
      baseline,
    ])
    await server?.close()
    const { code, out } = await run([
      'regress',
      '--suite',
      suite,
      '--server',
      await serve(),
      '--baseline',
      baseline,
    ])
    expect(code).toBe(1)
    expect(out).toMatch(/breaking \| gone/)
    expect(out).toMatch(/read now .*\n {5}before/)
  })

  test('a list that broke the contract does not replace the one that it was compared with', async () => {
    const suite = await file('s.yml', passing)
    const baseline = join(folder, 'kept.json')
    const url = await serve({ tools: [aTool('read'), aTool('gone')] })
    await run(['regress', '--suite', suite, '--server', url, '--record', baseline])
    await server?.close()
    const before = await readFile(baseline, 'utf8')
    const words = ['regress', '--suite', suite, '--server', await serve(), '--baseline', baseline]
    const first = await run([...words, '--record', join(folder, '.', 'kept.json')])
    expect([first.code, first.err]).toEqual([
      1,
      expect.stringContaining(`--record: ${baseline} was not changed`),
    ])
    expect(await readFile(baseline, 'utf8')).toBe(before)
    expect((await run([...words, '--record', join(folder, 'other.json')])).code).toBe(1)
    expect(JSON.parse(await readFile(join(folder, 'other.json'), 'utf8')).tools).toMatchObject([
      { name: 'read' },
    ])
  })

  test('a list that kept the contract replaces the one that it was compared with', async () => {
    const suite = await file('s.yml', passing)
    const baseline = join(folder, 'replaced.json')
    await run(['regress', '--suite', suite, '--server', await serve(), '--record', baseline])
    await server?.close()
    const url = await serve({ tools: [aTool('read'), aTool('more')] })
    const words = ['regress', '--suite', suite, '--server', url, '--baseline', baseline, '--record', baseline]
    expect((await run(words)).code).toBe(0)
    expect(JSON.parse(await readFile(baseline, 'utf8')).tools).toHaveLength(2)
  })

  test('a command in quotes is started, and does not see our environment', async () => {
    const script = await file(
      'server.cjs',
      stdioServer(
        `say(id, { content: [{ type: 'text', text: 'fine ' + (process.env.STAGING_TOKEN ?? 'nothing') + (process.env.SHOWN ?? '') }] })`,
      ),
    )
    const suite = await file('s.yml', passing.replace('text: fine', 'text: { equals: fine nothing }'))
    const command = `${process.execPath} ${script}`
    expect(
      (
        await run(['regress', '--suite', suite, '--server', command], {
          STAGING_TOKEN: 'token-1234',
          SHOWN: '!',
        })
      ).code,
    ).toBe(0)
    const shown = await run(['regress', '--suite', suite, '--server', command, '--pass-env', 'SHOWN'], {
      SHOWN: '!',
    })
    expect(shown.out).toContain('fine nothing!')
  })

  test('the bearer token goes to the server, and into no output', async () => {
    const url = await serve({
      call: ({ request }) => textResult(`you sent ${request.headers.authorization}`),
    })
    const { out } = await run(['regress', '--suite', await file('s.yml', passing), '--server', url], {
      STAGING_TOKEN: 'token-1234',
    })
    expect(server?.requests.every(({ headers }) => headers.authorization === 'Bearer token-1234')).toBe(true)
    expect(out).not.toContain('token-1234')
    expect(out).toContain('redacted')
  })

  test("a run at an engineer's machine has no head that it could be tied to", async () => {
    const markdown = join(folder, 'local.md')
    const { out } = await run([
      ...['regress', '--suite', await file('s.yml', passing), '--server', await serve()],
      ...['--markdown', markdown],
    ])
    expect(out + (await readFile(markdown, 'utf8'))).not.toContain('tied to the head')
    expect(out).toMatch(/Server scripted 1\.0\.0, MCP \S+ over http; run /)
    expect(out).toContain('1 case passed')
  })

  test('cases that write run only with --writes', async () => {
    const suite = await file('s.yml', passing.replace('tool: read,', 'tool: read, writes: true,'))
    const tools = [aTool('read', { annotations: {} })]
    const without = await run(['regress', '--suite', suite, '--server', await serve({ tools })])
    expect(server?.received.some(({ method }) => method === 'tools/call')).toBe(false)
    expect(without.out).toContain('not marked as safe to write to')
    await server?.close()
    await run(['regress', '--suite', suite, '--server', await serve({ tools }), '--writes'])
    expect(server?.received.some(({ method }) => method === 'tools/call')).toBe(true)
  })

  test('--base-suite lists what the pull request took away', async () => {
    const base = await file('base.yml', passing.replace('cases: [', 'cases: [ { name: gone, tool: read },'))
    const { out } = await run([
      'regress',
      '--suite',
      await file('s.yml', passing),
      '--server',
      await serve(),
      '--base-suite',
      base,
    ])
    expect(out).toMatch(/Cases that this pull request removes\n\n- gone/)
  })
})

test('regress stops at SIGINT: the run is inconclusive, and its server is not left behind', async () => {
  const mark = join(folder, 'ended')
  const code = stdioServer(
    '',
    `process.stdin.on('close', () => { require('node:fs').writeFileSync(${JSON.stringify(mark)}, ''); process.exit(0) });`,
  )
  const script = await file(
    'hang.cjs',
    code.replace(
      "method === 'tools/call') {",
      `method === 'tools/call') { require('node:fs').writeFileSync(${JSON.stringify(`${mark}-called`)}, '');`,
    ),
  )
  const suite = await file('s.yml', passing)
  const args = ['regress', '--suite', suite, '--server', `${process.execPath} ${script}`]
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const called = () =>
    readFile(`${mark}-called`).then(
      () => true,
      () => false,
    )
  await expect.poll(called).toBe(true)
  child.kill('SIGINT')
  const [exit] = await once(child, 'close')
  expect([exit, out]).toEqual([3, expect.stringContaining('the run was stopped')])
  expect(await readFile(mark, 'utf8')).toBe('')
})
