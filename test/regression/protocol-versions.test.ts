import { afterEach, describe, expect, test } from 'vitest'
import { type Baseline, readBaseline, storedList } from '../../src/regression/contract-check.ts'
import { contractGate } from '../../src/regression/contract-gate.ts'
import { sessionOptions, speaksAt } from '../../src/regression/open-sessions.ts'
import { aTool, rpcError, type Script, type Scripted, startScripted } from '../support/mcp-server.ts'
import { aSuite, gateOf, readCase, runAgainst } from '../support/regression-run.ts'

const [newest, older, oldest] = ['2025-11-25', '2025-06-18', '2025-03-26'] as const
const suite = aSuite(readCase)

function aBaseline(protocolVersion: string, more: Partial<Baseline> = {}): Baseline {
  return storedList(
    JSON.stringify({
      version: 1,
      recordedAt: '2026-11-01T00:00:00.000Z',
      server: { name: 'scripted', version: '0.9.0' },
      protocolVersion,
      capabilities: { tools: {} },
      pinned: { capabilities: {}, login: 'none' },
      tools: [aTool('read')],
      ...more,
    }),
  )
}

/** Runs against a server that negotiates the newest version and speaks these older ones as well. */
async function judged(baseline: Baseline, speaks?: readonly string[]) {
  const asked: string[] = []
  const ask = async (version: string) => {
    asked.push(version)
    return speaks?.includes(version)
  }
  const { report, recorded } = await runAgainst({}, suite, {
    baseline,
    ...(speaks ? { speaks: ask } : {}),
  })
  const changes = report.contract.changes.map(({ rule, severity }) => `${rule} ${severity}`)
  return { verdict: gateOf(report, 'contract'), changes, asked, recorded, report }
}

describe('a server that drops the protocol versions that clients use', () => {
  test('is asked for every version of the last release, and for no other', async () => {
    const { asked } = await judged(aBaseline(older, { spoken: [newest, older, oldest] }), [older, oldest])
    expect(asked.sort()).toEqual([oldest, older])
    expect((await judged(aBaseline(newest), [])).asked).toEqual([])
  })

  test.each([
    ['still speaks them', [older, oldest], 'passed', []],
    ['speaks one no more: a break', [older], 'failed', ['protocol-version-dropped breaking']],
    [
      'speaks none of them anymore: two breaks',
      [],
      'failed',
      ['protocol-version-dropped breaking', 'protocol-version-dropped breaking'],
    ],
  ])('%s', async (_name, speaks, verdict, changes) => {
    const found = await judged(aBaseline(newest, { spoken: [newest, older, oldest] }), speaks)
    expect([found.verdict, found.changes]).toEqual([verdict, changes])
  })

  test('is only warned of where it was never asked: never silent, and never a break', async () => {
    const { verdict, changes, report } = await judged(aBaseline(older))
    expect([verdict, changes]).toEqual([
      'passed',
      ['protocol-version-unknown warning', 'protocol-version-added safe'],
    ])
    expect(report.contract.changes[0]?.message).toBe(
      `It is not known whether protocol ${older} is still supported, because the server was not asked for it.`,
    )
  })

  test('is only warned of where it could not be asked', async () => {
    const { report } = await runAgainst({}, suite, {
      baseline: aBaseline(older),
      speaks: async () => undefined,
    })
    expect(report.contract.changes.map(({ rule }) => rule)).toContain('protocol-version-unknown')
    expect(gateOf(report, 'contract')).toBe('passed')
  })

  test('a list without a version says nothing of versions', async () => {
    const { changes } = await judged(aBaseline(''))
    expect(changes).toEqual([])
  })
})

