import { expect, it } from 'vitest'
import { approvals } from '../../src/decision/gates/approvals.ts'
import type { Equality } from '../../src/decision/snapshot.ts'
import { testGate } from '../support/gate-tester.ts'
import {
  aBlock,
  aBot,
  aContributor,
  accessOf,
  anApproval,
  ann,
  aPerson,
  aReview,
  aSnapshot,
  author,
  bob,
  cleo,
  head,
  minutesLater,
  older,
  reads,
  shaOf,
  writes,
} from '../support/snapshot.ts'

/** The rules of approval, in the order of docs/approvals.md. */

const two = [anApproval(ann), anApproval(bob)]
const dan = aPerson('dan')
const robot = aBot('helper')
const suggestedBy = (person: typeof ann) => aContributor(person, { as: 'co-author', suggestion: true })
const equal: Equality = { same: true, how: 'the commits differ, but the change is the same' }
const different: Equality = { same: false, why: 'price.ts changed since', paths: ['price.ts'] }

testGate('Who may approve', approvals, {
  valid: [
    {
      name: 'two approvals, where the bot behind which nobody is known is trusted by name',
      snapshot: aSnapshot({ reviews: two, unownedBots: [robot] }),
      settings: { bots: 'none', trusted_bots: ['Helper[bot]'] },
      title: 'Approved by 2 people',
    },
    {
      name: 'two people with write access who had no hand in the change',
      snapshot: aSnapshot({ reviews: two }),
      title: 'Approved by 2 people',
      says: [
        'Approved by `ann` and `bob`.',
        '`ann` approved at `aaaaaaa` on Tue, Nov 24, 6:10 PM UTC with the role `write`',
      ],
      next: [],
    },
    {
      name: 'the roles write, maintain and admin, and a custom role that may push',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob), anApproval(cleo), anApproval(dan)],
        access: {
          ...accessOf({ role: 'admin', write: true }, ann),
          ...accessOf({ role: 'maintain', write: true }, bob),
          ...accessOf(writes, cleo),
          ...accessOf({ role: 'release-manager', write: true }, dan),
        },
      }),
      settings: { count: 4 },
      says: ['`maintain`', '`release-manager`'],
    },
    {
      name: 'somebody who took over the login of a contributor is another person: ids are compared, not logins',
      snapshot: aSnapshot({
        contributors: [aContributor(aPerson('ann', { id: 9 }))],
        reviews: two,
      }),
    },
    {
      name: 'a co-author whom no account matches is only shown',
      snapshot: aSnapshot({ reviews: two, unmatchedCoAuthors: ['Zoe <zoe@example.com>'] }),
      says: 'Named as co-author, but not linked to an account: `Zoe <zoe@example.com>`',
    },
    {
      name: 'one more approval than usual where a bot pushed and nobody is known behind it',
      snapshot: aSnapshot({ reviews: [...two, anApproval(cleo)], unownedBots: [robot] }),
      title: 'Approved by 3 people',
    },
    {
      name: 'somebody whose suggestion was committed by somebody else, where the policy allows it',
      snapshot: aSnapshot({ reviews: two, contributors: [suggestedBy(bob)] }),
      settings: { suggestions: 'allow' },
      title: 'Approved by 2 people',
      saysNot: 'cannot approve',
    },
    {
      name: 'one more approval than usual where the branch is in a fork that does not show who pushed',
      snapshot: aSnapshot({ reviews: [...two, anApproval(cleo)], head: { fork: true, pushersHidden: true } }),
      title: 'Approved by 3 people',
    },
    {
      name: 'every listed team is represented by one of the approvers, one person for two teams too',
      snapshot: aSnapshot({
        reviews: two,
        teams: { engineering: [ann.id], 'acme/operations': [ann.id, cleo.id] },
      }),
      settings: { teams: ['engineering', 'acme/operations'] },
    },
    {
      name: 'a commit that cannot be tied to an account, where the policy ignores those',
      snapshot: aSnapshot({ reviews: two, unattributed: [{ commit: head, field: 'author', name: 'Zoe' }] }),
      settings: { unattributed: 'ignore' },
    },
    {
      name: 'one approval, where the policy asks for one',
      snapshot: aSnapshot({ reviews: [anApproval(ann)] }),
      settings: { count: 1 },
      title: 'Approved by 1 person',
    },
  ],
  invalid: [
    {
      name: 'nobody has reviewed',
      snapshot: aSnapshot(),
      state: 'waiting',
      title: 'Waiting for 2 approvals',
      says: [
        'No approvals yet. 2 approvals are needed.',
        'Anyone with write access who did not work on this change',
      ],
    },
    {
      name: 'one approval of two',
      snapshot: aSnapshot({ reviews: [anApproval(ann)] }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: 'Approved by `ann`. 2 approvals are needed.',
    },
    {
      name: 'the author of the pull request',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(author)] }),
      state: 'waiting',
      says: '`author` cannot approve: opened the pull request; wrote `aaaaaaa`',
    },
    {
      name: 'the author of the pull request, where the contributors leave them out',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(author)], contributors: [] }),
      state: 'waiting',
      says: 'but it does not count: opened the pull request',
    },
    ...(['author', 'committer', 'co-author', 'pusher', 'behind the bot'] as const).map((as) => ({
      name: `a contributor: the ${as} of one of the commits`,
      snapshot: aSnapshot({ reviews: two, contributors: [aContributor(bob, { as })] }),
      state: 'waiting' as const,
      title: 'Waiting for 1 more approval',
      says: '`bob` cannot approve: ',
    })),
    {
      name: 'a contributor who was renamed since: ids are compared, not logins',
      snapshot: aSnapshot({ reviews: two, contributors: [aContributor({ ...bob, login: 'robert' })] }),
      state: 'waiting',
    },
    {
      name: 'a contributor of several commits, who is shown as one',
      snapshot: aSnapshot({
        reviews: two,
        contributors: [head, older, shaOf('d')].map((commit) => aContributor(bob, { commit })),
      }),
      state: 'waiting',
      says: '`bob` cannot approve: wrote `aaaaaaa` (and 2 more commits)',
    },
    {
      name: 'a bot',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(robot)], access: accessOf(writes, robot) }),
      state: 'waiting',
      says: 'only people can approve, not bots or apps',
    },
    ...(['Organization', 'Mannequin'] as const).map((type) => ({
      name: `an account of the type ${type}`,
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval({ ...dan, type })],
        access: accessOf(writes, dan),
      }),
      state: 'waiting' as const,
    })),
    {
      name: 'the triage role',
      snapshot: aSnapshot({ reviews: two, access: accessOf({ role: 'triage', write: false }, bob) }),
      state: 'waiting',
      says: 'their role is now `triage`, and write access is needed',
    },
    {
      name: 'somebody who lost write access after approving',
      snapshot: aSnapshot({ reviews: two, access: accessOf(reads, bob) }),
      state: 'waiting',
    },
    {
      name: 'a former collaborator',
      snapshot: aSnapshot({ reviews: two, access: accessOf({ role: 'none', write: false }, bob) }),
      state: 'waiting',
    },
    {
      name: 'somebody whose permission was not read',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(dan)] }),
      state: 'waiting',
      says: 'their role is now `none`',
    },
    {
      name: 'one person who approved twice, under two logins: one person, one approval',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval({ ...ann, login: 'ann-2' }, { submittedAt: minutesLater(1) })],
      }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
    },
    {
      name: 'a deleted account',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(null)] }),
      state: 'waiting',
      says: 'A deleted account approved at `aaaaaaa`',
    },
    {
      name: 'two approvals, where a bot is author and nobody is known behind it',
      snapshot: aSnapshot({ reviews: two, unownedBots: [robot] }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: '`helper[bot]` wrote or pushed part of this change, and no person is known to be responsible for it, so one more approval is needed than usual.',
    },
    {
      name: 'two approvals, where one of two bots is not trusted by name',
      snapshot: aSnapshot({ reviews: two, unownedBots: [robot, aBot('other')] }),
      settings: { bots: 'none', trusted_bots: ['helper[bot]'] },
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: '`other[bot]` wrote or pushed part of this change',
      saysNot: 'helper',
    },
    {
      name: 'two approvals, where an account that is not a bot has the login of a trusted one',
      snapshot: aSnapshot({ reviews: two, unownedBots: [aPerson('helper[bot]', { type: 'Mannequin' })] }),
      settings: { bots: 'none', trusted_bots: ['helper[bot]'] },
      state: 'waiting',
    },
    {
      name: 'three approvals, where each of two bots may hide a person',
      snapshot: aSnapshot({ reviews: [...two, anApproval(cleo)], unownedBots: [robot, aBot('other')] }),
      state: 'waiting',
      says: 'no person is known to be responsible for it, so 2 more approvals are needed than usual.',
    },
    {
      name: 'somebody whose suggestion was committed by somebody else: a contributor, unless the policy says otherwise',
      snapshot: aSnapshot({ reviews: two, contributors: [suggestedBy(bob)] }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: '`bob` cannot approve: is named as co-author of `aaaaaaa`',
    },
    ...(['author', 'committer', 'co-author', 'pusher', 'opener'] as const).map((as) => ({
      name: `somebody who made a suggestion and is ${as} of another commit, where the policy allows suggestions`,
      snapshot: aSnapshot({
        reviews: two,
        contributors: [suggestedBy(bob), aContributor(bob, { as, commit: older })],
      }),
      settings: { suggestions: 'allow' },
      state: 'waiting' as const,
      title: 'Waiting for 1 more approval',
    })),
    {
      name: 'two approvals, where the branch is in a fork that does not show who pushed',
      snapshot: aSnapshot({ reviews: two, head: { fork: true, pushersHidden: true } }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: 'The branch is in a fork that does not show who pushed to it, so one more approval is needed than usual.',
    },
    {
      name: 'three approvals, one of them from the owner of the fork that does not show who pushed',
      snapshot: aSnapshot({
        reviews: [...two, anApproval(cleo)],
        contributors: [{ person: cleo, as: 'fork owner' }],
        head: { fork: true, pushersHidden: true },
      }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
      says: '`cleo` cannot approve: owns the fork whose pushes cannot be read',
    },
    {
      name: 'three approvals, where a bot wrote in a fork that does not show who pushed: both may hide an approver',
      snapshot: aSnapshot({
        reviews: [...two, anApproval(cleo)],
        unownedBots: [robot],
        head: { fork: true, pushersHidden: true },
      }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
    },
    {
      name: 'a commit that GitHub cannot tie to an account: fail closed, name the commit and say how to fix it',
      snapshot: aSnapshot({
        reviews: two,
        unattributed: [
          { commit: older, field: 'author', name: 'Zoe' },
          { commit: older, field: 'committer', name: 'Zoe' },
        ],
      }),
      state: 'failed',
      title: '1 commit without a known author or committer',
      says: [
        'The author and committer of `bbbbbbb` (`Zoe`) is not linked to a GitHub account',
        'Add the email address to the GitHub account that it belongs to',
      ],
    },
    {
      name: 'many commits without an account are counted, not all listed',
      snapshot: aSnapshot({
        reviews: two,
        unattributed: ['1', '2', '3', '4', '5'].map((hex) => ({
          commit: shaOf(hex),
          field: 'author' as const,
          name: `Zoe ${hex}`,
        })),
      }),
      state: 'failed',
      title: '5 commits without a known author',
      says: 'of `1111111`, `2222222`, `3333333` and 2 more (`Zoe 1`, `Zoe 2` and `Zoe 3`)',
      saysNot: '4444444',
    },
    {
      name: 'an unknown pusher, even where the policy ignores names in commits that belong to nobody',
      snapshot: aSnapshot({
        reviews: two,
        unattributed: [{ commit: head, field: 'pusher', name: 'unknown' }],
      }),
      settings: { unattributed: 'ignore' },
      state: 'failed',
      title: 'Pusher unknown',
      says: 'GitHub does not say who pushed `aaaaaaa`, and whoever did must not approve.',
    },
    {
      name: 'a listed team that no approver is a member of',
      snapshot: aSnapshot({
        reviews: two,
        teams: { engineering: [ann.id], operations: [cleo.id, author.id] },
      }),
      settings: { teams: ['engineering', 'operations'] },
      state: 'waiting',
      title: 'Waiting for an approval from operations',
      says: 'Approved by `ann` and `bob`. Nobody from `operations` has approved yet.',
    },
    {
      name: 'a team whose only approver approved something older',
      snapshot: aSnapshot({
        reviews: [...two, anApproval(cleo, { commit: older })],
        teams: { operations: [cleo.id] },
      }),
      settings: { teams: ['operations'] },
      state: 'waiting',
    },
    ...(
      [
        ['absent', 'Team operations does not exist', '`operations` does not exist, or the App cannot see it'],
        ['unreadable', 'Team operations cannot be read', 'grant the App the permission to read members'],
        ['empty', 'Team operations has no members', 'add people with write access'],
        ['no_writers', 'Team operations has nobody with write access', 'give the team write access'],
      ] as const
    ).map(([problem, title, says]) => ({
      name: `a team from which nobody can ever approve: ${problem}`,
      snapshot: aSnapshot({ reviews: two, teamProblems: { operations: problem } }),
      settings: { teams: ['operations'] },
      state: 'failed' as const,
      title,
      says: [says, '`approvals.teams`'],
      next: [],
    })),
    {
      name: 'such a team fails before anybody has approved, also a draft, and is not asked for a review',
      snapshot: aSnapshot({ draft: true, teamProblems: { operations: 'absent', sre: 'empty' } }),
      settings: { teams: ['operations', 'sre'], request_reviews: true },
      state: 'failed',
      title: 'Team operations does not exist (and 1 more)',
      says: '`sre` has no members',
      next: [],
    },
    {
      name: 'a team that still lacks an approval waits where another one that the gate does not name has a problem',
      snapshot: aSnapshot({
        reviews: two,
        teams: { operations: [cleo.id] },
        teamProblems: { 'on-call': 'absent' },
      }),
      settings: { teams: ['operations'] },
      state: 'waiting',
      saysNot: 'on-call',
    },
    ...['absent', 'constructor', '__proto__', 'toString'].map((team) => ({
      name: `a team that could not be read: ${team}`,
      snapshot: aSnapshot({ reviews: two }),
      settings: { teams: [team] },
      state: 'waiting' as const,
      says: `Nobody from \`${team}\` has approved yet.`,
    })),
  ],
})

testGate('Which reviews count', approvals, {
  valid: [
    {
      name: 'a comment after an approval changes nothing',
      snapshot: aSnapshot({
        reviews: [...two, aReview(bob, { submittedAt: minutesLater(5), commit: older })],
      }),
    },
    {
      name: 'a review that is only begun changes nothing',
      snapshot: aSnapshot({ reviews: [...two, aReview(bob, { state: 'PENDING', submittedAt: null })] }),
    },
    {
      name: 'an approval after requested changes lifts the block',
      snapshot: aSnapshot({
        reviews: [aBlock(bob), anApproval(ann), anApproval(bob, { submittedAt: minutesLater(5) })],
      }),
      saysNot: 'requested changes',
    },
    {
      name: 'an approval after a dismissed one counts',
      snapshot: aSnapshot({
        reviews: [
          anApproval(ann),
          aReview(bob, { state: 'DISMISSED' }),
          anApproval(bob, { submittedAt: minutesLater(5) }),
        ],
      }),
    },
    {
      name: 'changes requested by somebody without write access block nothing',
      snapshot: aSnapshot({ reviews: [...two, aBlock(dan)], access: accessOf(reads, dan) }),
    },
    {
      name: 'an approval that somebody else dismissed is shown with who dismissed it',
      snapshot: aSnapshot({
        reviews: [...two, aReview(cleo, { state: 'DISMISSED', dismissal: { by: author, was: 'approved' } })],
      }),
      says: '`cleo` approved at `aaaaaaa` on Tue, Nov 24, 6:10 PM UTC; dismissed by `author`',
    },
    {
      name: 'a block that somebody else dismissed is named with who dismissed it',
      snapshot: aSnapshot({
        reviews: [
          ...two,
          aReview(cleo, { state: 'DISMISSED', dismissal: { by: author, was: 'changes_requested' } }),
        ],
      }),
      says: '`author` dismissed the changes that `cleo` had requested',
    },
    {
      name: 'a block that nobody knows who dismissed, of an account that is gone, is named too',
      snapshot: aSnapshot({
        reviews: [
          ...two,
          aReview(null, { state: 'DISMISSED', dismissal: { by: null, was: 'changes_requested' } }),
        ],
      }),
      says: 'An unknown user dismissed the changes that a deleted account had requested',
    },
    {
      name: 'a block that the reviewer dismissed is not news',
      snapshot: aSnapshot({
        reviews: [
          ...two,
          aReview(cleo, { state: 'DISMISSED', dismissal: { by: cleo, was: 'changes_requested' } }),
        ],
      }),
      saysNot: 'dismissed',
    },
    {
      name: 'a review made after the last change of base',
      snapshot: aSnapshot({
        reviews: two,
        base: { changed: { at: minutesLater(-1), equality: different } },
      }),
    },
    {
      name: 'a review older than the change of base, where both changes of the head are proved equal',
      snapshot: aSnapshot({ reviews: two, base: { changed: { at: minutesLater(1), equality: equal } } }),
    },
  ],
  invalid: [
    {
      name: 'changes requested after an approval revoke it',
      snapshot: aSnapshot({ reviews: [...two, aBlock(bob, { submittedAt: minutesLater(5) })] }),
      state: 'failed',
      title: 'Changes requested by bob',
      saysNot: '`bob` approved',
    },
    {
      name: 'a dismissed review leaves nothing and never revives an older one',
      snapshot: aSnapshot({
        reviews: [...two, aReview(bob, { state: 'DISMISSED', submittedAt: minutesLater(5) })],
      }),
      state: 'waiting',
      title: 'Waiting for 1 more approval',
    },
    {
      name: 'the order is that of time, not that of ids or of the list',
      snapshot: aSnapshot({
        reviews: [aBlock(bob, { id: 1, submittedAt: minutesLater(5) }), ...two],
      }),
      state: 'failed',
    },
    {
      name: 'an approval without a time never hides a review that has one',
      snapshot: aSnapshot({ reviews: [...two, aBlock(bob), anApproval(bob, { submittedAt: null })] }),
      state: 'failed',
    },
    {
      name: 'a standing block by somebody with write access, whatever the count',
      snapshot: aSnapshot({ reviews: [...two, aBlock(cleo)] }),
      settings: { count: 1 },
      state: 'failed',
      title: 'Changes requested by cleo',
      says: 'This clears when the same person approves, or when the review is dismissed.',
    },
    {
      name: 'a standing block on an older commit',
      snapshot: aSnapshot({ reviews: [...two, aBlock(cleo, { commit: older })] }),
      state: 'failed',
    },
    {
      name: 'a standing block by a contributor with write access',
      snapshot: aSnapshot({
        reviews: [...two, aBlock(cleo)],
        contributors: [aContributor(cleo)],
      }),
      state: 'failed',
    },
    {
      name: 'a block followed by a comment',
      snapshot: aSnapshot({
        reviews: [...two, aBlock(cleo), aReview(cleo, { submittedAt: minutesLater(5) })],
      }),
      state: 'failed',
    },
    {
      name: 'only reviews count: approving words in a comment do not',
      snapshot: aSnapshot({ body: 'Approved-by: bob', reviews: [anApproval(ann), aReview(bob)] }),
      state: 'waiting',
    },
    {
      name: 'an approval that is only begun',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), aReview(bob, { state: 'PENDING', submittedAt: null })],
      }),
      state: 'waiting',
    },
    {
      name: 'a review on an old commit, sent after the push',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older, submittedAt: minutesLater(30) })],
      }),
      state: 'waiting',
      says: '`bob` approved an older version and needs to approve again.',
    },
    {
      name: 'a review whose commit is null, collected by git, is stale',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(bob, { commit: null })] }),
      state: 'waiting',
      says: 'stale approval: the commit that was approved no longer exists',
    },
    {
      name: 'a review older than the last change of base',
      snapshot: aSnapshot({ reviews: two, base: { changed: { at: minutesLater(1), equality: different } } }),
      state: 'waiting',
      title: 'Waiting for 2 approvals',
      says: [
        '`ann` and `bob` approved an older version and need to approve again.',
        'the base branch was changed since: `price.ts` changed since',
      ],
    },
    {
      name: 'a review of the very second in which the base changed',
      snapshot: aSnapshot({ reviews: two, base: { changed: { at: minutesLater(0), equality: different } } }),
      state: 'waiting',
    },
    {
      name: 'a review without a time, where the base was changed',
      snapshot: aSnapshot({
        reviews: two.map((review) => ({ ...review, submittedAt: null })),
        base: { changed: { at: minutesLater(1), equality: different } },
      }),
      state: 'waiting',
    },
    {
      name: 'an older commit approved against the old base: the proof for the head tells nothing of what was seen there',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older })],
        equalities: { [older]: equal },
        base: { changed: { at: minutesLater(1), equality: equal } },
      }),
      state: 'waiting',
      says: 'the base branch was changed since, and the head is no longer the approved commit',
    },
    {
      name: 'a draft waits, however many have approved it',
      snapshot: aSnapshot({ reviews: two, draft: true }),
      state: 'waiting',
      title: 'Draft: not ready for review',
    },
  ],
})

