import { describe, expect, it } from 'vitest'
import { stagingRegression } from '../../src/decision/gates/staging-regression.ts'
import { defaultPolicy, policySchema } from '../../src/decision/policy.ts'
import { regressionSettings } from '../../src/decision/regression-settings.ts'
import type { RegressionFacts } from '../../src/decision/snapshot.ts'
import { suitesName } from '../../src/decision/suite-places.ts'
import { decide } from '../../src/decision/verdict.ts'
import { testGate } from '../support/gate-tester.ts'
import {
  aBot,
  accessOf,
  aDeployment,
  aLabel,
  anEvidence,
  ann,
  aSnapshot,
  inWindow,
  minutesLater,
  older,
  people,
  reads,
  shaOf,
  stagingTree as tree,
} from '../support/snapshot.ts'

/** What evidence is tied to, and its three verdicts, as the gate evaluates them. */

const facts = (what: Partial<RegressionFacts> = {}) => ({
  regression: { tree, deployments: [aDeployment()], runs: [anEvidence()], ...what },
})
const withFacts = (what: Partial<RegressionFacts> = {}, more: Parameters<typeof aSnapshot>[0] = {}) =>
  aSnapshot({ ...facts(what), ...more })
const run = [{ kind: 'run-regression' as const, server: 'staging' }]
const deployment = [{ kind: 'request-deployment' as const, environment: 'staging' }]
const offer = [{ kind: 'offer-regression' as const }]
const release = (what = {}) => ({
  labels: [aLabel({ name: 'release', at: minutesLater(-30, inWindow), ...what })],
})
const none = { deployment: 'none' }
const evil = '](https://evil.example) @acme/all <b> `` \\|'

