import { describe, expect, it } from 'vitest'
import {
  type ContributionFacts,
  type Contributions,
  contributionsOf,
} from '../../src/decision/contributors.ts'
import {
  aBot,
  aCommit,
  ann,
  aPerson,
  aPush,
  author,
  bob,
  cleo,
  head,
  older,
  shaOf,
} from '../support/snapshot.ts'

/** Who may not approve, from raw commits and pushes. */

const base = shaOf('c')
const robot = aBot('helper')
const webFlow = aPerson('web-flow')
const inBrowser = { name: 'GitHub', person: webFlow }
const signed = (person: typeof ann | null, name = 'Somebody') => ({ name, person })

/** A pull request of `author` with one commit of theirs that they pushed. */
function contributions(what: Partial<ContributionFacts> = {}): Contributions {
  return contributionsOf({
    opener: author,
    head,
    commits: [aCommit(head)],
    pushes: [aPush(author, head)],
    cleanMerges: new Set(),
    ...what,
  })
}

/** `login part` of everybody but the author. */
function others({ contributors }: Contributions): string[] {
  return contributors
    .filter(({ person }) => person !== author)
    .map(({ person, as }) => `${person.login} ${as}`)
}

const trailer = (...lines: string[]) => ['Sell more', '', ...lines].join('\n')

describe('barred are', () => {
  const cases: { name: string; facts: Partial<ContributionFacts>; barred: string[] }[] = [
    { name: 'the author of the pull request alone, where they did everything', facts: {}, barred: [] },
    {
      name: 'the author and the committer of all commits, not of the head alone',
      facts: {
        commits: [
          aCommit(older, { author: signed(ann), committer: signed(bob) }),
          aCommit(head, { parents: [older] }),
        ],
      },
      barred: ['ann author', 'bob committer'],
    },
    {
      name: 'the authors on the side branch of a merge',
      facts: {
        commits: [
          aCommit(shaOf('d'), { author: signed(ann), committer: signed(ann) }),
          aCommit(older),
          aCommit(head, { parents: [older, shaOf('d')] }),
        ],
      },
      barred: ['ann author', 'ann committer'],
    },
    {
      name: 'every co-author whom an address of GitHub names, by its id',
      facts: {
        commits: [
          aCommit(head, {
            message: trailer(
              'Co-authored-by: Ann <77+ann-now@users.noreply.github.com>',
              'co-AUTHORED-by:  <78+bob@users.noreply.github.com>',
            ),
          }),
        ],
      },
      barred: ['ann-now co-author', 'bob co-author'],
    },
    {
      name: 'co-authors in a message with the line ends of Windows, and of an Enterprise Server',
      facts: {
        commits: [
          aCommit(head, {
            message: 'Sell\r\n\r\nCo-authored-by: Ann <77+ann@users.noreply.ghe.example.com>\r\n',
          }),
        ],
      },
      barred: ['ann co-author'],
    },
    {
      name: 'co-authors in every spelling that git takes for a trailer, and all addresses of one line',
      facts: {
        commits: [
          aCommit(head, {
            message: trailer(
              'Co-authored-by : Ann <77+ann@users.noreply.github.com>',
              'CO-AUTHORED-BY\t: Bob <78+bob@users.noreply.github.com> (pairing)',
              'Co-authored-by: Cleo <79+cleo@users.noreply.github.com>, Zoe <zoe@example.com>, Dan <80+dan@users.noreply.github.com>',
            ),
          }),
        ],
      },
      barred: ['ann co-author', 'bob co-author', 'cleo co-author', 'dan co-author'],
    },
    {
      name: 'nobody whom a line names that is no trailer',
      facts: {
        commits: [
          aCommit(head, {
            message: trailer('Not-co-authored-by: Ann <77+ann@users.noreply.github.com>', 'co-authored-by'),
          }),
        ],
      },
      barred: [],
    },
    {
      name: 'everybody who pushed any of the commits: the second account push',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: older }), aPush(bob, older)],
      },
      barred: ['bob pusher'],
    },
    {
      name: 'nobody who pushed only what is not part of the change anymore',
      facts: { pushes: [aPush(author, head), aPush(bob, shaOf('e'))] },
      barred: [],
    },
    {
      name: 'the person behind a bot: whoever pushed its commits',
      facts: {
        opener: robot,
        commits: [aCommit(head, { author: signed(robot), committer: signed(robot) })],
        pushes: [aPush(ann, head)],
      },
      barred: ['helper[bot] opener', 'helper[bot] author', 'helper[bot] committer', 'ann pusher'],
    },
    {
      name: 'nobody for a commit in the browser that GitHub verified, but its author',
      facts: {
        commits: [aCommit(head, { author: signed(ann), committer: inBrowser, verified: true })],
      },
      barred: ['ann author'],
    },
    {
      name: 'nobody who wrote or pushed an update merge that is proved clean',
      facts: {
        commits: [
          aCommit(older),
          aCommit(head, { parents: [older, base], author: signed(ann), committer: signed(ann) }),
        ],
        pushes: [aPush(author, older), aPush(ann, head, { before: older })],
        cleanMerges: new Set([head]),
      },
      barred: [],
    },
    {
      name: 'whoever wrote and pushed an update merge that is not proved clean: it counts as a commit',
      facts: {
        commits: [
          aCommit(older),
          aCommit(head, { parents: [older, base], author: signed(ann), committer: signed(ann) }),
        ],
        pushes: [aPush(author, older), aPush(ann, head, { before: older })],
      },
      barred: ['ann author', 'ann committer', 'ann pusher'],
    },
    {
      name: 'whoever pushed a clean merge together with commits under it',
      facts: {
        commits: [
          aCommit(shaOf('d')),
          aCommit(older, { parents: [shaOf('d')] }),
          aCommit(head, { parents: [older, base] }),
        ],
        pushes: [aPush(author, shaOf('d')), aPush(ann, head, { before: shaOf('d') })],
        cleanMerges: new Set([head]),
      },
      barred: ['ann pusher'],
    },
    {
      name: 'whoever pushed a clean merge from the side of the base, which brings the commits of the other side',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older, base] })],
        pushes: [aPush(ann, head, { before: base })],
        cleanMerges: new Set([head]),
      },
      barred: ['ann pusher'],
    },
    {
      name: 'the owner of a fork that does not show who pushed, and the people of its commits',
      facts: {
        hiddenFork: { owner: cleo },
        commits: [aCommit(head, { author: signed(ann), committer: signed(bob) })],
        pushes: [],
      },
      barred: ['cleo fork owner', 'ann author', 'bob committer'],
    },
    {
      name: 'the people of the commits, where such a fork belongs to no person',
      facts: {
        hiddenFork: { owner: null },
        commits: [aCommit(head, { author: signed(ann), committer: signed(bob) })],
        pushes: [],
      },
      barred: ['ann author', 'bob committer'],
    },
    {
      name: 'whoever pushed the same head again after somebody else had pushed it',
      facts: { pushes: [aPush(author, head), aPush(bob, head, { before: older })] },
      barred: ['bob pusher'],
    },
  ]
  for (const { name, facts, barred } of cases) {
    it(name, () => expect(others(contributions(facts))).toEqual(barred))
  }

  it('each person once for each part in each commit', () => {
    const twice = contributions({ pushes: [aPush(bob, head), aPush(bob, head)] })
    expect(others(twice)).toEqual(['bob pusher'])
  })
})