testGate('Content, not commits', approvals, {
  valid: [
    {
      name: 'an approval of an older commit counts when its change is proved equal to the one at the head',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older })],
        equalities: { [older]: equal },
      }),
      says: '`bob` approved at `bbbbbbb` on Tue, Nov 24, 6:10 PM UTC with the role `write`; still counts: the commits differ, but the change is the same',
    },
    {
      name: 'dates decide nothing: an approval of the head counts at any age',
      snapshot: aSnapshot({
        reviews: two.map((review) => ({ ...review, submittedAt: '2001-01-01T00:00:00Z' })),
      }),
    },
    {
      name: 'limits on diffs concern proofs only: an approval of the exact head needs none',
      snapshot: aSnapshot({ reviews: two, equalities: { [older]: { ...different, why: 'too large' } } }),
    },
  ],
  invalid: [
    {
      name: 'what cannot be proved is stale, and shown by name',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older })],
        equalities: { [older]: { ...different, why: 'the trees were cut' } },
      }),
      state: 'waiting',
      says: '`bob` approved an older version at `bbbbbbb` on Tue, Nov 24, 6:10 PM UTC (stale approval: the trees were cut',
    },
    {
      name: 'what was not compared at all is stale',
      snapshot: aSnapshot({ reviews: [anApproval(ann), anApproval(bob, { commit: older })] }),
      state: 'waiting',
      says: 'the change has not been compared with the head',
    },
    {
      name: 'a proof for another commit is none',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older })],
        equalities: { [shaOf('d')]: equal },
      }),
      state: 'waiting',
    },
    {
      name: 'equal content does not make a contributor an approver',
      snapshot: aSnapshot({
        reviews: [anApproval(ann), anApproval(bob, { commit: older })],
        equalities: { [older]: equal },
        contributors: [aContributor(bob, { as: 'pusher' })],
      }),
      state: 'waiting',
    },
  ],
})

