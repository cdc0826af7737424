import { describe, expect, it } from 'vitest'
import { effectivePolicy, resolvePolicy } from '../../src/decision/overrides.ts'
import { type Policy, policySchema } from '../../src/decision/policy.ts'
import { checkReport } from '../../src/decision/report.ts'
import type { ChangedPath, ChangedPaths, Snapshot } from '../../src/decision/snapshot.ts'
import { loosens } from '../../src/decision/tightening.ts'
import { decide, worst } from '../../src/decision/verdict.ts'
import { aliveIn } from '../support/rendered.ts'
import {
  aBot,
  aContributor,
  accessOf,
  aLabel,
  anApproval,
  ann,
  aPerson,
  aSnapshot,
  author,
  bob,
  cleo,
  head,
  minutesLater,
  reads,
  shaOf,
  yesterday,
} from '../support/snapshot.ts'

const gates = { approvals: { count: 2 }, release_window: {}, staging_regression: {} }
const fewer = { release_window: 'off', staging_regression: 'off', approvals: { count: 1 } }
const more = { approvals: { count: 3 } }

const policyWith = (...overrides: unknown[]): Policy => policySchema.parse({ gates, overrides })
const one = (when: unknown, settings: unknown): Policy => policyWith({ name: 'it', when, gates: settings })
const applies = (policy: Policy, snapshot: Snapshot) =>
  resolvePolicy(policy, snapshot).override?.name === 'it'

const added = (path: string, mode = '100644'): ChangedPath => ({ path, is: mode })
const edited = (path: string, was = '100644', is = was): ChangedPath => ({ path, was, is })
const removed = (path: string): ChangedPath => ({ path, was: '100644' })
const paths = (...changed: ChangedPath[]): { changed: ChangedPaths } => ({
  changed: { complete: true, paths: changed },
})
const unknownPaths = { changed: { complete: false as const, why: 'more than 3,000 files changed' } }

describe('an override that loosens by paths', () => {
  const policy = one({ paths: ['docs/**', '**/*.md'] }, fewer)
  it.each([
    ['every changed file is in the folder', paths(edited('docs/a.txt'), added('docs/b/c.png'))],
    ['every changed file matches one of several globs', paths(edited('docs/a.txt'), edited('README.md'))],
    ['a file is removed from the folder', paths(removed('docs/a.txt'))],
    ['a script of the folder is edited', paths(edited('docs/build.sh', '100755'))],
  ])('applies where %s', (_, facts) => expect(applies(policy, aSnapshot(facts))).toBe(true))

  it.each([
    ['one file is elsewhere', paths(edited('docs/a.txt'), edited('src/a.ts'))],
    ['a file was moved into the folder from elsewhere', paths(removed('src/pay.ts'), added('docs/pay.ts'))],
    ['a file was moved out of the folder', paths(removed('docs/pay.ts'), added('src/pay.ts'))],
    ['a folder differs in its case', paths(edited('Docs/a.txt'))],
    ['a folder only begins like it', paths(edited('docs-internal/a.txt'))],
    ['a file took the place of the folder', paths(added('docs'))],
    ['no file is changed at all', paths()],
  ])('does not apply where %s', (_, facts) => {
    expect(resolvePolicy(policy, aSnapshot(facts))).toMatchObject({ refused: [] })
    expect(applies(policy, aSnapshot(facts))).toBe(false)
  })

  it.each([
    ['GitHub cut the list of files', unknownPaths, 'more than 3,000 files changed'],
    ['an older version did not read the files', {}, 'the changed files are not known'],
    [
      'a symbolic link was added',
      paths(added('docs/a', '120000')),
      '`docs/a` is a symbolic link or a submodule',
    ],
    ['a file became a symbolic link', paths(edited('docs/a', '100644', '120000')), 'symbolic link'],
    ['a symbolic link became a file', paths(edited('docs/a', '120000', '100644')), 'symbolic link'],
    ['a submodule was moved on', paths(edited('docs/lib', '160000')), 'symbolic link or a submodule'],
    ['a file became executable', paths(edited('docs/a', '100644', '100755')), 'the mode of `docs/a` changed'],
    ['CODEOWNERS is among them', paths(edited('docs/CODEOWNERS')), '`docs/CODEOWNERS` must be named in full'],
    ['a file of GitHub is among them', paths(edited('.github/workflows/deploy.md')), 'must be named in full'],
    ['such a file is written otherwise', paths(edited('.GitHub/CodeOwners.md')), 'must be named in full'],
  ])('does not apply, and says why, where %s', (_, facts, why) => {
    const { override, refused } = resolvePolicy(policy, aSnapshot(facts))
    expect(override).toBeUndefined()
    expect(refused).toEqual([{ name: 'it', why: expect.stringContaining(why) }])
  })

  const guarded = [
    ...['.github/release-gate.yml', 'CODEOWNERS', '.github/mcp-regression.yml', 'tests/suite.yml'],
    ...['suites/rewards.yaml', 'packages/shop/Suite.yml'],
  ]
  const everything = (...named: string[]) =>
    policySchema.parse({
      gates: { approvals: {}, staging_regression: {} },
      overrides: [
        { name: 'it', when: { paths: ['**', ...named] }, gates: { staging_regression: 'off' } },
        {
          name: 'several suites',
          when: { branches: ['later'] },
          gates: { staging_regression: { suite: ['suites', 'packages/**/suite.yml'] } },
        },
        {
          name: 'other',
          when: { branches: ['next'] },
          gates: { staging_regression: { suite: 'tests/suite.yml' } },
        },
      ],
    })
  it.each(guarded)('does not take %s for one of `**`', (path) =>
    expect(applies(everything(), aSnapshot(paths(edited(path))))).toBe(false),
  )
  it.each(guarded)('takes %s where it is named in full', (path) =>
    expect(applies(everything(path), aSnapshot(paths(edited(path))))).toBe(true),
  )
})

