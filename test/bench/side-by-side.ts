import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Measure, percentile } from './measure.ts'
import { startServer, tools } from './regression.ts'

/**
 * 50 cases over HTTP in a cold process, beside a program that uses nothing but the SDK, and beside the other tools where
 * they are installed. Runs are interleaved, so that the load of the machine falls on all alike; only ratios mean anything.
 */
const ROUNDS = 7
const root = fileURLToPath(new URL('../../', import.meta.url))
const source = join(root, 'src/main.ts')
/** What `npm pack` publishes. */
const built = join(root, 'dist/main.js')
const bare = fileURLToPath(new URL('../support/bare-sdk.mjs', import.meta.url))

type Contender = { name: string; words: string[]; aim?: string }

export async function benchSideBySide(): Promise<Measure[]> {
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'ignore' })
  const server = await startServer()
  const folder = await mkdtemp(join(tmpdir(), 'side-by-side-'))
  try {
    await writeSuites(folder, server.url)
    const help = await compare([
      { name: 'node -e 0', words: [process.execPath, '-e', '0'] },
      { name: 'release-gate --help', words: [process.execPath, built, '--help'], aim: '4 × node -e 0' },
      { name: 'release-gate --help, from source', words: [process.execPath, source, '--help'] },
    ])
    return [...help, ...(await compare(contenders(folder, server.url)))]
  } finally {
    await rm(folder, { recursive: true })
    await server.close()
  }
}

function contenders(folder: string, url: string): Contender[] {
  const regress = ['regress', '--suite', join(folder, 'suite.yml'), '--server', url]
  const others: Contender[] = [
    { name: 'mcp-assert, 50 cases', words: ['mcp-assert', 'run', '--suite', join(folder, 'mcp-assert')] },
    {
      name: 'promptfoo, 50 cases',
      words: ['promptfoo', 'eval', '--no-cache', '--no-write', '-c', join(folder, 'promptfoo.yaml')],
    },
    {
      name: 'MCP Inspector, one call',
      words: ['mcp-inspector', '--cli', url, '--transport', 'http', '--method', 'tools/list'],
    },
  ]
  return [
    { name: 'bare SDK, 50 calls', words: [process.execPath, bare, url] },
    {
      name: 'regress, 50 cases',
      words: [process.execPath, built, ...regress],
      aim: '1.3 × the bare SDK, half of promptfoo',
    },
    { name: 'regress, 50 cases, from source', words: [process.execPath, source, ...regress] },
    ...others.filter(({ words: [program = ''] }) => isInstalled(program)),
  ]
}

function isInstalled(program: string): boolean {
  return spawnSync('which', [program], { stdio: 'ignore' }).status === 0
}

/** Medians, and each as a multiple of the first. One run before is not measured: it fills the compile cache. */
async function compare(all: Contender[]): Promise<Measure[]> {
  for (const { words } of all) await timed(words)
  const times = all.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { words }] of all.entries()) times[index]?.push(await timed(words))
  }
  const medians = times.map((values) => percentile(values, 0.5))
  return all.map(({ name, aim }, index) => {
    const value = medians[index] ?? Number.NaN
    const ratio = (value / (medians[0] ?? Number.NaN)).toFixed(2)
    return { name: `${name} (${ratio} × ${all[0]?.name})`, value, unit: 's', ...(aim ? { aim } : {}) }
  })
}

async function timed([program = '', ...args]: string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(program, args, { stdio: 'ignore' })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with exit code ${code}`)
  return (performance.now() - began) / 1000
}

async function writeSuites(folder: string, url: string): Promise<void> {
  const cases = tools.map(
    ({ name }) =>
      `  - { name: ${name}, tool: ${name}, args: { id: x }, expect: { json: { $.eligible: true } } }`,
  )
  const gates = 'gates: { samples: { per_tool: 1, total: 50 } }'
  await writeFile(join(folder, 'suite.yml'), `version: 1\n${gates}\ncases:\n${cases.join('\n')}\n`)
  await mkdir(join(folder, 'mcp-assert'))
  for (const { name } of tools) {
    const server = { transport: 'http', url }
    const assert = { tool: name, args: { id: 'x' }, expect: { not_error: true, contains: ['true'] } }
    await writeFile(join(folder, 'mcp-assert', `${name}.yaml`), JSON.stringify({ name, server, assert }))
  }
  const config = {
    prompts: ['{{call}}'],
    providers: [{ id: 'mcp', config: { enabled: true, server: { url } } }],
    tests: tools.map(({ name }) => ({
      vars: { call: JSON.stringify({ tool: name, args: { id: 'x' } }) },
      assert: [{ type: 'contains', value: 'true' }],
    })),
  }
  await writeFile(join(folder, 'promptfoo.yaml'), JSON.stringify(config))
}

if (import.meta.main) {
  for (const { name, value, unit, aim } of await benchSideBySide()) {
    process.stdout.write(`${name}: ${value.toFixed(2)} ${unit}${aim ? ` (aim: ${aim})` : ''}\n`)
  }
}
