import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emitterEventNames } from '@octokit/webhooks'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { actionsOf, effectsOf, events, isHandled } from '../../src/bot/events.ts'

const app = parse(readFileSync(join(import.meta.dirname, '../../app.yml'), 'utf8'))
const always = ['installation', 'installation_repositories']

/** Actions that change no fact that a check rests on, each with its reason. */
const withoutEffect: Record<string, string> = {
  'check_run.created': 'runs of other Apps are not facts, and ours are known',
  'check_run.completed': 'runs of other Apps are not facts, and ours are known',
  'check_suite.completed': 'suites are not facts',
  'check_suite.requested': 'a push is reported by pull_request and push',
  'issues.demilestoned': 'milestones are not facts',
  'issues.milestoned': 'milestones are not facts',
  'issues.locked': 'who may comment is not a fact',
  'issues.unlocked': 'who may comment is not a fact',
  'issues.pinned': 'where an issue is shown is not a fact',
  'issues.unpinned': 'where an issue is shown is not a fact',
  'issues.typed': 'the type of an issue is not a fact',
  'issues.untyped': 'the type of an issue is not a fact',
  'label.created': 'a new label is on no pull request',
  'organization.deleted': 'the installation is deleted with it',
  'organization.member_invited': 'an invitation gives no access yet',
  'pull_request.assigned': 'who works on it is not a fact',
  'pull_request.unassigned': 'who works on it is not a fact',
  'pull_request.auto_merge_disabled': 'how it is merged is not a fact',
  'pull_request.auto_merge_enabled': 'how it is merged is not a fact',
  'pull_request.demilestoned': 'milestones are not facts',
  'pull_request.milestoned': 'milestones are not facts',
  'pull_request.dequeued': 'the merge queue speaks by merge_group',
  'pull_request.enqueued': 'the merge queue speaks by merge_group',
  'pull_request.locked': 'who may comment is not a fact',
  'pull_request.unlocked': 'who may comment is not a fact',
  'pull_request.review_requested': 'who is asked for a review is not a fact',
  'pull_request.review_request_removed': 'who is asked for a review is not a fact',
  'pull_request_review.edited': 'what a review says is not a fact, and its state cannot be edited',
  'repository.created': 'installation_repositories tells of it',
}

/** Every event and action that GitHub documents for the events that the App gets. */
const documented = emitterEventNames.filter((name) => events.has(name.split('.')[0] ?? ''))
const withActions = documented.filter(
  (name) => name.includes('.') || !documented.some((other) => other.startsWith(`${name}.`)),
)

describe('every event that GitHub sends us', () => {
  test('is one that app.yml asks for, or that always comes', () => {
    expect([...app.default_events, ...always].sort()).toEqual([...events].sort())
  })

  test.each(withActions)('%s has a handler or a reason to have none, and not both', (name) => {
    const [event = '', action = null] = name.split('.')
    expect(isHandled(event, action)).toBe(withoutEffect[name] === undefined)
  })

  test('no handler and no reason is for an action that GitHub does not have', () => {
    const handled = [...events].flatMap((event) =>
      actionsOf(event).map((action) => (action === '' ? event : `${event}.${action}`)),
    )
    expect(
      [...handled, ...Object.keys(withoutEffect)].filter((name) => !withActions.includes(name as never)),
    ).toEqual([])
  })

  test.each([
    ['an event that we did not ask for', 'watch', 'started'],
    ['an action that GitHub may add', 'pull_request', 'teleported'],
    ['an action named as a property of every object', 'pull_request', 'constructor'],
    ['an event named as a property of every object', 'constructor', 'name'],
  ])('%s is not handled', (_, event, action) => {
    expect(isHandled(event, action)).toBe(false)
  })
})

const repository = { id: 7, name: 'shop', owner: { id: 1, login: 'acme' }, default_branch: 'main' }
const ref = { installationId: 3, repositoryId: 7, owner: 'acme', repo: 'shop' }
const inShop = { installation: { id: 3 }, repository, sender: { id: 9, login: 'eva' } }
const head = { sha: 'a'.repeat(40), ref: 'feature' }
const aPull = (more = {}) => ({ number: 5, head, base: { ref: 'main' }, ...more })