describe('an override that loosens by authors', () => {
  const bot = aBot('dependabot')
  const policy = one({ authors: ['dependabot[bot]'] }, fewer)
  const byBot = { author: bot, contributors: [{ person: bot, as: 'opener' as const }, aContributor(bot)] }

  it('applies where all who contributed are listed', () =>
    expect(applies(policy, aSnapshot(byBot))).toBe(true))

  it.each([
    ['somebody else pushed', { contributors: [...byBot.contributors, aContributor(ann, { as: 'pusher' })] }],
    [
      'somebody else is a co-author',
      { contributors: [...byBot.contributors, aContributor(ann, { as: 'co-author' })] },
    ],
    [
      'somebody else opened it',
      { author: ann, contributors: [{ person: ann, as: 'opener' as const }, aContributor(bot)] },
    ],
    [
      'a person has the name of the bot',
      {
        author: { ...bot, type: 'User' as const },
        contributors: [{ person: { ...bot, type: 'User' as const }, as: 'opener' as const }],
      },
    ],
  ])('does not apply where %s', (_, facts) =>
    expect(resolvePolicy(policy, aSnapshot({ ...byBot, ...facts }))).toMatchObject({ refused: [] }),
  )

  it.each([
    [
      'a commit has no known author',
      { unattributed: [{ commit: head, field: 'author' as const, name: 'x' }] },
    ],
    ['nobody knows who pushed', { unattributed: [{ commit: head, field: 'pusher' as const, name: 'x' }] }],
    ['a fork hides who pushed', { head: { pushersHidden: true } }],
    ['a co-author is unknown', { unmatchedCoAuthors: ['X <x@example.com>'] }],
    ['not all commits were read', { commitsIncomplete: 'The change has 2,000 commits.' }],
    ['the account that opened it is gone', { author: null }],
  ])('does not apply, and says why, where %s', (_, facts) => {
    const { override, refused } = resolvePolicy(policy, aSnapshot({ ...byBot, ...facts }))
    expect(override).toBeUndefined()
    expect(refused).toEqual([{ name: 'it', why: 'not everyone who contributed is known' }])
  })
})