describe('a co-author counts as somebody who made a suggestion', () => {
  const suggested = {
    author: signed(cleo),
    committer: inBrowser,
    verified: true,
    message: trailer(`Co-authored-by: ann <${ann.id}+ann@users.noreply.github.com>`),
  }
  const cases: { name: string; commit: Parameters<typeof aCommit>[1]; suggestion: boolean }[] = [
    { name: 'where somebody else made the commit in the browser', commit: suggested, suggestion: true },
    {
      name: 'not without the verified signature of GitHub',
      commit: { ...suggested, verified: false },
      suggestion: false,
    },
    {
      name: 'not where a person committed, with a verified signature of their own',
      commit: { ...suggested, committer: signed(cleo) },
      suggestion: false,
    },
    {
      name: 'not where they wrote the commit themselves',
      commit: { ...suggested, author: signed(ann) },
      suggestion: false,
    },
    {
      name: 'not where nobody knows who wrote the commit',
      commit: { ...suggested, author: signed(null) },
      suggestion: false,
    },
    {
      name: 'not in a merge',
      commit: { ...suggested, parents: [base, older] },
      suggestion: false,
    },
  ]
  it.each(cases)('$name', ({ commit, suggestion }) => {
    const { contributors } = contributions({ commits: [aCommit(head, commit)] })
    const part = contributors.find(({ as }) => as === 'co-author')
    expect(part?.person.id).toBe(ann.id)
    expect(part?.suggestion === true).toBe(suggestion)
  })
})