testGate('Limits', approvals, {
  valid: [],
  invalid: [
    {
      name: 'past what the API can give, fail closed and say why',
      snapshot: aSnapshot({
        reviews: two,
        commitsIncomplete: 'The change has 1200 commits, of which GitHub shows 1000.',
      }),
      settings: { unattributed: 'ignore' },
      state: 'failed',
      title: 'Not all commits could be read',
      says: 'The change has 1200 commits, of which GitHub shows 1000. Their authors are unknown',
    },
  ],
})

testGate('Asking for reviews', approvals, {
  valid: [
    {
      name: 'nobody is asked when nothing is missing',
      snapshot: aSnapshot({ reviews: two }),
      settings: { request_reviews: true },
      next: [],
    },
  ],
  invalid: [
    {
      name: 'off by default',
      snapshot: aSnapshot({ reviews: [anApproval(ann, { commit: older })] }),
      state: 'waiting',
      next: [],
    },
    {
      name: 'only people who can count are asked, and the teams that are missing',
      snapshot: aSnapshot({
        reviews: [anApproval(ann, { commit: older }), anApproval(bob, { commit: older }), anApproval(robot)],
        access: accessOf(reads, bob),
        teams: { operations: [cleo.id] },
      }),
      settings: { request_reviews: true, teams: ['operations'] },
      state: 'waiting',
      next: [{ kind: 'request-reviews', logins: ['ann'], teams: ['operations'] }],
    },
  ],
})