describe('an override that loosens by labels', () => {
  const policy = one({ labels: ['small', 'trivial'] }, fewer)
  const rob = aPerson('rob')
  const labelled = (what: Parameters<typeof aLabel>[0], more: Parameters<typeof aSnapshot>[0] = {}) =>
    aSnapshot({ labels: [aLabel({ name: 'small', ...what })], ...more })

  it.each([
    ['somebody with write access added it', labelled({})],
    ['its name differs in case', labelled({ name: 'Small' })],
    ['it is another one of those listed', labelled({ name: 'trivial' })],
    [
      'the content is still the same after a push',
      labelled({ equality: { same: true, how: '' } }, { head: { pushedAt: minutesLater(5) } }),
    ],
    [
      'one that does not count is set as well',
      aSnapshot({ labels: [aLabel({ name: 'small', by: rob }), aLabel({ name: 'trivial' })] }),
    ],
  ])('applies where %s', (_, snapshot) => expect(applies(policy, snapshot)).toBe(true))

  it.each([
    [
      'someone with triage access',
      labelled({ by: rob }, { access: accessOf({ role: 'triage', write: false }, rob) }),
      'no write access',
    ],
    ['someone who lost write access', labelled({}, { access: accessOf(reads, ann) }), 'no write access'],
    ['the author', labelled({ by: author }), 'who worked on this change'],
    [
      'someone who pushed to the branch',
      labelled({}, { contributors: [aContributor(ann, { as: 'pusher' })] }),
      'who worked on this change',
    ],
    ['a bot', labelled({ by: aBot('labeler') }), 'is not a person'],
    ['nobody that GitHub knows', labelled({ by: null }), 'GitHub does not yet list who'],
    [
      'someone, before another push',
      labelled(
        { equality: { same: false, why: 'other lines', paths: [] } },
        { head: { pushedAt: minutesLater(5) } },
      ),
      'before the last push',
    ],
    [
      'someone, in the second of a push',
      labelled({}, { head: { pushedAt: yesterday } }),
      'before the last push',
    ],
    [
      'someone, before the base was changed',
      labelled({}, { base: { changed: { at: minutesLater(5), equality: { same: true, how: '' } } } }),
      'before the base branch was changed',
    ],
  ])('does not apply where it was added by %s', (_, snapshot, why) => {
    const { override, refused } = resolvePolicy(policy, snapshot)
    expect(override).toBeUndefined()
    expect(refused).toEqual([{ name: 'it', why: expect.stringContaining(why) }])
  })

  it('does not apply without the label', () =>
    expect(applies(policy, labelled({ name: 'large' }))).toBe(false))
})

describe('an override that only tightens', () => {
  const bot = aBot('dependabot')
  it.each([
    [
      'one changed file matches',
      { paths: ['payments/**'] },
      paths(edited('README.md'), edited('payments/a.ts')),
    ],
    ['a file differs in case', { paths: ['payments/**'] }, paths(edited('Payments/a.ts'))],
    ['a file was moved away', { paths: ['payments/**'] }, paths(removed('payments/a.ts'), added('src/a.ts'))],
    ['the files are not known', { paths: ['payments/**'] }, unknownPaths],
    [
      'one who contributed is listed',
      { authors: ['dependabot[bot]'] },
      { contributors: [aContributor(ann), aContributor(bot)] },
    ],
    [
      'not everyone who contributed is known',
      { authors: ['dependabot[bot]'] },
      { unmatchedCoAuthors: ['X'] },
    ],
    ['a bot added the label', { labels: ['risky'] }, { labels: [aLabel({ name: 'risky', by: bot })] }],
    ['the base matches', { branches: ['release/*', '!release/old'] }, { base: { ref: 'release/1' } }],
  ])('applies where %s', (_, when, facts) => expect(applies(one(when, more), aSnapshot(facts))).toBe(true))

  it.each([
    ['no file matches', { paths: ['payments/**'] }, paths(edited('README.md'))],
    ['nobody listed contributed', { authors: ['dependabot[bot]'] }, {}],
    ['another label is set', { labels: ['risky'] }, { labels: [aLabel({ name: 'safe' })] }],
    ['the base is excluded', { branches: ['release/*', '!release/old'] }, { base: { ref: 'release/old' } }],
    [
      'only one of two conditions is met',
      { paths: ['payments/**'], branches: ['next'] },
      paths(edited('payments/a.ts')),
    ],
  ])('does not apply where %s', (_, when, facts) =>
    expect(applies(one(when, more), aSnapshot(facts))).toBe(false),
  )
})