describe('co-authors whom no account matches are shown and bar nobody', () => {
  it.each([
    ['an address of their own', 'Zoe <zoe@example.com>'],
    ['no address', 'Zoe'],
    ['an address without an id', 'Zoe <zoe@users.noreply.github.com>'],
    ['an id that no account can have', 'Zoe <0+zoe@users.noreply.github.com>'],
    ['an id that no number can hold', 'Zoe <99999999999999999999+zoe@users.noreply.github.com>'],
    [
      'an address that only looks like one of GitHub',
      'Zoe <1+zoe@users.noreply.github.com.evil@example.com>',
    ],
  ])('%s', (_name, who) => {
    const found = contributions({ commits: [aCommit(head, { message: trailer(`Co-authored-by: ${who}`) })] })
    expect(found.unmatchedCoAuthors).toEqual([who])
    expect(others(found)).toEqual([])
  })

  it('somebody unknown is shown without the others whom the same line names', () => {
    const message = trailer('Co-authored-by: Ann <77+ann@users.noreply.github.com>, Zoe <zoe@example.com>')
    const { unmatchedCoAuthors } = contributions({ commits: [aCommit(head, { message })] })
    expect(unmatchedCoAuthors).toEqual(['Zoe <zoe@example.com>'])
  })

  it('a line that only speaks of co-authors names nobody', () => {
    const message = 'Explain the trailer "Co-authored-by: Ann <77+ann@users.noreply.github.com>"'
    expect(contributions({ commits: [aCommit(head, { message })] })).toMatchObject({ unmatchedCoAuthors: [] })
  })

  it('a message made to stall the reader is read at once', () => {
    // Long enough that a pattern that backtracks does not end before the test's timeout.
    const message = `${'Co-authored-by:'.padEnd(2_000_000)}\n${'co-authored-by: <'.repeat(200_000)}`
    const { unmatchedCoAuthors } = contributions({ commits: [aCommit(head, { message })] })
    expect(unmatchedCoAuthors.map(({ length }) => length)).toEqual([200])
  })
})

describe('a commit whose author or committer GitHub cannot tie to an account', () => {
  const cases: { name: string; facts: Partial<ContributionFacts>; fields: string[] }[] = [
    { name: 'is none where all are known', facts: {}, fields: [] },
    {
      name: 'is named with the field',
      facts: { commits: [aCommit(head, { author: signed(null, 'Zoe') })] },
      fields: ['author Zoe'],
    },
    {
      name: 'is named once for each field',
      facts: { commits: [aCommit(head, { author: signed(null, 'Zoe'), committer: signed(null, 'Yan') })] },
      fields: ['author Zoe', 'committer Yan'],
    },
    {
      name: 'is none where GitHub committed in the browser and verified it',
      facts: { commits: [aCommit(head, { committer: inBrowser, verified: true })] },
      fields: [],
    },
    {
      name: 'is one whose committer says web-flow without being verified: anybody can write that',
      facts: { commits: [aCommit(head, { committer: inBrowser })] },
      fields: ['committer GitHub'],
    },
    {
      name: 'is one whose author says web-flow, verified or not: that is not a person',
      facts: { commits: [aCommit(head, { author: inBrowser, committer: inBrowser, verified: true })] },
      fields: ['author GitHub'],
    },
    {
      name: 'is none in an update merge that is proved clean',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older, base], author: signed(null, 'Zoe') })],
        cleanMerges: new Set([head]),
      },
      fields: [],
    },
    {
      name: 'is the head where nothing tells who pushed it',
      facts: { pushes: [] },
      fields: ['pusher unknown'],
    },
    {
      name: 'is none for the pushes of a fork that does not show them: that would never be fixed',
      facts: { pushes: [], hiddenFork: { owner: author } },
      fields: [],
    },
    {
      name: 'is one whose author is unknown, in a fork that does not show its pushes too',
      facts: {
        commits: [aCommit(head, { author: signed(null, 'Zoe') })],
        pushes: [],
        hiddenFork: { owner: author },
      },
      fields: ['author Zoe'],
    },
    {
      name: 'is the head where only an older commit was pushed by somebody known',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, older)],
      },
      fields: ['pusher unknown'],
    },
    {
      name: 'is any commit that was pushed by an account which is gone',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(null, older), aPush(author, head, { before: older })],
      },
      fields: ['pusher unknown'],
    },
    {
      name: 'is an older commit that no listed push brought, whoever pushed the head',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: older })],
      },
      fields: ['pusher unknown'],
    },
    {
      name: 'is one on the side branch of a merge, whose push is not listed',
      facts: {
        commits: [aCommit(shaOf('d')), aCommit(older), aCommit(head, { parents: [older, shaOf('d')] })],
        pushes: [aPush(author, older), aPush(author, head, { before: shaOf('d') })],
      },
      fields: ['pusher unknown'],
    },
    {
      name: 'is none where one push created the branch with all commits',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: shaOf('0') })],
      },
      fields: [],
    },
    {
      name: 'is none after a rebase, which brought all commits anew',
      facts: {
        commits: [aCommit(older), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: shaOf('e') })],
      },
      fields: [],
    },
    {
      name: 'is none in an older update merge that is proved clean',
      facts: {
        commits: [
          aCommit(shaOf('d')),
          aCommit(older, { parents: [shaOf('d'), base] }),
          aCommit(head, { parents: [older] }),
        ],
        pushes: [aPush(author, shaOf('d')), aPush(author, head, { before: older })],
        cleanMerges: new Set([older]),
      },
      fields: [],
    },
  ]
  for (const { name, facts, fields } of cases) {
    it(name, () => {
      const { unattributed } = contributions(facts)
      expect(unattributed.map((entry) => `${entry.field} ${entry.name}`)).toEqual(fields)
    })
  }

  it('is named where no listed push brought it', () => {
    const { unattributed } = contributions({
      commits: [aCommit(older), aCommit(head, { parents: [older] })],
      pushes: [aPush(author, head, { before: older })],
    })
    expect(unattributed).toEqual([{ commit: older, field: 'pusher', name: 'unknown' }])
  })

  it('web-flow is never taken for a contributor', () => {
    const browser = aCommit(head, { author: inBrowser, committer: inBrowser })
    expect(others(contributions({ commits: [browser] }))).toEqual([])
  })
})