testGate('The staging regression', stagingRegression, {
  valid: [
    {
      name: 'evidence of this head: says until when it holds, and is evaluated again then',
      snapshot: withFacts(),
      title: 'Staging regression passed',
      says: [
        'The regression passed on `staging` for this head',
        'Valid until',
        'server `rewards aaaaaaa`, deployment 12 by `github-actions[bot]`',
      ],
      next: [{ kind: 'recheck', at: minutesLater(7 * 24 * 60 - 60, inWindow) }],
    },
    {
      name: 'a millisecond before it is too old',
      snapshot: withFacts({ runs: [anEvidence({ startedAt: '2026-11-18T18:10:00.001Z' })] }),
    },
    {
      name: 'of a process whose clock is a little ahead',
      snapshot: withFacts({ runs: [anEvidence({ startedAt: minutesLater(1, inWindow) })] }),
    },
    {
      name: 'of another head with the identical git tree',
      snapshot: withFacts({
        deployments: [aDeployment({ sha: older })],
        runs: [anEvidence({ headSha: older })],
      }),
      says: 'which has identical files',
    },
    {
      name: 'of the newest deployment, after an older run that failed',
      snapshot: withFacts({
        deployments: [aDeployment({ id: 13 }), aDeployment({ state: 'inactive' })],
        runs: [
          anEvidence({ deploymentId: 13 }),
          anEvidence({ verdict: 'failed', summary: 'answers: 1 of 2 cases failed' }),
        ],
      }),
    },
    {
      name: 'until a waiver of its suite expires, and is evaluated again then',
      snapshot: withFacts({ runs: [anEvidence({ waivedUntil: minutesLater(60, inWindow) })] }),
      next: [{ kind: 'recheck', at: minutesLater(60, inWindow) }],
    },
    {
      name: 'of a run before a newer one that was made for other limits and lacks calls',
      snapshot: withFacts({ runs: [anEvidence({ lacking: 'errors: only 4 calls' }), anEvidence()] }),
    },
    {
      name: 'of a head that another one has replaced on staging since',
      snapshot: withFacts({ deployments: [aDeployment({ state: 'inactive' })] }),
    },
    {
      name: 'while a newer deployment of the head is on its way: staging has not changed yet',
      snapshot: withFacts({
        deployments: [aDeployment({ id: 13, state: 'in_progress', succeededBy: null }), aDeployment()],
      }),
    },
    {
      name: 'a newer success that an unlisted account reports replaces nothing',
      snapshot: withFacts({ deployments: [aDeployment({ id: 13, succeededBy: 'mallory' }), aDeployment()] }),
    },
    {
      name: 'without deployments: tied to the head at the time of the run, and it says so',
      snapshot: withFacts({ deployments: [], runs: [anEvidence({ deploymentId: null })] }),
      settings: none,
      says: 'so the run counts for the head that was current when it ran',
    },
    {
      name: 'by the word of the server that reports the head',
      snapshot: withFacts(),
      settings: { identity: 'server' },
    },
    {
      name: 'of a fork, once it was asked for',
      snapshot: withFacts({}, { head: { fork: true } }),
    },
  ],
  invalid: [
    {
      name: 'the facts were not read',
      snapshot: aSnapshot(),
      state: 'failed',
      title: 'Staging could not be checked',
      next: [],
    },
    {
      name: 'a run that failed',
      snapshot: withFacts({
        runs: [anEvidence({ verdict: 'failed', summary: 'answers: 1 of 2 cases failed' })],
      }),
      state: 'failed',
      title: 'Staging regression failed',
      says: ['`answers: 1 of 2 cases failed`', 'The author'],
      next: [],
    },
    {
      name: 'a run that could not be evaluated is never called a regression',
      snapshot: withFacts({
        runs: [
          anEvidence({
            verdict: 'inconclusive',
            summary: 'connection: refused',
            serverName: null,
            serverVersion: null,
          }),
        ],
      }),
      state: 'failed',
      title: 'Staging regression inconclusive',
      says: ['`connection: refused`', 'click "Run again"', 'says nothing about the change'],
      saysNot: ['failed', 'egression.'],
      next: [],
    },
    {
      name: 'a run that failed before one that gave no result, which lifts nothing',
      snapshot: withFacts({
        runs: [
          anEvidence({ verdict: 'inconclusive', summary: 'connection: refused' }),
          anEvidence({ verdict: 'failed', summary: 'answers: 1 of 2 cases failed' }),
        ],
      }),
      state: 'failed',
      title: 'Staging regression failed',
      says: ['`answers: 1 of 2 cases failed`', 'A later run gave no result', '`connection: refused`'],
      saysNot: ['says nothing about the change'],
      next: [],
    },
    {
      name: 'the newest run counts, though an older one had passed',
      snapshot: withFacts({
        runs: [
          anEvidence({ verdict: 'inconclusive', summary: 'x', startedAt: minutesLater(-1, inWindow) }),
          anEvidence(),
        ],
      }),
      state: 'failed',
    },
    {
      name: 'too old to the millisecond: run again where the head is still on staging',
      snapshot: withFacts({ runs: [anEvidence({ startedAt: '2026-11-18T18:10:00.000Z' })] }),
      state: 'waiting',
      title: 'Waiting for the staging regression',
      says: 'The last run passed more than 7d ago.',
      next: run,
    },
    {
      name: 'dated later than it is now, since the clock was set back: nobody knows its age, and it is run again',
      snapshot: withFacts({ runs: [anEvidence({ startedAt: minutesLater(6, inWindow) })] }),
      state: 'waiting',
      title: 'Waiting for the staging regression',
      says: [
        'The last run is dated Wed, Nov 25, 6:16 PM UTC, which was still to come when this check was evaluated.',
      ],
      next: run,
    },
    {
      name: 'made for other limits and with too few calls for these: run again where the head is still on staging',
      snapshot: withFacts({ runs: [anEvidence({ lacking: 'errors: only 4 calls, 60 are needed' })] }),
      state: 'waiting',
      title: 'Waiting for the staging regression',
      says: 'The last run was made under different limits and does not meet the current ones: `errors: only 4 calls, 60 are needed`.',
      next: run,
    },
    {
      name: 'from the millisecond on at which a waiver of its suite expires',
      snapshot: withFacts({ runs: [anEvidence({ waivedUntil: inWindow })] }),
      state: 'failed',
      title: 'Staging regression failed',
      says: 'contract: a waiver of the suite has expired',
    },
    {
      name: 'evidence of another head, which has other files',
      snapshot: withFacts({
        deployments: [],
        runs: [anEvidence({ headSha: older, tree: shaOf('e') })],
      }),
      state: 'waiting',
      title: 'Not on staging yet',
      next: [],
    },
    {
      name: 'evidence of another head, where the files of neither are known',
      snapshot: withFacts({
        tree: null,
        deployments: [aDeployment({ sha: older })],
        runs: [anEvidence({ headSha: older, tree: null })],
      }),
      state: 'waiting',
      title: 'Not on staging yet',
    },
    {
      name: 'evidence from before the newest deployment of the head',
      snapshot: withFacts({ deployments: [aDeployment({ id: 13 }), aDeployment({ state: 'inactive' })] }),
      state: 'waiting',
      next: run,
    },
    {
      name: 'evidence from before an older deployment of the head that succeeded last',
      snapshot: withFacts({
        deployments: [
          aDeployment({ id: 13, succeededAt: minutesLater(-70, inWindow) }),
          aDeployment({ succeededAt: minutesLater(-65, inWindow) }),
        ],
        runs: [anEvidence({ deploymentId: 13 })],
      }),
      state: 'waiting',
      next: run,
    },
    {
      name: 'evidence that no deployment stands behind, since the policy asks for one now',
      snapshot: withFacts({ deployments: [], runs: [anEvidence({ deploymentId: null })] }),
      state: 'waiting',
      title: 'Not on staging yet',
    },
    ...(['server', 'environment', 'suite'] as const).map((name) => ({
      name: `evidence with another ${name} than the policy's`,
      snapshot: withFacts({ runs: [anEvidence({ [name]: 'canary.yml' })] }),
      state: 'waiting' as const,
      next: run,
    })),
    {
      name: 'a server that reports another head, where the policy asks the server',
      snapshot: withFacts({ runs: [anEvidence({ serverVersion: '1.0.0' })] }),
      settings: { identity: 'server' },
      state: 'failed',
      title: 'Staging regression inconclusive',
      says: 'the server reports version 1.0.0, not this head',
    },
    {
      name: 'deployed and not evaluated: a run is asked for',
      snapshot: withFacts({ runs: [] }),
      state: 'waiting',
      title: 'Waiting for the staging regression',
      next: run,
    },
    {
      name: 'a deployment that an unlisted account reported',
      snapshot: withFacts({ runs: [], deployments: [aDeployment({ succeededBy: 'mallory' })] }),
      state: 'waiting',
      title: 'Deployment is not trusted',
      says: ['`mallory` reported', '`github-actions[bot]`'],
      next: [],
    },
    ...['none', 'queued', 'pending', 'waiting', 'in_progress'].map((state) => ({
      name: `a deployment that is ${state}`,
      snapshot: withFacts({ runs: [], deployments: [aDeployment({ state, succeededBy: null })] }, release()),
      state: 'waiting' as const,
      title: 'Waiting for a deployment',
      next: [],
    })),
    {
      name: 'a deployment that failed',
      snapshot: withFacts({ runs: [], deployments: [aDeployment({ state: 'failure', succeededBy: null })] }),
      state: 'waiting',
      title: 'Deployment failed',
      next: [],
    },
    {
      name: 'replaced on staging before it was evaluated',
      snapshot: withFacts({ runs: [], deployments: [aDeployment({ state: 'inactive' })] }),
      state: 'waiting',
      title: 'No longer on staging',
      next: [],
    },
    {
      name: 'the label release, on by a person with write: a deployment is asked for',
      snapshot: withFacts({ runs: [], deployments: [] }, release()),
      state: 'waiting',
      title: 'Waiting for a deployment',
      next: deployment,
    },
    {
      name: 'the label in other letters is the same label',
      snapshot: withFacts({ runs: [], deployments: [] }, release({ name: 'Release' })),
      state: 'waiting',
      next: deployment,
    },
    {
      name: 'the label, added again after a deployment that failed',
      snapshot: withFacts(
        { runs: [], deployments: [aDeployment({ state: 'error', succeededBy: null })] },
        release(),
      ),
      state: 'waiting',
      next: deployment,
    },
    {
      name: 'the label, added before a deployment that failed: not asked for in a circle',
      snapshot: withFacts(
        { runs: [], deployments: [aDeployment({ state: 'error', succeededBy: null })] },
        release({ at: minutesLater(-120, inWindow) }),
      ),
      state: 'waiting',
      title: 'Deployment failed',
      next: [],
    },
    {
      name: 'the label on a draft asks for nothing',
      snapshot: withFacts({ runs: [], deployments: [] }, { ...release(), draft: true }),
      state: 'waiting',
      next: [],
    },
    ...[
      [
        'somebody without write access',
        { access: { [ann.id]: reads }, ...release() },
        '`ann`, who added it, has no write access',
      ],
      ['a bot', release({ by: aBot('helper') }), 'has no write access'],
      ['nobody knows whom', release({ by: null }), 'GitHub does not yet list who added it'],
    ].map(([who, more, says]) => ({
      name: `the label, added by ${who}, counts for nothing`,
      snapshot: withFacts({ runs: [], deployments: [] }, more as Parameters<typeof aSnapshot>[0]),
      state: 'waiting' as const,
      says: says as string,
      next: [],
    })),
    {
      name: 'a fork is never deployed by us nor run automatically, whatever the labels and deployments',
      snapshot: withFacts({ runs: [] }, { ...release(), head: { fork: true } }),
      state: 'waiting',
      title: 'Staging regression not requested',
      says: 'click "Run again" in the check',
      next: offer,
    },
    {
      name: 'without deployments, the label asks for a run',
      snapshot: withFacts({ runs: [], deployments: [] }, release()),
      settings: none,
      state: 'waiting',
      next: run,
    },
    {
      name: 'without deployments and without the label, the button is offered',
      snapshot: withFacts({ runs: [], deployments: [] }),
      settings: none,
      state: 'waiting',
      title: 'Staging regression not run yet',
      next: offer,
    },
    {
      name: 'what servers and people wrote stays dead text',
      snapshot: withFacts({
        runs: [anEvidence({ verdict: 'failed', summary: evil, serverName: evil, serverVersion: evil })],
      }),
      state: 'failed',
    },
    {
      name: 'who reported a deployment stays dead text',
      snapshot: withFacts({ runs: [], deployments: [aDeployment({ succeededBy: evil })] }),
      state: 'waiting',
    },
  ],
})

