import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const client = path('../../support/conformance-client.ts')
const suites = {
  '0.1.16': '@modelcontextprotocol/conformance',
  '0.2.0-alpha.12': 'conformance-next',
} as const
type Suite = keyof typeof suites

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function conformance(suite: Suite, ...words: string[]): Promise<{ code: number; said: string }> {
  const program = path(`../../../node_modules/${suites[suite]}/dist/index.js`)
  const child = spawn(process.execPath, [program, ...words], { cwd: folder })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

const both = ['2025-11-25', '2026-07-28']
const modern = ['2026-07-28']

/** The scenarios that a caller of tools has to pass, with the versions of the protocol to ask for; none: whatever the suite picks. */
const inScope: Record<Suite, Record<string, string[]>> = {
  '0.1.16': {
    initialize: [],
    tools_call: [],
    'sse-retry': [],
    'elicitation-sep1034-client-defaults': [],
    'auth/client-credentials-basic': [],
    'auth/client-credentials-jwt': [],
  },
  '0.2.0-alpha.12': {
    initialize: [],
    tools_call: both,
    'sse-retry': [],
    'elicitation-sep1034-client-defaults': [],
    'request-metadata': modern,
    'http-standard-headers': modern,
    'http-custom-headers': modern,
    'http-invalid-tool-headers': modern,
    'json-schema-ref-no-deref': modern,
    'json-schema-2020-12-preservation': both,
    'auth/client-credentials-basic': [],
    'auth/client-credentials-jwt': [],
  },
}

/** Why the other scenarios are none of ours, by what their names begin with. */
const outOfScope: [prefix: string, reason: string][] = [
  [
    'auth/enterprise-managed-authorization',
    'no identity provider of a company stands between us and the server',
  ],
  ['auth/cross-app-access', 'no identity provider of a company stands between us and the server'],
  ['auth/dpop', 'DPoP is an extension that we do not offer: a login is a token or client credentials'],
  ['auth/wif-jwt-bearer', 'workload identity is an extension that we do not offer'],
  ['auth/', 'the authorization code flow needs a person at a browser, and a run has none'],
  ['sep-2322', 'a tool that asks for input gets no answer: the run shows it as such'],
  ['sep-2640', 'skills are no tools, and we do not read them'],
]

async function scenariosOf(suite: Suite): Promise<string[]> {
  const { said } = await conformance(suite, 'list')
  const [, clients = ''] = said.split('Client scenarios')
  return Array.from(clients.split(/\n\n/)[0]?.matchAll(/^ {2}- (\S+)/gm) ?? [], ([, name = '']) => name)
}

describe.each(Object.keys(suites) as Suite[])('conformance suite %s', (suite) => {
  test('has no client scenario of which nobody has decided whether it is in scope', async () => {
    const all = await scenariosOf(suite)
    const own = Object.keys(inScope[suite])
    expect(all).toEqual(expect.arrayContaining(own))
    const others = all.filter((name) => !own.includes(name))
    expect(others.filter((name) => !outOfScope.some(([prefix]) => name.startsWith(prefix)))).toEqual([])
  })

  const runs = Object.entries(inScope[suite]).flatMap(([name, versions]) =>
    (versions.length === 0 ? [undefined] : versions).map((version) => ({ name, version })),
  )
  test.each(runs)('the client scenario $name passes, asked for $version', async ({ name, version }) => {
    const command = `${process.execPath} ${client}`
    const asked = version === undefined ? [] : ['--spec-version', version]
    const { code, said } = await conformance(
      suite,
      'client',
      '--command',
      command,
      '--scenario',
      name,
      ...asked,
    )
    expect(said).toMatch(/Passed: [1-9]/)
    expect(said).toMatch(/, 0 failed/)
    expect(said).not.toContain('CLIENT EXITED WITH ERROR')
    expect(code).toBe(0)
  })
})