describe('a bot behind which nobody is known', () => {
  const byBot = { author: signed(robot), committer: inBrowser, verified: true }
  const cases: { name: string; facts: Partial<ContributionFacts>; bots: string[] }[] = [
    { name: 'is none where people did everything', facts: {}, bots: [] },
    {
      name: 'is one that opened, wrote and pushed, counted once',
      facts: { opener: robot, commits: [aCommit(head, byBot)], pushes: [aPush(robot, head)] },
      bots: ['helper[bot]'],
    },
    {
      name: 'is one that pushed, even where its commits name people: whoever drives a bot writes those names',
      facts: {
        commits: [
          aCommit(head, {
            author: signed(cleo),
            message: trailer('Co-authored-by: Ann <77+ann@users.noreply.github.com>'),
          }),
        ],
        pushes: [aPush(robot, head)],
      },
      bots: ['helper[bot]'],
    },
    {
      name: 'is one whose commit came before those of a person: that person has nothing to do with it',
      facts: {
        opener: robot,
        commits: [aCommit(older, byBot), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: older }), aPush(robot, older)],
      },
      bots: ['helper[bot]'],
    },
    {
      name: 'is the writer of what another bot pushed, even where a person pushed something on top',
      facts: {
        commits: [aCommit(older, byBot), aCommit(head, { parents: [older] })],
        pushes: [aPush(author, head, { before: older }), aPush(aBot('pusher'), older)],
      },
      bots: ['helper[bot]', 'pusher[bot]'],
    },
    {
      name: 'is one that opened what another bot pushed',
      facts: { opener: robot, pushes: [aPush(aBot('pusher'), head)] },
      bots: ['helper[bot]', 'pusher[bot]'],
    },
    {
      name: 'is one that committed what another bot pushed',
      facts: {
        commits: [aCommit(head, { committer: signed(robot) })],
        pushes: [aPush(aBot('pusher'), head)],
      },
      bots: ['helper[bot]', 'pusher[bot]'],
    },
    {
      name: 'is one that wrote in a fork that does not show who pushed: its owner may not be who drives it',
      facts: { commits: [aCommit(head, byBot)], pushes: [], hiddenFork: { owner: ann } },
      bots: ['helper[bot]'],
    },
    {
      name: 'is not one whose commit a person pushed, who is barred for it',
      facts: { commits: [aCommit(head, byBot)], pushes: [aPush(bob, head)] },
      bots: [],
    },
    {
      name: 'is not one that opened a pull request of commits that people pushed',
      facts: { opener: robot },
      bots: [],
    },
    {
      name: 'is not one that is only named as co-author',
      facts: {
        commits: [
          aCommit(head, { message: trailer('Co-authored-by: H <9+helper[bot]@users.noreply.github.com>') }),
        ],
      },
      bots: [],
    },
    {
      name: 'is every bot that has a part',
      facts: {
        commits: [aCommit(head, byBot)],
        pushes: [aPush(aBot('pusher'), head)],
      },
      bots: ['helper[bot]', 'pusher[bot]'],
    },
  ]
  for (const { name, facts, bots } of cases) {
    it(name, () => expect(contributions(facts).unownedBots.map(({ login }) => login)).toEqual(bots))
  }
})
