import { describe, expect, it } from 'vitest'
import { applyWaivers, type ContractChange, type Waiver } from '../../../src/regression/contract/index.ts'
import { compareSuites, readSuite } from '../../../src/regression/suite-file.ts'

const change: ContractChange = {
  severity: 'breaking',
  rule: 'input-property-removed',
  tool: 'issue_reward',
  path: '/note',
  side: 'input',
  message: 'The optional property note was removed and is now rejected.',
}
const waiver: Waiver = {
  rule: 'input-property-removed',
  tool: 'issue_reward',
  path: '/note',
  reason: 'nobody sends it',
  expires: '2026-12-15',
}
const today = '2026-11-23'

describe('a waiver', () => {
  it('covers the change that it names, and nothing else', () => {
    const other = { ...change, path: '/memo' }
    const { changes, problems } = applyWaivers([change, other], [waiver], today)
    expect(changes).toEqual([{ ...change, waived: 'nobody sends it' }, other])
    expect(problems).toEqual([])
  })

  it('without a path covers the rule anywhere in the tool', () => {
    const { path: _anywhere, ...wide } = waiver
    const { changes } = applyWaivers(
      [change, { ...change, path: '/memo' }, { ...change, tool: 'void' }],
      [wide],
      today,
    )
    expect(changes.map(({ waived }) => waived)).toEqual(['nobody sends it', 'nobody sends it', undefined])
  })

  it('counts on its last day and not on the day after', () => {
    expect(applyWaivers([change], [waiver], '2026-12-15T23:59:00Z').changes[0]?.waived).toBe(
      'nobody sends it',
    )
    const { changes, problems } = applyWaivers([change], [waiver], '2026-12-16')
    expect(changes).toEqual([change])
    expect(problems).toEqual([expect.stringContaining('expired on 2026-12-15')])
  })

  it.each<[string, Partial<ContractChange>]>([
    ['another rule', { rule: 'input-type-narrowed' }],
    ['another tool', { tool: 'void_reward' }],
    ['another path', { path: '/memo' }],
    ['a change that harms nobody anymore', { severity: 'safe' }],
    ['a change that is only information', { severity: 'info' }],
  ])('that no longer matches anything fails: %s', (_row, differs) => {
    const { changes, problems } = applyWaivers([{ ...change, ...differs }], [waiver], today)
    expect(changes.map(({ waived }) => waived)).toEqual([undefined])
    expect(problems).toEqual([expect.stringContaining('no longer matches')])
  })

  it.each(['2026-02-30', 'soon', '2026-1-1'])(
    'whose date is none (%s) covers nothing and fails',
    (expires) => {
      const { changes, problems } = applyWaivers([change], [{ ...waiver, expires }], today)
      expect(changes).toEqual([change])
      expect(problems).toEqual([expect.stringContaining('which is not a date')])
    },
  )

  it('covers warnings, too', () => {
    expect(applyWaivers([{ ...change, severity: 'warning' }], [waiver], today).changes[0]?.waived).toBe(
      'nobody sends it',
    )
  })

  it('covers nothing when today is unknown: fail closed', () => {
    expect(applyWaivers([change], [waiver], 'today').changes).toEqual([change])
  })
})

describe('a waiver without a tool', () => {
  const suiteWith = (waiver: string) => {
    const text = `version: 1\ncontract: { waivers: [${waiver}] }\ncases: [{ name: it reads, tool: read }]\n`
    const read = readSuite(text, 'suite.yml')
    if (!read.ok) throw new Error(JSON.stringify(read.problems))
    return read.value
  }
  const dropped: ContractChange = {
    severity: 'breaking',
    rule: 'protocol-version-dropped',
    tool: '',
    path: '',
    side: 'server',
    message: 'The server no longer speaks protocol 2025-03-26, which clients use.',
  }
  const ofServer = '{ rule: protocol-version-dropped, reason: nobody speaks it, expires: 2026-12-15 }'
  const waivers = (text: string) => suiteWith(text).contract.waivers

  it('covers a change of the server, and no tool', () => {
    const { changes, problems } = applyWaivers(
      [dropped, { ...dropped, tool: 'pay' }],
      waivers(ofServer),
      today,
    )
    expect(changes.map(({ waived }) => waived)).toEqual(['nobody speaks it', undefined])
    expect(problems).toEqual([])
  })

  it('is not needed for a tool, whose waiver covers nothing of the server', () => {
    const named = ofServer.replace('reason', 'tool: read, reason')
    const { changes, problems } = applyWaivers([dropped], waivers(named), today)
    expect(changes[0]?.waived).toBeUndefined()
    expect(problems).toEqual([expect.stringContaining('no longer matches')])
  })

  it('is named in problems and in what a pull request adds', () => {
    expect(applyWaivers([], waivers(ofServer), today).problems).toEqual([
      'The waiver of protocol-version-dropped for the server no longer matches any change: remove it.',
    ])
    const { addedWaivers } = compareSuites(suiteWith(''), suiteWith(ofServer))
    expect(addedWaivers).toEqual(['protocol-version-dropped on the server until 2026-12-15'])
  })
})