describe('what a run has confirmed is recorded', () => {
  test('the version of its own session, and those that it asked for and that are spoken', async () => {
    const { recorded } = await judged(aBaseline(older, { spoken: [oldest] }), [older])
    expect(recorded).toMatchObject({ protocolVersion: newest, spoken: [newest, older] })
    expect(recorded?.asked.toSorted()).toEqual([oldest, older, newest])
    expect(storedList(JSON.stringify(recorded))).toEqual(recorded)
  })

  test('what could not be asked is neither spoken nor asked', async () => {
    const { recorded } = await runAgainst({}, suite, {
      baseline: aBaseline(older),
      speaks: async () => undefined,
    })
    expect([recorded?.spoken, recorded?.asked]).toEqual([[newest], [newest]])
  })

  test('a list recorded before versions were kept can still be read', () => {
    const { spoken: _spoken, asked: _asked, ...before } = aBaseline(older)
    expect(readBaseline(JSON.stringify(before))).toMatchObject({ spoken: [], asked: [] })
    expect(readBaseline(JSON.stringify({ tools: [aTool('read')] }))).toMatchObject({ spoken: [], asked: [] })
  })
})

describe('a stored run that is evaluated again, against a newer release', () => {
  const now = new Date('2026-11-25T18:00:00Z')
  const again = (baseline: Baseline, spoken: string[], asked?: string[]) => {
    const { gate, changes } = contractGate(
      { suite, baseline },
      { pinned: { capabilities: {}, login: 'none' }, capabilities: { tools: {} } },
      { tools: baseline.tools, notes: [] },
      { now, spoken, ...(asked ? { asked } : {}) },
    )
    return [gate.verdict, changes.map(({ rule }) => rule)]
  }

  test('passes where the run had confirmed the version', () => {
    expect(again(aBaseline(older), [newest, older], [newest, older])).toEqual([
      'passed',
      ['protocol-version-added'],
    ])
  })

  test('is a break where the run had asked for the version in vain', () => {
    expect(again(aBaseline(older), [newest], [newest, older])[0]).toBe('failed')
  })

  test('is a warning where the run had not asked for the version', () => {
    const unknown = ['passed', ['protocol-version-unknown', 'protocol-version-added']]
    expect(again(aBaseline(older), [newest], [newest])).toEqual(unknown)
    expect(again(aBaseline(older), [newest])).toEqual(unknown)
  })
})

describe('the server itself is asked', () => {
  let server: Scripted | undefined
  afterEach(() => server?.close())
  const asked = async (initialize: NonNullable<Script['initialize']>, version: string) => {
    server = await startScripted({ initialize })
    return speaksAt({ kind: 'http', url: server.url }, sessionOptions(aSuite(readCase)))(version)
  }
  test.each([
    ['', '600ms'],
    [', also where the whole exchange has no more time than a call', '300ms'],
  ])('one that never answers has not refused%s', async (_name, total) => {
    server = await startScripted({ initialize: () => undefined })
    const quick = aSuite(readCase, `defaults: { timeout: 300ms, max_total: ${total} }`)
    const speaks = speaksAt({ kind: 'http', url: server.url }, sessionOptions(quick))
    expect(await speaks('2025-06-18')).toBeUndefined()
  })

  const begin = (protocolVersion: string) => ({
    protocolVersion,
    serverInfo: { name: 's', version: '1' },
    capabilities: {},
  })

  test.each<[string, NonNullable<Script['initialize']>, boolean | undefined]>([
    ['it takes the version', ({ message }) => begin(String(message.params?.protocolVersion)), true],
    ['it offers another', () => begin(newest), false],
    ['it offers one that we do not know', () => begin('2031-01-01'), false],
    [
      'it refuses the version',
      () => {
        throw rpcError(-32602, 'Unsupported protocol version')
      },
      false,
    ],
    ['it answers 400', ({ response }) => void response.writeHead(400).end('no such version'), false],
    ['it is overloaded', ({ response }) => void response.writeHead(503).end(), undefined],
    ['it is broken', ({ response }) => void response.writeHead(500).end(), undefined],
    ['it limits the rate', ({ response }) => void response.writeHead(429).end(), undefined],
    ['the login fails', ({ response }) => void response.writeHead(401).end(), undefined],
  ])('%s', async (_name, initialize, spoken) => {
    expect(await asked(initialize, older)).toBe(spoken)
  })
})
