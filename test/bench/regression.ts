import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { openStaging } from '../../src/services/mcp.ts'

export type Measure = { name: string; value: number; unit: string; aim: string }

const program = fileURLToPath(new URL('../support/regress-process.ts', import.meta.url))
export const tools = Array.from({ length: 50 }, (_value, index) => ({
  name: `tool-${index}`,
  inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  annotations: { readOnlyHint: true },
}))

/** The three measures of the staging regression. Times are medians, but for the cold process, which is the best of three. */
export async function benchRegression(): Promise<Measure[]> {
  const server = await startServer()
  try {
    return [
      {
        name: '50 cases, contract diff and report over HTTP, cold process',
        value: await coldRun(server.url),
        unit: 's',
        aim: '1.0 s',
      },
      {
        name: 'overhead over the bare SDK for each call',
        value: await overhead(server.url),
        unit: 'ms',
        aim: 'under 0.5 ms',
      },
      {
        name: "a hung server's verdict after its timeout",
        value: await hungVerdict(),
        unit: 'ms',
        aim: 'under 200 ms',
      },
    ]
  } finally {
    await server.close()
  }
}

/** As little of a server as the protocol allows, so that the client is what is measured. */
export async function startServer(hangs = false) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (hangs) return
      if (request.method !== 'POST') return void response.writeHead(405).end()
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      if (id === undefined) return void response.writeHead(202).end()
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: resultOf(method) }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function resultOf(method: string): unknown {
  const serverInfo = { name: 'bench', version: '1' }
  if (method === 'initialize')
    return { protocolVersion: '2025-11-25', serverInfo, capabilities: { tools: {} } }
  if (method === 'tools/list') return { tools }
  return { content: [{ type: 'text', text: '{"eligible":true}' }] }
}

async function coldRun(url: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const cases = tools.map(
    ({ name }) =>
      `  - { name: ${name}, tool: ${name}, args: { id: x }, expect: { json: { $.eligible: true } } }`,
  )
  const suite = join(folder, 'suite.yml')
  const baseline = join(folder, 'baseline.json')
  await writeFile(
    suite,
    `version: 1\ngates: { samples: { per_tool: 1, total: 50 } }\ncases:\n${cases.join('\n')}\n`,
  )
  await writeFile(baseline, JSON.stringify({ tools }))
  const times: number[] = []
  for (let run = 0; run < 3; run += 1) {
    const began = performance.now()
    const args = [program, 'regress', '--suite', suite, '--server', url, '--baseline', baseline]
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`the run ended with exit code ${code}`)
    times.push((performance.now() - began) / 1000)
  }
  await rm(folder, { recursive: true })
  return Math.min(...times)
}

async function overhead(url: string): Promise<number> {
  const client = new Client({ name: 'bare', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as Transport)
  const opened = await openStaging({ kind: 'http', url }, { timeout: 5000, maxBytes: 1024 * 1024 })
  if (!opened.ok) throw new Error(opened.fault.message)
  const params = { name: 'tool-1', arguments: { id: 'x' } }
  const [bare, ours]: [number[], number[]] = [[], []]
  for (let round = 0; round < 600; round += 1) {
    bare.push(await timed(() => client.request({ method: 'tools/call', params }, CallToolResultSchema)))
    ours.push(await timed(() => opened.session.callTool(params.name, params.arguments)))
  }
  await opened.session.close()
  await client.close()
  return median(ours.slice(100)) - median(bare.slice(100))
}

async function hungVerdict(): Promise<number> {
  const server = await startServer(true)
  const timeout = 500
  const took = await timed(() => openStaging({ kind: 'http', url: server.url }, { timeout, maxBytes: 1024 }))
  await server.close()
  return took - timeout
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

if (import.meta.main) {
  for (const { name, value, unit, aim } of await benchRegression()) {
    process.stdout.write(`${name}: ${value.toFixed(2)} ${unit} (aim: ${aim})\n`)
  }
}
