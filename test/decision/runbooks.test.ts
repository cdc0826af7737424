import { describe, expect, it } from 'vitest'
import { runbooks } from '../../src/decision/gates/runbooks.ts'
import { runbookSettings } from '../../src/decision/runbook-settings.ts'
import type { Runbook, RunbookFacts, ToolRunbook } from '../../src/decision/snapshot.ts'
import { testGate } from '../support/gate-tester.ts'
import { aSnapshot } from '../support/snapshot.ts'

/** Which runbooks a head needs, and what counts as one. */

const folder = 'docs/runbooks'
const required = ['Symptoms', 'Diagnosis', 'Remediation', 'Escalation']
const sections = (...headings: string[]) => headings.map((heading) => ({ heading, empty: false }))
const complete: Runbook = { state: 'read', sections: sections('issue_reward', ...required) }
const aTool = (what: Partial<ToolRunbook> = {}): ToolRunbook => ({
  name: 'issue_reward',
  existing: false,
  runbook: complete,
  ...what,
})
const missing: Runbook = { state: 'missing' }
const withTools = (...tools: ToolRunbook[]) => aSnapshot({ runbooks: { state: 'read', folder, tools } })
const withFacts = (facts: RunbookFacts) => aSnapshot({ runbooks: facts })
const withSections = (list: { heading: string; empty: boolean }[], what: Partial<ToolRunbook> = {}) =>
  withTools(aTool({ runbook: { state: 'read', sections: list }, ...what }))
const evil = '](https://evil.example) @acme/all <b> `` \\|'

testGate('The runbooks', runbooks, {
  valid: [
    {
      name: 'a runbook with all headings for each tool',
      snapshot: withTools(aTool(), aTool({ name: 'void_reward', existing: true })),
      title: 'Runbooks complete',
      says: 'all required headings: 2 tools',
    },
    {
      name: 'headings in another case, with a colon, in another order, among others',
      snapshot: withSections(sections('ESCALATION', 'Remediation:', 'Notes', 'diagnosis ', 'Symptoms')),
    },
    {
      name: 'an older tool without a runbook: a note that says what strict would do',
      snapshot: withTools(aTool(), aTool({ name: 'void_reward', existing: true, runbook: missing })),
      title: 'Runbooks complete for new tools',
      says: [
        'Of the tools older than this gate, 1 has no complete runbook.',
        '`void_reward`: `docs/runbooks/void_reward.md` is missing',
      ],
    },
    {
      name: 'an older tool whose runbook has an empty heading',
      snapshot: withSections([{ heading: 'Symptoms', empty: true }], { existing: true }),
      says: 'has nothing under `Symptoms`',
    },
    { name: 'a server that lists no tools', snapshot: withTools(), says: 'lists no tools' },
    {
      name: 'the headings that the policy names, and no others',
      snapshot: withSections(sections('What to do')),
      settings: { headings: ['What to do'] },
    },
  ],
  invalid: [
    {
      name: 'a new tool without a runbook',
      snapshot: withTools(aTool({ runbook: missing }), aTool({ name: 'void_reward' })),
      state: 'failed',
      title: '1 runbook missing or incomplete',
      says: ['`issue_reward`: `docs/runbooks/issue_reward.md` is missing', '`Escalation`'],
      saysNot: 'void_reward',
    },
    {
      name: 'a new tool beside older ones, whose notes come after it',
      snapshot: withTools(
        aTool({ name: 'older', existing: true, runbook: missing }),
        aTool({ name: 'newer', runbook: missing }),
      ),
      state: 'failed',
      title: '1 runbook missing or incomplete',
      says: '❌ `newer`: `docs/runbooks/newer.md` is missing\nℹ️ `older`',
    },
    {
      name: 'an older tool under strict',
      snapshot: withTools(aTool({ existing: true, runbook: missing })),
      settings: { strict: true },
      state: 'failed',
    },
    {
      name: 'a heading that is not there',
      snapshot: withSections(sections('Symptoms', 'Diagnosis', 'Escalation')),
      state: 'failed',
      says: 'has no heading `Remediation`',
    },
    {
      name: 'a heading that only begins alike',
      snapshot: withSections(sections('Symptoms and signs', 'Diagnosis', 'Remediation', 'Escalation')),
      state: 'failed',
      says: 'has no heading `Symptoms`',
    },
    {
      name: 'a heading with nothing under it',
      snapshot: withSections([
        ...sections('Symptoms', 'Diagnosis', 'Remediation'),
        { heading: 'Escalation', empty: true },
      ]),
      state: 'failed',
      says: 'has nothing under `Escalation`',
    },
    {
      name: 'a heading that is there twice, so that nobody knows which one to follow',
      snapshot: withSections(sections(...required, 'escalation')),
      state: 'failed',
      says: 'has more than one heading `Escalation`',
    },
    {
      name: 'a file that could not be read, even of an older tool',
      snapshot: withTools(
        aTool({
          existing: true,
          runbook: { state: 'unreadable', why: 'is a symbolic link; commit the file' },
        }),
      ),
      state: 'failed',
      says: 'is a symbolic link; commit the file',
    },
    {
      name: 'a head whose tools are not known yet',
      snapshot: withFacts({ state: 'no_contract', folder }),
      state: 'waiting',
      title: 'Waiting for the list of tools',
    },
    {
      name: 'a folder that is something else',
      snapshot: withFacts({ state: 'unreadable', folder, why: 'is not a folder' }),
      state: 'failed',
      says: '`docs/runbooks` at this head is not a folder',
    },
    { name: 'facts that were not read', snapshot: aSnapshot(), state: 'failed', says: 'were not read' },
    {
      name: 'facts about another folder than the one in the policy',
      snapshot: withTools(aTool()),
      settings: { folder: 'runbooks' },
      state: 'failed',
      says: 'were not read',
    },
    {
      name: 'names that a server or a policy made up',
      snapshot: withTools(aTool({ name: evil, runbook: missing })),
      settings: { headings: [evil] },
      state: 'failed',
    },
  ],
})

describe('the runbooks', () => {
  it('fail where the policy has no regression that lists the tools', () => {
    const settings = runbookSettings.parse({})
    expect(runbooks.evaluate(withTools(aTool()), settings, { runbooks: settings })).toMatchObject({
      state: 'failed',
      title: 'Runbooks need the staging regression',
    })
    const gates = { runbooks: settings, staging_regression: {} }
    expect(runbooks.evaluate(withTools(aTool()), settings, gates)).toMatchObject({ state: 'passed' })
  })

  it.each([
    ['more headings', { headings: [...required, 'Rollback'] }, true],
    ['strict', { strict: true }, true],
    ['the same', {}, true],
    ['fewer headings', { headings: ['Symptoms'] }, false],
    ['another folder', { folder: 'runbooks' }, false],
  ])('%s: tightens %j is %s', (_, after, tighter) => {
    const parse = (what: object) => runbookSettings.parse(what)
    expect(runbooks.tightens?.(parse(after), parse({}))).toBe(tighter)
  })

  it('that are no longer strict do not tighten', () => {
    expect(runbooks.tightens?.(runbookSettings.parse({}), runbookSettings.parse({ strict: true }))).toBe(
      false,
    )
  })

  it.each(['/docs', 'docs/../secrets', '../x', 'docs/', 'a:b', ''])('refuse the folder %j', (path) => {
    expect(runbookSettings.safeParse({ folder: path }).success).toBe(false)
  })

  it.each(['docs/runbooks', 'ops', '.github/runbooks'])('take the folder %j', (path) => {
    expect(runbookSettings.safeParse({ folder: path }).success).toBe(true)
  })
})
