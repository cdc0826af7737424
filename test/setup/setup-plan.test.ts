import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import { sectionsOf } from '../../src/regression/runbook/sections.ts'
import { samplePolicy } from '../../src/setup/sample-policy.ts'
import { planSetup } from '../../src/setup/setup-plan.ts'
import { planText } from '../../src/setup/setup-text.ts'
import {
  APP,
  aBranch,
  aPolicy,
  aRepository,
  aRuleset,
  aSource,
  CHECK,
  type RepositoryOverrides,
} from '../doctor/facts.ts'

const plan = (overrides: RepositoryOverrides) => planSetup(aRepository(overrides), APP)
const covering = (branches: string) => aPolicy(`branches: ${branches}\ngates:\n  approvals: {}\n`)
const bare = { branches: [aBranch([])] }
const kinds = (overrides: RepositoryOverrides) => plan(overrides).steps.map(({ kind }) => kind)

function bodyOf(overrides: RepositoryOverrides) {
  const step = plan(overrides).steps[0]
  if (step?.kind !== 'create-ruleset' && step?.kind !== 'update-ruleset')
    throw new Error('No ruleset is planned')
  return step.body
}

describe('the plan', () => {
  it('is empty where everything is set up, by whichever rule', () => {
    expect(plan({})).toEqual({ steps: [], inexpressible: [] })
  })

  it('creates the labels of overrides too, each once', () => {
    const overrides = `overrides:
  - { name: a, when: { labels: [risky] }, gates: { hold: { label: stop } } }
  - { name: b, when: { labels: [Risky, go] }, gates: { release_window: { urgent: { label: hotfix } } } }
`
    const policy = aPolicy(`gates: { approvals: {}, release_window: {} }\n${overrides}`)
    const names = plan({ policy, labels: [] }).steps.map(
      (step) => step.kind === 'create-label' && step.label.name,
    )
    expect(names).toEqual(['urgent', 'hotfix', 'release', 'stop', 'risky', 'go'])
  })

  it('says that a policy only reports, also where nothing is left to do', () => {
    const found = plan({ policy: aPolicy('enforce: false\ngates: { approvals: {} }\n') })
    expect(found).toMatchObject({ steps: [], reportOnly: true })
    expect(planText('acme/shop', found)).toMatch(
      /nothing to do\.\nThe policy only reports .* Remove that line/,
    )
    expect(planText('acme/shop', plan({}))).not.toContain('only reports')
  })

  it('creates a ruleset that pins the check to the App and insists on pull requests', () => {
    const { rules, conditions, enforcement } = bodyOf(bare)
    expect(enforcement).toBe('active')
    expect(conditions.ref_name).toEqual({ include: ['~DEFAULT_BRANCH'], exclude: [] })
    expect(rules.map(({ type }) => type).sort()).toEqual([
      'deletion',
      'non_fast_forward',
      'pull_request',
      'required_status_checks',
    ])
    expect(rules.find(({ type }) => type === 'required_status_checks')?.parameters).toMatchObject({
      required_status_checks: [{ context: CHECK, integration_id: APP }],
    })
  })

  it.each([
    ['[main]', ['~DEFAULT_BRANCH']],
    ['["release/*"]', ['~DEFAULT_BRANCH', 'refs/heads/release/*']],
    ['["hotfix/**"]', ['~DEFAULT_BRANCH', 'refs/heads/hotfix/**/*']],
    ['["**"]', ['~DEFAULT_BRANCH', 'refs/heads/**/*']],
  ])('says the branches %s of the policy in the words of a ruleset', (branches, include) => {
    expect(bodyOf({ ...bare, policy: covering(branches) }).conditions.ref_name.include).toEqual(include)
  })

  it('reports a glob that a ruleset cannot express, and leaves it out', () => {
    const found = plan({ ...bare, policy: covering('["{a,b}/*"]') })
    expect(found.inexpressible).toEqual(['{a,b}/*'])
    expect(planText('acme/shop', found)).toContain('A ruleset cannot express "{a,b}/*"')
    expect(JSON.stringify(found.steps)).not.toContain('{a,b}')
  })

  it.each([
    ['[main, "release/*", "!release/legacy"]', ['refs/heads/release/*'], ['refs/heads/release/legacy']],
    ['["release/*", "!release/old/**"]', ['refs/heads/release/*'], ['refs/heads/release/old/**/*']],
  ])('excludes what the branches %s of the policy exclude last', (branches, include, exclude) => {
    const found = plan({ ...bare, policy: covering(branches) })
    expect(found.inexpressible).toEqual([])
    expect(bodyOf({ ...bare, policy: covering(branches) }).conditions.ref_name).toEqual({
      include: ['~DEFAULT_BRANCH', ...include],
      exclude,
    })
  })

  it.each([
    ['a later pattern may include it again', '["!release/legacy", "release/*"]', '!release/legacy'],
    ['it would exclude the default branch, which is always covered', '["release/*", "!ma*"]', '!ma*'],
    ['it has braces', '["release/*", "!release/{a,b}"]', '!release/{a,b}'],
  ])('excludes nothing, and says what to do, where %s', (_, branches, pattern) => {
    const found = plan({ ...bare, policy: covering(branches) })
    expect(found.inexpressible).toEqual([pattern])
    expect(bodyOf({ ...bare, policy: covering(branches) }).conditions.ref_name.exclude).toEqual([])
    expect(planText('acme/shop', found)).toContain(
      `A ruleset cannot express "${pattern}" from the policy's \`branches\`. Where the check is required on those branches, nothing can be merged`,
    )
  })

  it('does not require the check before there is a policy: it would block everything', () => {
    const overrides = { ...bare, policy: { kind: 'none' as const }, labels: [] }
    expect(kinds(overrides)).toEqual(['push-policy', 'create-label', 'create-label'])
    expect(planText('acme/shop', plan(overrides))).toContain('time_zone: America/Los_Angeles')
  })

  it('nor while the policy is not valid', () => {
    expect(kinds({ ...bare, policy: aPolicy('gates: 1\n') })).toEqual(['fix-policy'])
  })

  it("nor while the organization's policy is lost", () => {
    const loss = { what: 'it is gone', fix: 'Bring it back' }
    const policy = { kind: 'lost' as const, where: 'acme/.github: p', loss, shared: true as const }
    const lost = { ...bare, policy }
    expect(kinds(lost)).toEqual(['fix-policy'])
    expect(planText('acme/shop', plan(lost))).toMatch(/Fix acme\/.github: p .*it is gone\. Bring it back\./)
  })

  it('creates the labels that are missing, with colours and descriptions that GitHub takes', () => {
    const labels = plan({ labels: ['RELEASE'] }).steps.flatMap((step) =>
      step.kind === 'create-label' ? step.label : [],
    )
    expect(labels.map(({ name }) => name)).toEqual(['urgent', 'hold'])
    for (const { color, description } of labels) {
      expect(color).toMatch(/^[0-9a-f]{6}$/)
      expect(description.length).toBeLessThanOrEqual(100)
    }
  })

  it('shows a policy that is valid', () => {
    expect(parsePolicy(samplePolicy)).toMatchObject({ ok: true })
  })
})

