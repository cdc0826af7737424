import { describe, expect, it } from 'vitest'
import { lockedBy } from '../../src/decision/locked-by.ts'
import { resolvePolicy } from '../../src/decision/overrides.ts'
import type { Policy } from '../../src/decision/policy.ts'
import { combinePolicies, identityOf } from '../../src/policy/combine-policies.ts'
import { parsePolicy, policyPath } from '../../src/policy/policy-file.ts'
import { formatProblem } from '../../src/yaml/yaml-file.ts'
import { aSnapshot } from '../support/snapshot.ts'

const sharedPath = 'acme/.github: .github/release-gate.yml'
const combined = (own: string, shared: string) => {
  const both = combinePolicies({
    own: { text: own, where: policyPath, blob: 'a1' },
    shared: { text: shared, where: sharedPath, blob: 'b2' },
  })
  if (!both) throw new Error('no policy')
  return both
}

function policyOf(own: string, shared: string): Policy {
  const { result } = combined(own, shared)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result.policy
}

const problemsOf = (own: string, shared: string): string[] => {
  const { result } = combined(own, shared)
  return result.ok ? [] : result.problems.map(formatProblem)
}
const ignoredIn = (own: string, shared: string) => combined(own, shared).ignored.map(formatProblem)

const locked = (names: string, rest = '') =>
  `locked: [${names}]\ngates: { approvals: { count: 3 }, release_window: { time_zone: UTC } }\n${rest}`

describe('the policy of an organization, where it locks nothing,', () => {
  const shared = `branches: [main, "release/*"]
gates:
  approvals: { count: 3, teams: [engineering] }
  hold: { label: stop }
push: { allowed: ["bot[bot]"] }
slack: { channel: "#org" }
`
  it('fills in gates, settings of gates and other settings that the own file does not name', () => {
    const policy = policyOf('gates: { approvals: { count: 1 }, release_window: {} }\n', shared)
    expect(policy.gates.approvals).toMatchObject({ count: 1, teams: ['engineering'] })
    expect(Object.keys(policy.gates)).toEqual(['approvals', 'release_window', 'hold'])
    expect(policy).toMatchObject({ branches: ['main', 'release/*'], slack: { channel: '#org' } })
    expect(policy.push?.allowed).toEqual(['bot[bot]'])
  })

  it('fills in the settings of a gate that is named without any', () => {
    expect(policyOf('gates:\n  approvals:\n', shared).gates.approvals?.count).toBe(3)
  })

  it('yields to each value and list of the own file, and a gate can be turned off', () => {
    const own =
      'branches: [main]\ngates: { hold: off, approvals: { teams: [] } }\nslack: { channel: "#own" }\n'
    const policy = policyOf(own, shared)
    expect(policy).toMatchObject({ branches: ['main'], slack: { channel: '#own' } })
    expect(policy.gates).toMatchObject({ approvals: { count: 3, teams: [] } })
    expect(policy.gates.hold).toBeUndefined()
  })

  it('is left out with `extends: none`', () => {
    const policy = policyOf('extends: none\ngates: { release_window: {} }\n', shared)
    expect(Object.keys(policy.gates)).toEqual(['release_window'])
    expect(policy.slack).toBeUndefined()
  })

  it('has its overrides replaced by those of the own file, and filled in without them', () => {
    const withOverride = `${shared}overrides: [{ name: docs, when: { paths: ["docs/**"] }, gates: { hold: off } }]\n`
    const named = 'gates: {}\noverrides: [{ name: own, when: { branches: [x] }, gates: { hold: off } }]\n'
    expect(policyOf('gates: {}\n', withOverride).overrides?.map(({ name }) => name)).toEqual(['docs'])
    expect(policyOf(named, withOverride).overrides?.map(({ name }) => name)).toEqual(['own'])
  })

  it('can only report, as can the own file enforce', () => {
    expect(policyOf('gates: {}\n', `enforce: false\n${shared}`).enforce).toBe(false)
    expect(policyOf('enforce: true\ngates: {}\n', `enforce: false\n${shared}`).enforce).toBe(true)
  })
})

