import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const suite = path('../../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
const client = path('../../support/conformance-client.ts')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function run(scenario: string): Promise<{ code: number; said: string }> {
  const command = `${process.execPath} ${client}`
  const child = spawn(process.execPath, [suite, 'client', '--command', command, '--scenario', scenario], {
    cwd: folder,
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

test.each([
  'initialize',
  'tools_call',
  'sse-retry',
  'elicitation-sep1034-client-defaults',
  'auth/client-credentials-basic',
  'auth/client-credentials-jwt',
])('the client scenario %s of the conformance suite passes', async (scenario) => {
  const { code, said } = await run(scenario)
  expect(said).toMatch(/Passed: [1-9]/)
  expect(said).toMatch(/, 0 failed/)
  expect(code).toBe(0)
})