describe('its own ruleset, changed by somebody', () => {
  const own = (overrides: Parameters<typeof aRuleset>[0]) => ({ ...bare, rulesets: [aRuleset(overrides)] })
  const checks = (...required: object[]) => ({
    type: 'required_status_checks',
    parameters: { strict_required_status_checks_policy: true, required_status_checks: required },
  })

  it.each([
    ['disabled', { enforcement: 'disabled' }],
    ['in evaluate mode', { enforcement: 'evaluate' }],
    ['without the check', { rules: [{ type: 'deletion' }] }],
    ['unpinned', { rules: [checks({ context: CHECK })] }],
    ['pinned to another App', { rules: [checks({ context: CHECK, integration_id: 9 })] }],
    ['excluding a branch that is covered', { exclude: ['refs/heads/main'] }],
    ['no longer for the default branch', { include: ['refs/heads/old'] }],
  ])('is changed back when it is %s', (_, overrides) => {
    expect(kinds(own(overrides))).toEqual(['update-ruleset'])
  })

  it('keeps other rules, checks, branches and settings of it', () => {
    const rules = [
      { type: 'required_linear_history' },
      checks({ context: 'Tests', integration_id: 5 }, { context: CHECK }),
    ]
    const body = bodyOf(own({ rules, include: ['refs/heads/next'] }))
    expect(body.conditions.ref_name.include).toEqual(['refs/heads/next', '~DEFAULT_BRANCH'])
    expect(body.rules).toEqual([
      { type: 'required_linear_history' },
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: true,
          required_status_checks: [
            { context: 'Tests', integration_id: 5 },
            { context: CHECK, integration_id: APP },
          ],
        },
      },
    ])
    expect(body).not.toHaveProperty('bypass_actors')
  })

  it('keeps what is excluded and not covered, and drops what is covered', () => {
    const exclude = ['refs/heads/release/a', 'refs/heads/try/*', 'refs/heads/release/2', '~DEFAULT_BRANCH']
    const policy = covering('["release/*", "!release/{a,b}", "!release/c"]')
    const body = bodyOf({ ...own({ exclude: [...exclude, 'refs/heads/ma*'] }), policy })
    expect(body.conditions.ref_name.exclude).toEqual([
      'refs/heads/release/a',
      'refs/heads/try/*',
      'refs/heads/release/c',
    ])
  })

  it('is left alone where it is as it should be, with an exclusion that opens nothing', () => {
    const overrides = {
      branches: [aBranch([aSource()])],
      rulesets: [aRuleset({ exclude: ['refs/heads/try/*'] })],
    }
    expect(kinds(overrides)).toEqual([])
  })

  it('of the organization is not changed: a ruleset of the repository is created beside it', () => {
    expect(kinds(own({ owner: 'Organization', enforcement: 'disabled' }))).toEqual(['create-ruleset'])
  })
})

describe('the template of a runbook', () => {
  const runbooks = aPolicy(
    'gates:\n  approvals: {}\n  staging_regression: {}\n  runbooks: { headings: [Symptoms, "What to do"] }\n',
  )

  it('has the headings of the policy, and is shown only where the policy names the gate', () => {
    const text = planText('acme/shop', plan({ policy: runbooks }))
    expect(text).toContain('commit docs/runbooks/<tool>.md for each tool')
    expect(text).toMatch(/## Symptoms[\s\S]*## What to do/)
    expect(planText('acme/shop', plan({}))).not.toContain('runbook')
  })

  it('does not pass the gate before it is filled in', () => {
    const sections = sectionsOf(plan({ policy: runbooks }).runbook?.text ?? '')
    expect(sections).toEqual([
      { heading: '<tool>', empty: true },
      { heading: 'Symptoms', empty: true },
      { heading: 'What to do', empty: true },
    ])
  })
})