describe('what an organization locks', () => {
  it.each<[string, string, string]>([
    ['loosens the gate', 'gates: { approvals: { count: 1 } }', ':1:21: `approvals`'],
    ['tightens the gate', 'gates: { approvals: { count: 5 } }', ':1:21: `approvals`'],
    ['turns the gate off', 'gates: { approvals: off }', ':1:21: `approvals`'],
    ['names the gate without settings', 'gates:\n  approvals:\n', ':2:13: `approvals`'],
    ['covers no branch', 'branches: ["!**"]\ngates: {}', ':1:11: `branches`'],
    ['only reports', 'enforce: false\ngates: {}', ':1:10: `enforce`'],
    ['allows pushes past the gate', 'push: { allowed: [me] }\ngates: {}', ':1:7: `push`'],
    ['extends nothing', 'extends: none\ngates: {}', ':1:10: `extends`'],
    [
      'turns the gate off in an override',
      'gates: {}\noverrides:\n  - { name: o, when: { branches: [main] }, gates: { approvals: off } }',
      ':3:64: `approvals`',
    ],
    ['has locks of its own', 'locked: [approvals]\ngates: { approvals: {} }', ':1:9: `locked`'],
  ])('is as it says, and the place is named, where the own file %s', (_, own, place) => {
    const shared = locked('approvals')
    const alone = parsePolicy(shared)
    if (!alone.ok) throw new Error('invalid')
    expect(policyOf(own, shared)).toEqual(alone.policy)
    expect(ignoredIn(own, shared)[0]).toContain(place)
    expect(combined(own, shared).note).toMatch(
      /locks `approvals`.* Ignored in `\.github\/release-gate\.yml`: line \d/,
    )
  })

  it.each([
    [
      'says the same of branches, pushes and reporting',
      'branches: [main]\nenforce: true\npush: {}\ngates: {}\n',
    ],
    ['names other gates', 'gates: { hold: {} }\n'],
    [
      'has an override of other gates',
      'gates: { hold: {} }\noverrides: [{ name: o, when: { branches: [x] }, gates: { hold: off } }]\n',
    ],
    ['asks to be filled in', 'extends: organization\ngates: {}\n'],
  ])('is not named where the own file %s', (_, own) => {
    expect(ignoredIn(own, locked('approvals'))).toEqual([])
    expect(combined(own, locked('approvals')).note).not.toContain('Ignored')
  })

  it('keeps only what is locked: other gates are still the own ones', () => {
    const own = 'gates: { approvals: { count: 1 }, release_window: off, hold: {} }\n'
    const policy = policyOf(own, locked('approvals'))
    expect(policy.gates.approvals?.count).toBe(3)
    expect(policy.gates).toMatchObject({ hold: { label: 'hold' } })
    expect(policy.gates.release_window).toBeUndefined()
  })

  it('covers overrides of the organization, which come before own ones', () => {
    const both = `overrides:
  - { name: payments, when: { paths: ["pay/**"] }, gates: { approvals: { count: 4 } } }
  - { name: tags, when: { branches: [tags] }, gates: { hold: {} } }
`
    const own = `gates: {}
overrides:
  - { name: mine, when: { paths: ["**"] }, gates: { approvals: { count: 1 }, hold: {} } }
  - { name: gone, when: { paths: ["**"] }, gates: { approvals: off } }
`
    const overrides = policyOf(own, locked('approvals', both)).overrides
    expect(overrides?.map(({ name, gates }) => [name, Object.keys(gates)])).toEqual([
      ['payments', ['approvals']],
      ['mine', ['hold']],
    ])
    expect(ignoredIn(own, locked('approvals', both))).toHaveLength(2)
  })

  it.each([
    [
      'overrides',
      'gates: {}\noverrides: [{ name: o, when: { branches: [x] }, gates: { hold: {} } }]\n',
      'overrides',
    ],
    ['branches', 'branches: [next]\ngates: {}\n', 'branches'],
    ['slack', 'slack: { channel: "#own" }\ngates: {}\n', 'slack'],
  ])('can be %s alone', (name, own, key) => {
    const shared = locked(name, 'slack: { channel: "#org" }\n')
    const policy = policyOf(own, shared)
    expect(policy).toMatchObject({ branches: ['main'], slack: { channel: '#org' } })
    expect(policy.overrides).toBeUndefined()
    expect(ignoredIn(own, shared)).toEqual([
      expect.stringContaining(`\`${key}\`: is locked by ${sharedPath}`),
    ])
  })

  it('is where incidents are kept too, with the gate of that name', () => {
    const shared = 'locked: [incidents]\nincidents: { repository: a/org }\ngates: { incidents: {} }\n'
    const own = 'gates: {}\nincidents: { repository: a/own }\n'
    expect(policyOf(own, shared).incidents?.repository).toBe('a/org')
    expect(ignoredIn(own, shared)).toEqual([expect.stringMatching(/:2:12: `incidents`: is locked by acme/)])
    expect(combined(own, shared).note).toContain('Ignored in `.github/release-gate.yml`: line 2 (`incidents`')
    expect(ignoredIn('gates: {}\nincidents: { repository: a/org }\n', shared)).toEqual([])
  })

  it('can only be reported by the own file where no gate is locked', () => {
    expect(policyOf('enforce: false\ngates: {}\n', locked('slack')).enforce).toBe(false)
    expect(policyOf('enforce: false\ngates: {}\n', locked('slack, enforce')).enforce).toBeUndefined()
  })

  it('names at most five places in the check', () => {
    const one = (n: number) =>
      `  - { name: o${n}, when: { branches: [x] }, gates: { approvals: off, hold: {} } }\n`
    const own = `gates: {}\noverrides:\n${Array.from({ length: 9 }, (_, n) => one(n)).join('')}`
    expect(combined(own, locked('approvals')).note).toMatch(/line 7 \([^)]*\) and 4 more\.$/)
    expect(ignoredIn(own, locked('approvals'))).toHaveLength(9)
  })
})

