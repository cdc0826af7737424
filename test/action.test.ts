import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Script, type Scripted, startScripted, textResult } from './support/mcp-server.ts'

type Step = {
  name: string
  id?: string
  run?: string
  env?: Record<string, string>
  with?: Record<string, string>
  if?: string
}
type Action = {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>
  outputs: Record<string, { value: string }>
  runs: { using: string; steps: Step[] }
}

const root = join(import.meta.dirname, '..')
const action = parse(await readFile(join(root, 'action.yml'), 'utf8')) as Action
const step = action.runs.steps.find(({ id }) => id === 'regress')
let folder = ''
let server: Scripted | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'action-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => server?.close())

/** Runs the step as a runner does: inputs by the expressions of its `env`, defaults included. */
async function run(inputs: Record<string, string>, environment: Record<string, string> = {}) {
  const given = (expression: string) => {
    const [, name = ''] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression) ?? []
    return inputs[name] ?? action.inputs[name]?.default ?? ''
  }
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') }
  for (const file of Object.values(files)) await writeFile(file, '')
  const env = {
    PATH: process.env.PATH,
    RUNNER_TEMP: folder,
    GITHUB_ACTION_PATH: root,
    RELEASE_GATE_NODE: process.execPath,
    ...files,
    ...environment,
    ...Object.fromEntries(Object.entries(step?.env ?? {}).map(([name, value]) => [name, given(value)])),
  }
  const ran = await new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      'bash',
      ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', step?.run ?? ''],
      { cwd: folder, env },
      (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
    )
  })
  return {
    ...ran,
    output: await readFile(files.GITHUB_OUTPUT, 'utf8'),
    summary: await readFile(files.GITHUB_STEP_SUMMARY, 'utf8'),
  }
}

async function serve(script: Script = {}): Promise<string> {
  server = await startScripted(script)
  return server.url
}

const suite = (text: string) => `version: 1\ngates: { samples: { per_tool: 1, total: 1 } }\ncases:\n${text}\n`

test('no expression stands in a line that is executed', () => {
  for (const { run: text = '' } of action.runs.steps) expect(text).not.toContain('${' + '{')
})

test('the Node that it installs is the one of this repository', async () => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  expect(action.runs.steps[0]?.run).toContain(`"$node@${devDependencies.node}"`)
})

test('every input is used and every one that is used is declared', () => {
  const text = JSON.stringify(action.runs)
  const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name))
  expect([...used].sort()).toEqual(Object.keys(action.inputs).sort())
})

describe('the step', () => {
  test('passes, with the report in the summary and JUnit to upload', async () => {
    await writeFile(join(folder, 'suite.yml'), suite('  - { name: it reads, tool: read }'))
    const ran = await run({ server: await serve(), suite: 'suite.yml' })
    expect([ran.code, ran.err]).toEqual([0, ''])
    expect(ran.output).toBe(`exit-code=0\njunit=${join(folder, 'mcp-regression.xml')}\n`)
    expect(ran.summary).toContain('Staging regression passed')
    expect(await readFile(join(folder, 'mcp-regression.xml'), 'utf8')).toContain('it reads')
    expect(ran.out).not.toMatch(/^::/m)
  })

  test('annotates each failed case at its line', async () => {
    const cases =
      '  - { name: it reads, tool: read }\n  - name: "100% of, it: reads"\n    tool: read\n    expect: { text: other }'
    await writeFile(join(folder, 'failing.yml'), suite(cases))
    const ran = await run({ server: await serve(), suite: 'failing.yml' })
    expect([ran.code, ran.output]).toEqual([1, expect.stringContaining('exit-code=1')])
    expect(ran.out.match(/^::.*/gm)).toEqual([
      '::error file=failing.yml,line=5,title=100%25 of%2C it%3A reads::text: expected contains "other", got "fine"',
    ])
  })

  test('takes several suites and headers, one per line, and executes no text of an input', async () => {
    await writeFile(join(folder, 'a.yml'), suite('  - { name: a, tool: read }'))
    await writeFile(join(folder, 'b.yml'), suite('  - { name: b, tool: read }'))
    const call: Script['call'] = ({ request }) => textResult(String(request.headers['x-api-key']))
    const ran = await run(
      {
        server: await serve({ call }),
        suite: 'a.yml\nb.yml\n',
        headers: 'X-Api-Key=$SHOP_KEY\nX-Team=$(touch pwned)',
        only: 'b',
      },
      { SHOP_KEY: 'secret-of-the-shop' },
    )
    expect(ran.code).toBe(0)
    expect(await readFile(join(folder, 'pwned'), 'utf8').catch(() => 'absent')).toBe('absent')
    const fine = await run(
      { server: server?.url ?? '', suite: 'a.yml\nb.yml\n', headers: 'X-Api-Key=$SHOP_KEY', only: 'b' },
      { SHOP_KEY: 'secret-of-the-shop' },
    )
    expect([fine.code, server?.requests.at(-1)?.headers['x-api-key']]).toEqual([0, 'secret-of-the-shop'])
  })

  test('is red where nothing could be evaluated', async () => {
    await writeFile(join(folder, 'suite.yml'), suite('  - { name: it reads, tool: read }'))
    const ran = await run({ server: 'http://127.0.0.1:1/mcp', suite: 'suite.yml' })
    expect([ran.code, ran.output]).toEqual([3, expect.stringContaining('exit-code=3')])
    expect(ran.out).toMatch(/^::warning title=connection::/m)
  })
})