describe('what an event means', () => {
  test.each(['opened', 'labeled', 'synchronize', 'converted_to_draft'])(
    'pull_request.%s: that pull request has changed',
    (action) => {
      expect(effectsOf('pull_request', { ...inShop, action, pull_request: aPull() })).toEqual([
        { kind: 'pull', pull: { ...ref, number: 5 }, sha: head.sha },
      ])
    },
  )

  const aReview = (state: string) => ({
    ...inShop,
    action: 'submitted',
    pull_request: aPull(),
    review: { state },
  })
  test.each(['approved', 'changes_requested', 'a state that GitHub may add'])(
    'a review "%s" is a change',
    (state) => {
      expect(effectsOf('pull_request_review', aReview(state))).toHaveLength(1)
    },
  )

  test('a review that only comments is none', () => {
    expect(effectsOf('pull_request_review', aReview('commented'))).toEqual([])
  })

  const aComment = (body: string | null, more: object = {}) => ({
    ...inShop,
    action: 'created',
    issue: { number: 5, pull_request: {} },
    comment: { id: 8, body, user: { id: 42, login: 'chloe', type: 'User' } },
    ...more,
  })

  test('a comment on a pull request with a line that begins like a command is read', () => {
    expect(effectsOf('issue_comment', aComment('Hm.\n/why'))).toEqual([
      {
        kind: 'command',
        comment: { pull: { ...ref, number: 5 }, comment: 8, author: 42, insider: false },
        text: 'Hm.\n/why',
      },
    ])
  })

  test.each([
    ['OWNER', true],
    ['MEMBER', true],
    ['COLLABORATOR', true],
    ['CONTRIBUTOR', false],
    ['NONE', false],
    [null, false],
  ])('a comment by one whom GitHub calls %s is of an insider: %s', (association, insider) => {
    const { comment } = aComment('/why')
    const payload = aComment('/why', { comment: { ...comment, author_association: association } })
    expect(effectsOf('issue_comment', payload)).toMatchObject([{ comment: { insider } }])
  })

  test.each<[string, object]>([
    ['without a command', aComment('Looks fine. Why not?')],
    ['without a text', aComment(null)],
    ['that was edited into one', aComment('/why', { action: 'edited' })],
    ['that was deleted', aComment('/why', { action: 'deleted' })],
    [
      'of a bot',
      aComment('/why', { comment: { id: 8, body: '/why', user: { id: 9, login: 'x[bot]', type: 'Bot' } } }),
    ],
    ['of nobody', aComment('/why', { comment: { id: 8, body: '/why', user: null } })],
  ])('a comment on a pull request %s has no effect', (_, payload) => {
    expect(effectsOf('issue_comment', payload)).toEqual([])
  })

  test('a comment on an issue is a change of an incident, command or not', () => {
    expect(effectsOf('issue_comment', aComment('/why', { issue: { number: 5 } }))).toEqual([
      { kind: 'incident', repository: ref, number: 5 },
    ])
  })

  test('a label that was deleted is taken off without being named', () => {
    const payload = { ...inShop, action: 'unlabeled', pull_request: aPull() }
    expect(effectsOf('pull_request', payload)).toHaveLength(1)
  })

  test('closed without a merge: nobody else is concerned', () => {
    const payload = { ...inShop, action: 'closed', pull_request: aPull({ merged: false }) }
    expect(effectsOf('pull_request', payload)).toEqual([
      { kind: 'pull', pull: { ...ref, number: 5 }, sha: head.sha },
    ])
  })

  test('merged: its record is due, and what is stacked on its branch has changed', () => {
    const payload = { ...inShop, action: 'closed', pull_request: aPull({ merged: true }) }
    expect(effectsOf('pull_request', payload)).toEqual([
      { kind: 'pull', pull: { ...ref, number: 5 }, sha: head.sha },
      { kind: 'merge', task: { task: 'merged', pull: { ...ref, number: 5 } } },
      { kind: 'pulls', scope: { installationId: 3, repositoryId: 7, baseRef: 'feature' } },
      { kind: 'lookup', lookup: { of: 'retargeted', repository: ref, defaultBranch: 'main' } },
    ])
  })

  const pushedFile = (file: string) => ({ added: [], modified: [file], removed: [] })
  const push = {
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after: 'c'.repeat(40),
    deleted: false,
    commits: [pushedFile('src/price.ts')],
  }
  test('a push to the default branch may bring another policy', () => {
    expect(effectsOf('push', { ...inShop, ...push }).map(({ kind }) => kind)).toEqual(['merge', 'lookup'])
  })

  test('a push that changes CODEOWNERS concerns the pull requests to that branch', () => {
    const commits = [{ added: [], modified: ['docs/CODEOWNERS'], removed: [] }]
    const payload = { ...inShop, ...push, ref: 'refs/heads/release/1', commits }
    expect(effectsOf('push', payload)).toContainEqual({
      kind: 'pulls',
      scope: expect.objectContaining({ baseRef: 'release/1' }),
    })
    const other = { ...payload, commits: [{ added: ['src/CODEOWNERS'], modified: [], removed: [] }] }
    expect(effectsOf('push', other).map(({ kind }) => kind)).toEqual(['merge'])
  })

  const many = <Item>(count: number, item: Item) => Array<Item>(count).fill(item)
  test.each<[string, object]>([
    ['was forced, which may have taken a change back', { forced: true }],
    ['names no commits', { commits: [] }],
    ['has more commits than GitHub names', { commits: many(2048, pushedFile('src/price.ts')) }],
    [
      'has more files in a commit than GitHub names',
      { commits: [{ added: many(2000, 'a'), modified: many(600, 'b'), removed: many(400, 'c') }] },
    ],
  ])('a push that %s may have changed CODEOWNERS', (_, more) => {
    const payload = { ...inShop, ...push, ref: 'refs/heads/release/1', ...more }
    expect(effectsOf('push', payload)).toContainEqual({
      kind: 'pulls',
      scope: { installationId: 3, repositoryId: 7, baseRef: 'release/1' },
    })
  })

  test.each<[string, object]>([
    ['of one commit less', { commits: many(2047, pushedFile('src/price.ts')), forced: false }],
    ['that makes a branch, on which nothing is based yet', { created: true, commits: [] }],
  ])('a push %s is no such doubt', (_, more) => {
    const payload = { ...inShop, ...push, ref: 'refs/heads/release/1', ...more }
    expect(effectsOf('push', payload).map(({ kind }) => kind)).toEqual(['merge'])
  })

  const policy = '.github/release-gate.yml'
  const pulls = (scope: object) => ({ kind: 'pulls', scope })
  const policyPushes: [string, object][] = [
    ['changes the policy', { commits: [pushedFile('src/price.ts'), pushedFile(policy)] }],
    ['adds it', { commits: [{ added: [policy], modified: [], removed: [] }] }],
    ['removes it', { commits: [{ added: [], modified: [], removed: [policy] }] }],
    ['was forced', { forced: true }],
    ['names no commits', { commits: [] }],
    ['has more commits than GitHub names', { commits: many(2048, pushedFile('src/price.ts')) }],
    [
      'has more files in a commit than GitHub names',
      { commits: [{ added: many(3000, 'a'), modified: [], removed: [] }] },
    ],
    ['makes the default branch anew', { created: true }],
  ]
  test.each(policyPushes)('a push to the default branch that %s concerns every pull request', (_, more) => {
    expect(effectsOf('push', { ...inShop, ...push, ...more })).toContainEqual(
      pulls({ installationId: 3, repositoryId: 7 }),
    )
  })

  test.each(policyPushes)(
    'a push to the default branch of `.github` that %s concerns those of every repository',
    (_, more) => {
      const shared = { ...inShop, repository: { ...repository, name: '.GitHub' } }
      expect(effectsOf('push', { ...shared, ...push, ...more })).toContainEqual(pulls({ installationId: 3 }))
    },
  )

  test.each<[string, object]>([
    ['another file of that name', { commits: [pushedFile('docs/release-gate.yml')] }],
    ['another file of `.github`', { commits: [pushedFile('.github/workflows/ci.yml')] }],
    ['the policy of another branch', { ref: 'refs/heads/release/1', commits: [pushedFile(policy)] }],
  ])('a push of %s concerns none of them', (_, more) => {
    for (const name of ['shop', '.github']) {
      const payload = { ...inShop, repository: { ...repository, name }, ...push, ...more }
      expect(effectsOf('push', payload).filter(({ kind }) => kind === 'pulls')).toEqual([])
    }
  })

  test('a push that changes CODEOWNERS in `.github` concerns only the pull requests to that branch', () => {
    const shared = { ...inShop, repository: { ...repository, name: '.github' } }
    const payload = { ...shared, ...push, commits: [pushedFile('CODEOWNERS')] }
    expect(effectsOf('push', payload)).toContainEqual(
      pulls({ installationId: 3, repositoryId: 7, baseRef: 'main' }),
    )
  })

  test('a push to another branch brings none', () => {
    const payload = { ...inShop, ...push, ref: 'refs/heads/release/1' }
    expect(effectsOf('push', payload).map(({ kind }) => kind)).toEqual(['merge'])
  })

  test('a deleted branch: what was based on it has changed', () => {
    const payload = { ...inShop, ...push, ref: 'refs/heads/feature', deleted: true }
    expect(effectsOf('push', payload)).toEqual([
      { kind: 'pulls', scope: { installationId: 3, repositoryId: 7, baseRef: 'feature' } },
      { kind: 'lookup', lookup: { of: 'retargeted', repository: ref, defaultBranch: 'main' } },
    ])
  })

  test('a pushed tag means nothing', () => {
    expect(effectsOf('push', { ...inShop, ...push, ref: 'refs/tags/v1' })).toEqual([])
  })

  const person = { id: 42, login: 'chloe' }
  const installation = { installation: { id: 3 }, organization: { id: 1, login: 'acme' }, sender: { id: 9 } }
  test.each([
    ['a collaborator', 'member', { ...inShop, action: 'removed', member: person }, { repositoryId: 7 }],
    [
      'a member of a team',
      'membership',
      { ...installation, action: 'removed', member: person, team: { id: 1 } },
      {},
    ],
    [
      'a member of the organization',
      'organization',
      { ...installation, action: 'member_removed', membership: { user: person } },
      {},
    ],
  ])('%s who was removed: whatever names that person has changed', (_, event, payload, inside) => {
    expect(effectsOf(event, payload)).toEqual([
      { kind: 'pulls', scope: { installationId: 3, ...inside, personId: 42 } },
    ])
  })

  test.each([
    [
      'in one repository',
      { ...inShop, action: 'removed_from_repository', team: { id: 1 } },
      { repositoryId: 7 },
    ],
    ['everywhere', { ...installation, action: 'deleted', team: { id: 1 } }, {}],
  ])('a team that lost its access %s: every pull request there has changed', (_, payload, inside) => {
    expect(effectsOf('team', payload)).toEqual([{ kind: 'pulls', scope: { installationId: 3, ...inside } }])
  })

  test('a deployment: the pull requests with its head have changed, and those whose content was tested there', () => {
    const payload = { ...inShop, action: 'created', deployment: { sha: 'abc' } }
    expect(effectsOf('deployment_status', payload)).toEqual([
      { kind: 'pulls', scope: { installationId: 3, repositoryId: 7, testedSha: 'abc' } },
    ])
  })

  test.each(['renamed', 'transferred', 'unarchived', 'edited'])(
    'repository.%s: its open pull requests are looked up',
    (action) => {
      expect(effectsOf('repository', { ...inShop, action })).toEqual([
        { kind: 'lookup', lookup: { of: 'repository', repository: ref } },
      ])
    },
  )

  const reach = (more: object) => [{ kind: 'lookup', lookup: { of: 'reach', installationId: 3, ...more } }]

  test.each(['archived', 'deleted'])('repository.%s: GitHub is asked whether that is so', (action) => {
    const deleted = action === 'deleted'
    expect(effectsOf('repository', { ...inShop, action })).toEqual(reach({ repositoryIds: [7], deleted }))
  })

  test('repositories that were taken from the App: GitHub is asked whether that is so', () => {
    const payload = { ...installation, action: 'removed', repositories_removed: [{ id: 7 }, { id: 8 }] }
    expect(effectsOf('installation_repositories', payload)).toEqual(reach({ repositoryIds: [7, 8] }))
  })

  test.each(['suspend', 'deleted'])('installation.%s: GitHub is asked whether that is so', (action) => {
    expect(effectsOf('installation', { ...installation, action })).toEqual(reach({}))
  })

  const everyPull = [
    { kind: 'pulls', scope: { installationId: 3 } },
    { kind: 'lookup', lookup: { of: 'installation', installationId: 3 } },
  ]

  test.each([
    ['deleted', '.github', {}],
    ['archived', '.github', {}],
    ['unarchived', '.GitHub', {}],
    ['renamed', 'old', { repository: { name: { from: '.github' } } }],
    ['renamed', '.github', { repository: { name: { from: 'new' } } }],
    ['transferred', '.github', { owner: { from: { user: { login: 'eva' } } } }],
    ['edited', '.github', { default_branch: { from: 'main' } }],
  ])(
    'repository.%s of %s, from %j: every pull request may be under another policy',
    (action, name, changes) => {
      const payload = { ...inShop, action, repository: { ...repository, name }, changes }
      expect(effectsOf('repository', payload).slice(1)).toEqual(everyPull)
    },
  )

  test.each([
    ['edited', '.github', { description: { from: 'x' } }],
    ['edited', 'shop', { default_branch: { from: 'main' } }],
    ['renamed', 'shop', { repository: { name: { from: 'old' } } }],
    ['deleted', 'shop', {}],
  ])('repository.%s of %s, from %j: no other repository has another policy', (action, name, changes) => {
    const payload = { ...inShop, action, repository: { ...repository, name }, changes }
    expect(effectsOf('repository', payload)).toHaveLength(1)
  })

  test("and with the organization's repository, all others are evaluated again", () => {
    const gone = [
      { id: 7, name: 'shop' },
      { id: 8, name: '.github' },
    ]
    const payload = { ...installation, action: 'removed', repositories_removed: gone }
    expect(effectsOf('installation_repositories', payload).slice(1)).toEqual(everyPull)
    expect(
      effectsOf('installation_repositories', { ...payload, repositories_removed: gone.slice(0, 1) }),
    ).toHaveLength(1)
  })

  test.each(['rerequested', 'requested_action'])(
    'check_run.%s on the regression is a request of whoever pressed it',
    (action) => {
      const payload = {
        ...inShop,
        action,
        check_run: { name: 'Staging regression', head_sha: head.sha },
        requested_action: { identifier: 'run-regression' },
      }
      expect(effectsOf('check_run', payload)).toEqual([
        { kind: 'lookup', lookup: { of: 'regression', repository: ref, sha: head.sha, requestedBy: 9 } },
      ])
    },
  )

  test('an event of no installation has no effect', () => {
    const { installation: _, ...elsewhere } = inShop
    expect(effectsOf('pull_request', { ...elsewhere, action: 'opened', pull_request: aPull() })).toEqual([])
  })

  test('a payload without a documented field is an error, not an event without effect', () => {
    const { pull_request: _, ...payload } = { ...inShop, action: 'opened', pull_request: aPull() }
    expect(() => effectsOf('pull_request', payload)).toThrow(/pull_request/)
  })
})