describe('an override of the organization that names a locked gate', () => {
  const org = `locked: [approvals]
incidents: { repository: a/i }
gates: { approvals: { count: 2 }, incidents: {} }
overrides:
  - { name: site, when: { paths: ["site/**"] }, gates: { staging_regression: { server: web } } }
  - { name: docs, when: { paths: ["docs/**"] }, gates: { approvals: { count: 2 }, incidents: off } }
  - name: payments
    when: { paths: ["payments/**"] }
    gates: { approvals: { count: 3 }, hold: { label: pay-hold } }
`
  const countFor = (own: string, ...paths: string[]) => {
    const changed = {
      complete: true as const,
      paths: paths.map((path) => ({ path, was: '100644', is: '100644' })),
    }
    return resolvePolicy(policyOf(own, org), aSnapshot({ changed })).policy.gates.approvals?.count
  }

  it.each([
    ['gives another gate of it other settings', 'gates: { hold: { label: other } }\n'],
    ['turns another gate of it off', 'gates: { hold: off }\n'],
    [
      'gives another gate of it other settings and has overrides',
      'gates: { hold: { label: other } }\noverrides: [{ name: o, when: { branches: [x] }, gates: { staging_regression: off } }]\n',
    ],
  ])('applies to one file of several where the own file %s', (_, own) => {
    expect(countFor(own, 'payments/a.ts', 'README.md')).toBe(3)
    expect(countFor(own, 'README.md')).toBe(2)
  })

  it.each([
    ['that names no locked gate', 'gates: {}\n', 'site/a.ts'],
    ['by taking from another one what makes it loosen', 'gates: { incidents: off }\n', 'docs/a.md'],
  ])('is not hidden behind another override %s', (_, own, path) => {
    expect(countFor(own, 'payments/a.ts', path)).toBe(3)
  })

  it('locks its other gates that are on without it, which is said of the own file at their place', () => {
    const own = 'gates: { hold: { label: other }, incidents: off }\n'
    expect(ignoredIn(own, org)).toEqual([expect.stringMatching(/:1:45: `incidents`: is locked by acme/)])
    expect(policyOf(own, org).gates).toMatchObject({ incidents: {}, hold: { label: 'other' } })
  })

  it('leaves out a gate that only it and the own file name', () => {
    const payments = (own: string) => policyOf(own, org).overrides?.find(({ name }) => name === 'payments')
    expect(payments('gates: {}\n')?.gates).toMatchObject({
      approvals: { count: 3 },
      hold: { label: 'pay-hold' },
    })
    expect(Object.keys(payments('gates: { hold: { label: other } }\n')?.gates ?? {})).toEqual(['approvals'])
  })

  it('leaves gates alone that only other overrides name', () => {
    const policy = policyOf('gates: { staging_regression: { server: own } }\n', org)
    expect(policy.gates.staging_regression?.server).toBe('own')
  })

  it('counts in place of an own one with its name, of which the line is named', () => {
    const own =
      'gates: {}\noverrides:\n  - { name: "payments ", when: { branches: [x] }, gates: { staging_regression: off } }\n'
    const { overrides } = policyOf(own, org)
    expect(overrides?.map(({ name, when }) => [name, when])).toEqual([
      ['docs', { paths: ['docs/**'] }],
      ['payments', { paths: ['payments/**'] }],
    ])
    expect(ignoredIn(own, org)).toEqual([
      expect.stringMatching(/:3:13: `name`: is the name of an override that acme.* rename or remove it$/),
    ])
    expect(combined(own, org).note).toMatch(/Ignored in .*: line 3 \(/)
  })

  it('is no problem where the own file has the same one', () => {
    const own = `gates: {}\noverrides:\n  - ${org.split('  - ').at(-1)}`
    expect(ignoredIn(own, org)).toEqual([])
    expect(policyOf(own, org).overrides?.map(({ name }) => name)).toEqual(['docs', 'payments'])
  })
})

describe('what a locked gate depends on is locked too:', () => {
  const lockedWith = (name: string, gates: string, rest = '') => {
    const result = parsePolicy(`locked: [${name}]\ngates: { ${gates} }\n${rest}`)
    if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
    return lockedBy(result.policy).filter((each) => !['branches', 'enforce', 'push'].includes(each))
  }
  const regression = 'staging_regression: { server: s, defer_when_urgent: true }'
  const deferring = `overrides: [{ name: o, when: { branches: [x] }, gates: { ${regression} } }]`

  it.each([
    [
      'the window, for incidents',
      'incidents',
      'incidents: {}, release_window: {}',
      ['incidents', 'release_window'],
    ],
    [
      'of a window that the repositories have, who marks a change as urgent',
      'incidents',
      'incidents: {}',
      ['incidents', 'release_window.urgent'],
    ],
    [
      'the window, for production health',
      'production_health',
      'production_health: {}, release_window: {}',
      ['production_health', 'release_window'],
    ],
    [
      'the window, for a regression that urgent changes defer',
      'staging_regression',
      `${regression}, release_window: {}`,
      ['staging_regression', 'release_window'],
    ],
    [
      'the regression and the window, for runbooks',
      'runbooks',
      `runbooks: {}, ${regression}, release_window: {}`,
      ['runbooks', 'staging_regression', 'release_window'],
    ],
    ['nothing that is left to the repositories, for runbooks', 'runbooks', 'runbooks: {}', ['runbooks']],
    [
      'approvals, for code owners',
      'code_owners',
      'code_owners: {}, approvals: {}',
      ['code_owners', 'approvals'],
    ],
    [
      'nothing, for a regression that is never deferred',
      'staging_regression',
      'staging_regression: { server: s }, release_window: {}',
      ['staging_regression'],
    ],
    [
      'nothing, for approvals',
      'approvals',
      `approvals: {}, ${regression}, release_window: {}`,
      ['approvals'],
    ],
    ['nothing, for a setting', 'slack', 'incidents: {}', ['slack']],
  ])('%s', (_, name, gates, all) => {
    expect(lockedWith(name, gates).sort()).toEqual(all.sort())
  })

  it('the window, where only an override defers the regression', () => {
    const gates = 'staging_regression: { server: s }, release_window: {}'
    expect(lockedWith('staging_regression', gates, deferring)).toContain('release_window')
    expect(lockedWith('staging_regression', gates)).not.toContain('release_window')
  })

  it('a window that only an override of the organization has', () => {
    const inOverride = 'overrides: [{ name: o, when: { branches: [x] }, gates: { release_window: {} } }]\n'
    expect(lockedWith('incidents', 'incidents: {}', inOverride)).toContain('release_window')
  })

  it('the own file cannot say who marks a change as urgent, and keeps its window', () => {
    const shared = 'locked: [incidents]\nincidents: { repository: a/i }\ngates: { incidents: {} }\n'
    const anyone = '{ urgent: { label: now, bound_to_head: false }, closing_margin: 5m }'
    const own = `gates: { release_window: ${anyone} }
overrides: [{ name: o, when: { branches: [x] }, gates: { release_window: { urgent: { label: now } } } }]
`
    const { gates, overrides } = policyOf(own, shared)
    expect(gates.release_window).toMatchObject({
      closing_margin: '5m',
      urgent: { label: 'urgent', bound_to_head: true },
    })
    expect(JSON.stringify(overrides)).not.toContain('now')
    expect(ignoredIn(own, shared)).toEqual([
      expect.stringMatching(/:1:36: `urgent`: is locked by acme/),
      expect.stringMatching(/:2:84: `urgent`: is locked/),
    ])
    expect(combined(own, shared).note).toContain('`release_window.urgent`.')
  })
})

describe('where one of the two files is invalid, nothing is in force', () => {
  it.each([
    [
      'own',
      'gates: { approvals: { count: 0 } }\n',
      locked('approvals'),
      /^\.github\/release-gate\.yml:1:30: /,
    ],
    [
      "organization's",
      'gates: {}\n',
      'gates: { aprovals: {} }\n',
      /^acme\/\.github: \.github\/release-gate\.yml:1:10: /,
    ],
    [
      "organization's, with nothing of it wanted",
      'extends: none\ngates: { approvals: {} }\n',
      'gates: 1\n',
      /^acme/,
    ],
  ])('the %s one', (_, own, shared, place) =>
    expect(problemsOf(own, shared)).toEqual([expect.stringMatching(place)]),
  )

  it('one that needs an organization without a policy', () => {
    const own = { text: 'extends: organization\ngates: { approvals: {} }\n', where: policyPath, blob: 'a1' }
    const { result } = combinePolicies({ own }) ?? {}
    expect(result?.ok === false && result.problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^\.github\/release-gate\.yml:1:10: `extends`: .* give the App access/),
    ])
  })

  it('a lock on a gate that is off', () => {
    const result = parsePolicy('locked: [slack, hold]\ngates: { approvals: {} }\n', 'p')
    expect(result.ok === false && result.problems.map(formatProblem)).toEqual([
      'p:1:17: `locked[1]`: the gate `hold` is locked but not on; name it under `gates`, or remove it here',
    ])
  })
})