describe('the first override that matches', () => {
  const docs = { name: 'docs', when: { paths: ['docs/**'] }, gates: fewer }
  const next = { name: 'next', when: { branches: ['next'] }, gates: more }
  const snapshot = aSnapshot({ ...paths(edited('docs/a.md')), base: { ref: 'next' } })
  it('is the only one that applies', () => {
    expect(resolvePolicy(policyWith(docs, next), snapshot).override?.name).toBe('docs')
    expect(resolvePolicy(policyWith(next, docs), snapshot).override?.name).toBe('next')
  })

  it('leaves gates and settings that it does not name as they are', () => {
    const window = { time_zone: 'Europe/London', urgent: { label: 'hotfix', reason: 'required' } }
    const policy = policySchema.parse({
      gates: { approvals: { count: 2, teams: ['ops'] }, release_window: window },
      overrides: [
        {
          name: 'it',
          when: { branches: ['main'] },
          gates: { approvals: { count: 1 }, release_window: { urgent: { reason: 'optional' } } },
        },
      ],
    })
    expect(effectivePolicy(policy, aSnapshot()).gates).toMatchObject({
      approvals: { count: 1, teams: ['ops'] },
      release_window: { time_zone: 'Europe/London', urgent: { label: 'hotfix', reason: 'optional' } },
    })
  })

  it('trusts the bots that it is for by `bots: none` alone', () => {
    const when = { authors: ['renovate[bot]', 'ana'] }
    const [override] = one(when, { approvals: { bots: 'none' } }).overrides ?? []
    expect(override?.gates.approvals).toMatchObject({ bots: 'none', trusted_bots: ['renovate[bot]'] })
  })

  it('is the same for a policy that was stored and read again', () => {
    const policy = policyWith(docs, next)
    expect(policySchema.parse(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
  })
})

describe('what counts as loosening', () => {
  const trusted = {
    count: 2,
    teams: ['ops'],
    bots: 'none',
    trusted_bots: ['a[bot]', 'b[bot]'],
    suggestions: 'allow',
    unattributed: 'ignore',
  }
  const loosensFrom = (base: unknown, over: unknown) => {
    const policy = policySchema.parse({
      gates: base,
      overrides: [{ name: 'it', when: { branches: ['x'] }, gates: over }],
    })
    return policy.overrides?.map((override) => loosens(policy, override))[0]
  }
  const freeze = { from: '2026-12-18T00:00', to: '2027-01-04T00:00', reason: 'Holidays' }
  it.each<[string, unknown, unknown]>([
    ['more approvals', gates, { approvals: { count: 3 } }],
    ['one more team', { approvals: trusted }, { approvals: { teams: ['ops', 'security'] } }],
    ['fewer trusted bots', { approvals: trusted }, { approvals: { trusted_bots: ['a[bot]'] } }],
    [
      'stricter rules for contributors',
      { approvals: trusted },
      { approvals: { suggestions: 'bar', unattributed: 'fail' } },
    ],
    ['a gate that is off otherwise', { approvals: {} }, { hold: {} }],
    ['the same settings', gates, { approvals: {}, release_window: {} }],
    ['a gate off that was off', { approvals: {} }, { hold: 'off' }],
    [
      'another freeze',
      { release_window: { freezes: [freeze] } },
      {
        release_window: {
          freezes: [freeze, { ...freeze, from: '2026-11-01T00:00', to: '2026-11-02T00:00' }],
        },
      },
    ],
    ['a closed window', gates, { release_window: { frozen: 'Audit' } }],
  ])('not %s', (_, base, over) => expect(loosensFrom(base, over)).toBe(false))

  it.each<[string, unknown, unknown]>([
    ['a gate off', gates, { staging_regression: 'off' }],
    ['fewer approvals', gates, { approvals: { count: 1 } }],
    [
      'more approvals by other teams',
      { approvals: trusted },
      { approvals: { count: 5, teams: ['security'] } },
    ],
    ['another trusted bot', { approvals: trusted }, { approvals: { trusted_bots: ['a[bot]', 'c[bot]'] } }],
    ['approvals by those who suggested it', gates, { approvals: { suggestions: 'allow' } }],
    ['commits of unknown people', gates, { approvals: { unattributed: 'ignore' } }],
    [
      'a shorter window, which may be at another time',
      gates,
      { release_window: { windows: [{ opens: 'Wednesday 10:00', closes: 'Wednesday 10:30' }] } },
    ],
    ['a freeze less', { release_window: { freezes: [freeze] } }, { release_window: { freezes: [] } }],
    [
      'a freeze, with another label that lifts it',
      gates,
      { release_window: { frozen: 'Audit', urgent: { label: 'go' } } },
    ],
    ['another label that holds', { hold: {} }, { hold: { label: 'stop' } }],
    ['stricter limits of the regression', gates, { staging_regression: { coverage: 'required' } }],
    ['more approvals while another gate is off', gates, { approvals: { count: 9 }, release_window: 'off' }],
  ])('%s', (_, base, over) => expect(loosensFrom(base, over)).toBe(true))

  it('depends on the gates that it stands beside', () => {
    const override = { name: 'o', when: { branches: ['main'] }, gates: { approvals: { count: 2 } } }
    const { gates, overrides = [] } = policySchema.parse({
      gates: { approvals: { count: 1 } },
      overrides: [override],
    })
    const stricter = policySchema.parse({ gates: { approvals: { count: 3 } } })
    const answers = [{ gates }, stricter, { gates }].map((policy) =>
      overrides.map((one) => loosens(policy, one)),
    )
    expect(answers).toEqual([[false], [true], [false]])
  })

  it('never passes by an override that only tightens what does not pass without it', () => {
    const reviewers = [ann, bob, cleo]
    for (let bits = 0; bits < 64; bits++) {
      const on = (bit: number) => (bits & (1 << bit)) !== 0
      const snapshot = aSnapshot({
        ...(on(0) ? paths(edited('payments/a.ts')) : unknownPaths),
        reviews: reviewers.filter((_, index) => on(index + 1)).map((person) => anApproval(person)),
        unattributed: on(4) ? [{ commit: head, field: 'author', name: 'x' }] : [],
        labels: on(5) ? [aLabel({ name: 'hold' })] : [],
      })
      const base = policySchema.parse({ gates: { approvals: { unattributed: 'ignore' } } })
      const stricter = { approvals: { count: 3, unattributed: 'fail' }, hold: {} }
      const tight = policySchema.parse({
        ...base,
        overrides: [{ name: 'it', when: { paths: ['payments/**'] }, gates: stricter }],
      })
      const states = [decide(snapshot, base).state, decide(snapshot, tight).state] as const
      expect(worst([...states])).toBe(states[1])
    }
  })
})

describe('the verdict and its check', () => {
  const docs = one({ paths: ['docs/**'] }, fewer)
  const snapshot = aSnapshot({
    ...paths(edited('docs/a.md')),
    reviews: [anApproval(ann)],
    takenAt: '2026-11-26T18:10:00Z',
  })

  it('pass by the gates of the override, and name it', () => {
    const verdict = decide(snapshot, docs)
    expect(verdict).toMatchObject({
      state: 'passed',
      override: {
        name: 'it',
        loosens: true,
        off: ['release_window', 'staging_regression'],
        changes: ['approvals'],
      },
    })
    const { title, summary } = checkReport(verdict, snapshot)
    expect(title).toBe('Ready to merge')
    expect(summary).toContain(
      '### Override\n- `it` applies. Off: Release window and Staging regression. Different settings: Approvals.',
    )
  })

  it('say why an override does not apply, and nothing that people wrote is alive in it', () => {
    const evil = paths(edited('docs/[x](http://evil) @ann', '100644', '100755'))
    const verdict = decide({ ...snapshot, ...evil }, docs)
    expect(verdict.state).not.toBe('passed')
    const { summary } = checkReport(verdict, snapshot)
    expect(summary).toContain('- `it` does not apply: the mode of')
    expect(aliveIn(summary)).toEqual([])
  })

  it('are those of the policy itself where no override matches', () => {
    const verdict = decide({ ...snapshot, ...paths(edited('src/a.ts')) }, docs)
    expect(verdict).not.toHaveProperty('override')
    expect(checkReport(verdict, snapshot).summary).not.toContain('Override')
  })

  it('wait for a draft to be ready where the override turns approvals off', () => {
    const off = one({ paths: ['docs/**'] }, { ...fewer, approvals: 'off', hold: {} })
    expect(decide(snapshot, off).state).toBe('passed')
    expect(decide({ ...snapshot, draft: true }, off)).toMatchObject({ state: 'waiting' })
  })

  it('stay closed under an ordered freeze, though the override turns the window off', () => {
    const frozen = { reason: 'Ledger', by: 'ann', since: yesterday }
    expect(decide({ ...snapshot, frozen }, docs).state).toBe('waiting')
  })

  it('fail where the override leaves no gate', () => {
    const none = one({ paths: ['docs/**'] }, { ...fewer, approvals: 'off' })
    expect(decide(snapshot, none)).toMatchObject({ state: 'failed' })
  })

  it('change with the base that the same head is offered to', () => {
    const policy = one({ branches: ['release/*'] }, { release_window: 'off', staging_regression: 'off' })
    const approved = { ...snapshot, reviews: [anApproval(ann), anApproval(bob)] }
    const toRelease = { ...approved, base: { ...approved.base, sha: shaOf('e'), ref: 'release/1' } }
    expect(decide(toRelease, policy).state).toBe('passed')
    expect(decide(approved, policy).state).not.toBe('passed')
  })
})