const hostile = '](https://evil.example) @acme/all <img src=x onerror=1> ``` \\| | \u202egnp.exe'

testGate('Text that people wrote', approvals, {
  valid: [
    {
      name: 'stays dead where it is shown beside a passed gate',
      snapshot: aSnapshot({
        reviews: [
          anApproval(ann),
          anApproval(bob, { commit: older }),
          anApproval(cleo, { commit: shaOf('d') }),
        ],
        access: accessOf({ role: hostile, write: true }, ann),
        unmatchedCoAuthors: [hostile],
        equalities: {
          [older]: { same: true, how: hostile },
          [shaOf('d')]: { same: false, why: `${hostile} changed since`, paths: [hostile] },
        },
      }),
    },
    {
      name: 'is cut where a hostile message names thousands of co-authors',
      snapshot: aSnapshot({
        reviews: two,
        unmatchedCoAuthors: Array.from({ length: 5_000 }, (_, index) => `Zoe ${index}`),
      }),
      says: '4990 more co-authors are not linked to an account',
      saysNot: 'Zoe 10',
    },
  ],
  invalid: [
    {
      name: 'stays dead in the reason of a failed gate',
      snapshot: aSnapshot({ unattributed: [{ commit: head, field: 'author', name: hostile }] }),
      state: 'failed',
    },
    {
      name: 'stays dead in the reason why the commits cannot be read',
      snapshot: aSnapshot({ commitsIncomplete: hostile }),
      state: 'failed',
    },
    {
      name: 'stays dead in the reason why the base was changed',
      snapshot: aSnapshot({
        reviews: two,
        base: { changed: { at: minutesLater(1), equality: { same: false, why: hostile, paths: [] } } },
      }),
      state: 'waiting',
    },
  ],
})

it.each([
  ['bots that nobody names', { bots: 'none' }],
  ['names of bots that are not trusted', { trusted_bots: ['helper[bot]'] }],
  ['a person as a bot', { bots: 'none', trusted_bots: ['helper'] }],
])('the settings may not trust %s', (_, settings) => {
  expect(approvals.settings.safeParse(settings).success).toBe(false)
})