describe('the combined policy', () => {
  it('is the same when its text is read again, as what is stored is', () => {
    const own = `gates: { hold: {}, approvals: off }\noverrides: [{ name: o, when: { branches: [x] }, gates: { hold: off } }]\n`
    const { file, result } = combined(own, locked('approvals'))
    expect(parsePolicy(file.text)).toEqual(result)
  })

  it('combined with the organization again does not change, so what was stored can stand for the own file', () => {
    const override =
      'overrides: [{ name: pay, when: { paths: ["p/**"] }, gates: { approvals: { count: 4 } } }]\n'
    const { file, result } = combined('gates: { hold: {} }\n', locked('approvals', override))
    expect(combined(file.text, locked('approvals', override)).result).toEqual(result)
  })

  it('is named by both files, whatever they say', () => {
    const { file } = combined('extends: none\ngates: {}\n', 'gates: {}\n')
    expect(file).toMatchObject({ blob: 'a1+b2', where: `${policyPath} + ${sharedPath}` })
    expect(identityOf({ own: { where: 'o', blob: 'a' } })).toEqual({ where: 'o', blob: 'a' })
    expect(identityOf({ shared: { where: 's', blob: 'b' } })).toEqual({ where: 's', blob: 'b' })
  })
})

describe('two policies that are valid alone', () => {
  const freezes = (count: number) =>
    `[${Array.from({ length: count }, () => '{from: 2027-01-01T00:00, to: 2027-01-02T00:00, reason: Holidays}').join(', ')}]`
  const overrides = Array.from(
    { length: 40 },
    (_, n) => `  - {name: o${n}, when: {branches: [x]}, gates: {release_window: {frozen: x}}}\n`,
  ).join('')
  const short = (letter: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${letter}${n}`).join(', ')
  const accounts = Array.from({ length: 400 }, (_, n) => `robot-${'x'.repeat(30)}-${n}`).join(', ')

  it.each([
    [
      'are too long for one',
      `gates: {release_window: {freezes: ${freezes(300)}}}\n`,
      `gates: {}\npush: {allowed: [${accounts}]}\n`,
      /^\.github\/release-gate\.yml:1:1: together with acme\/\.github: \.github\/release-gate\.yml: as one policy, the two files are 19% too large \(this one has 19837 bytes, the other one 16718\); shorten either of them$/,
    ],
    [
      'have too many keys and values for one',
      `gates: {approvals: {teams: [${short('t', 1_400)}]}}\n`,
      `gates: {hold: {}}\npush: {allowed: [${short('p', 2_000)}]}\n`,
      /: as one policy, the two files are 14% too large \(this one has \d+ bytes, the other one \d+\); shorten either of them$/,
    ],
    [
      'repeat the settings of one in each override of the other',
      `gates: {}\noverrides:\n${overrides}`,
      `gates: {release_window: {freezes: ${freezes(200)}}}\n`,
      /^\.github\/release-gate\.yml:1:1: together with acme\/\.github: .*: `overrides`: the 40 overrides repeat what they keep of `gates` \(8000 freezes in all\), which makes the policy \d+% too large; remove overrides, or freezes that have passed$/,
    ],
  ])('are invalid together, which says why, where they %s', (_, own, shared, why) => {
    for (const text of [own, shared]) expect(parsePolicy(text)).toMatchObject({ ok: true })
    expect(problemsOf(own, shared)).toEqual([expect.stringMatching(why)])
  })
})