describe('an urgent change', () => {
  const urgent = {
    regression: { tree, deployments: [], runs: [] },
    labels: [aLabel({ at: minutesLater(-5, inWindow) })],
  }
  const failedRun = anEvidence({ verdict: 'failed', summary: 'contract: 1 breaking change' })
  const noResult = anEvidence({ verdict: 'inconclusive', summary: 'staging is down' })
  const judge = (settings: object, what: Partial<RegressionFacts> = {}) =>
    decide(
      aSnapshot({ ...urgent, ...(Object.keys(what).length > 0 ? facts(what) : {}) }),
      policySchema.parse({ gates: { release_window: {}, staging_regression: settings } }),
    )

  it('still needs the regression', () => {
    expect(judge({}).state).toBe('waiting')
  })

  it('may go before it where the policy says so, until the urgency expires', () => {
    const [, finding] = judge({ defer_when_urgent: true }).findings
    expect(finding).toMatchObject({ state: 'passed', title: 'Staging regression deferred' })
    expect(finding?.reason).toContain(
      'The regression does not run automatically after the merge: run it with `release-gate regress`. The review issue of the merge asks for the result.',
    )
    expect(finding?.next).toEqual([{ kind: 'recheck', at: minutesLater(24 * 60 - 5, inWindow) }])
  })

  it.each<[string, Partial<RegressionFacts>]>([
    ['its regression has failed', { runs: [anEvidence({ verdict: 'failed', summary: 'errors: 9 of 60' })] }],
    ['a waiver has expired', { runs: [anEvidence({ waivedUntil: minutesLater(-1, inWindow) })] }],
    ['it failed before a run without a result', { runs: [noResult, failedRun] }],
    ['it failed before two runs without a result', { runs: [noResult, noResult, failedRun] }],
    [
      'a waiver has expired since the run before the one without a result',
      { runs: [noResult, anEvidence({ waivedUntil: minutesLater(-1, inWindow) })] },
    ],
    ['it failed after a run that passed', { runs: [noResult, failedRun, anEvidence()] }],
    [
      'it failed on another head with identical files',
      {
        deployments: [aDeployment(), aDeployment({ id: 11, sha: older })],
        runs: [noResult, anEvidence({ verdict: 'failed', headSha: older, deploymentId: 11 })],
      },
    ],
  ])('is not deferred where %s', (_, what) => {
    const [, finding] = judge({ defer_when_urgent: true }, what).findings
    expect(finding).toMatchObject({ state: 'failed', title: 'Staging regression failed' })
    expect(finding?.reason).not.toContain('says nothing about the change')
  })

  it.each<[string, object, Partial<RegressionFacts>]>([
    [
      'it was deployed again after it failed',
      {},
      { deployments: [aDeployment({ id: 13 })], runs: [failedRun] },
    ],
    [
      'the run after the failure was of a server that reports another head',
      { identity: 'server' },
      { runs: [anEvidence({ serverVersion: '1.0.0' }), failedRun] },
    ],
    [
      'the run after the failure passed with too few calls',
      {},
      { runs: [anEvidence({ lacking: 'its report cannot be read' }), failedRun] },
    ],
  ])('is not deferred either where %s', (_, settings, what) => {
    const [, finding] = judge({ defer_when_urgent: true, ...settings }, what).findings
    expect(finding?.state).not.toBe('passed')
  })

  it.each<[string, Partial<RegressionFacts>]>([
    ['gave no result after one that passed after a failure', { runs: [noResult, anEvidence(), failedRun] }],
    ['gave no result', { runs: [anEvidence({ verdict: 'inconclusive', summary: 'staging is down' })] }],
    ['is too old', { runs: [anEvidence({ startedAt: '2026-11-01T18:00:00.000Z' })] }],
    [
      'failed with another suite than the policy names',
      { runs: [anEvidence({ verdict: 'failed', suite: 'canary.yml' })] },
    ],
  ])('is deferred where its run %s', (_, what) => {
    const [, finding] = judge({ defer_when_urgent: true }, what).findings
    expect(finding).toMatchObject({ state: 'passed', title: 'Staging regression deferred' })
  })

  it('that is deferred shows the run that gave no result', () => {
    const inconclusive = anEvidence({
      verdict: 'inconclusive',
      summary: 'down',
      checkUrl: 'https://g.example/1',
    })
    const [, finding] = judge({ defer_when_urgent: true }, { runs: [inconclusive] }).findings
    expect(finding).toMatchObject({
      link: 'https://g.example/1',
      details: [expect.stringContaining('Run `')],
    })
  })

  it('still needs it where the label does not count', () => {
    const withoutAccess = aSnapshot({ ...urgent, access: accessOf(reads, ...people) })
    const gates = { release_window: {}, staging_regression: { defer_when_urgent: true } }
    const [, finding] = decide(withoutAccess, policySchema.parse({ gates })).findings
    expect(finding).toMatchObject({ gate: 'staging_regression', state: 'waiting' })
  })

  it('is not urgent for a policy without a release window', () => {
    const policy = policySchema.parse({ gates: { staging_regression: { defer_when_urgent: true } } })
    expect(decide(aSnapshot(urgent), policy).state).toBe('waiting')
  })
})

describe('a run is kept by its suites', () => {
  const names = [['a.yml', 'b.yml'], ['a.yml b.yml'], ['a.yml', 'b.yml c.yml'], ['a.yml b.yml', 'c.yml']]
  it('and other suites have another name, also with spaces in it', () => {
    expect(new Set(names.map(suitesName)).size).toBe(names.length)
    expect(suitesName('a b.yml')).toBe(suitesName(['a b.yml']))
    expect(suitesName(['suites/a.yml', 'b/**'])).toBe('suites/a.yml b/**')
  })
})

describe('the settings', () => {
  it('have defaults', () => {
    expect(regressionSettings.parse({})).toEqual({
      server: 'staging',
      environment: 'staging',
      suite: '.github/mcp-regression.yml',
      freshness: '7d',
      identity: 'deployment',
      deployment: 'required',
      deployers: ['github-actions[bot]'],
      limits: { errors: '2%', p95: '3s', per_tool: 20, total: 60 },
      coverage: 'optional',
      defer_when_urgent: false,
    })
  })

  it('are not in the default policy, whose other gates decide alone', () => {
    expect(Object.keys(defaultPolicy.gates)).toEqual(['approvals', 'release_window'])
  })

  it.each([
    ['an unknown key', { url: 'https://evil.example' }],
    ['an address for a server', { server: 'https://evil.example' }],
    ['a command for a server', { server: 'node server.js' }],
    ['a variable of another kind for a server', { server: 'DATABASE_URL' }],
    ['a suite outside of the repository', { suite: '../suite.yml' }],
    ['a suite at the root of the machine', { suite: '/etc/suite.yml' }],
    ['a list of no suites', { suite: [] }],
    ['a list with a suite outside of the repository', { suite: ['suites', 'a/../../suite.yml'] }],
    ['a list with a suite that is left out', { suite: ['suites', '!suites/slow.yml'] }],
    ['nobody as deployers', { deployers: [] }],
    ['an error rate above everything', { limits: { errors: '101%' } }],
    ['a latency without a unit', { limits: { p95: '3' } }],
    ['no samples', { limits: { total: 0 } }],
    ['a freshness that is not a duration', { freshness: 'forever' }],
  ])('refuse %s', (_, settings) => {
    expect(regressionSettings.safeParse(settings).success).toBe(false)
  })
})
