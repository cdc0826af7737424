import { describe, expect, it } from 'vitest'
import { ownedPaths, parseCodeOwners } from '../../src/decision/code-owners.ts'
import { codeOwners } from '../../src/decision/gates/code-owners.ts'
import type { CodeOwnersFacts, OwnedPaths, Snapshot } from '../../src/decision/snapshot.ts'
import { testGate } from '../support/gate-tester.ts'
import {
  aContributor,
  accessOf,
  anApproval,
  ann,
  aPerson,
  aSnapshot,
  author,
  bob,
  cleo,
  minutesLater,
  older,
  reads,
} from '../support/snapshot.ts'

function ownerOf(path: string, text: string): string[] {
  const [rule] = ownedPaths([path], parseCodeOwners(text).rules).keys()
  return rule?.owners ?? []
}

describe('CODEOWNERS', () => {
  it.each([
    ['*', 'a/b/c.ts', true],
    ['*.js', 'a/b.js', true],
    ['*.js', 'a/b.jsx', false],
    ['/build/logs/', 'build/logs/a/b', true],
    ['/build/logs/', 'x/build/logs/a', false],
    ['docs/*', 'docs/getting-started.md', true],
    ['docs/*', 'docs/build-app/troubleshooting.md', false],
    ['docs/*', 'x/docs/a.md', false],
    ['docs/*/', 'docs/a/b.md', true],
    ['docs/*/', 'docs/b.md', false],
    ['/*', 'README.md', true],
    ['/*', 'src/a.ts', false],
    ['apps/', 'x/apps/y/z.ts', true],
    ['apps/', 'apps', false],
    ['apps', 'x/apps', true],
    ['apps', 'x/apps/y.ts', true],
    ['apps', 'x/apps2/y.ts', false],
    ['/docs/', 'docs/a', true],
    ['/docs/', 'x/docs/a', false],
    ['src/pay', 'src/pay/a.ts', true],
    ['src/pay', 'x/src/pay/a.ts', false],
    ['**/logs', 'deeply/nested/logs/a', true],
    ['src/**/pay.ts', 'src/pay.ts', true],
    ['src/**/pay.ts', 'src/a/b/pay.ts', true],
    ['src/**', 'src/a/b', true],
    ['src/**', 'src', false],
    ['Docs/', 'docs/a', false],
    ['a?.ts', 'x/ab.ts', true],
    ['a?.ts', 'x/a/.ts', false],
    ['my\\ docs/a', 'my docs/a', true],
    ['*', '.github/workflows/a.yml', true],
    ['a{b,c}.ts', 'ab.ts', false],
  ])('%s and %s: %s', (pattern, path, owned) =>
    expect(ownerOf(path, `${pattern} @ann`)).toEqual(owned ? ['@ann'] : []),
  )

  it.each([
    ['the last line that matches wins', '* @ann\n*.ts @bob\n', 'a.ts', ['@bob']],
    ['a later line without owners resets them', 'apps/ @ann\napps/github\n', 'apps/github/a', []],
    [
      'several owners and teams stand in one line',
      '*\t@ann  @acme/ops ann@example.com',
      'a',
      ['@ann', '@acme/ops', 'ann@example.com'],
    ],
    ['comments are left out', '# all\n* @ann # @bob\n  # @cleo', 'a', ['@ann']],
    ['line ends of Windows are line ends', '* @ann\r\n*.ts @bob\r\n', 'a', ['@ann']],
  ])('%s', (_, text, path, owners) => expect(ownerOf(path, text)).toEqual(owners))

  it.each([
    ['!docs/ @ann', 'negate'],
    ['*.[ch] @ann', 'character ranges'],
    ['\\#a @ann', 'backslash'],
    ['***/*.rb @ann', '***'],
    ['/ @ann', 'empty'],
    ['* ann', '"ann" is not an owner'],
    ['* @ann @acme/', 'not an owner'],
  ])('%s is invalid, and named with its line', (text, message) => {
    const { rules, problems } = parseCodeOwners(`*.md @bob\n${text}\n`)
    expect(problems).toEqual([{ line: 2, message: expect.stringContaining(message) }])
    expect(rules).toHaveLength(1)
  })

  it('leaves out files whose last line has no owners', () => {
    const { rules } = parseCodeOwners('apps/ @ann\napps/github\n')
    expect([...ownedPaths(['apps/github/a', 'apps/b'], rules).values()]).toEqual([['apps/b']])
  })

  it('takes no time for the name of a file that was made to take it', () => {
    const path = `${'a/'.repeat(2_000)}b`
    expect(ownerOf(path, `**/a*a*a*a*a*/**/a/**/a/**/c ${'@ann '.repeat(3)}`)).toEqual([])
  })
})

const rule = (what: Partial<OwnedPaths> = {}): OwnedPaths => ({
  line: 3,
  pattern: 'pay/',
  owners: ['@ann'],
  paths: ['pay/a.ts'],
  ...what,
})
const person = ({ id, login }: { id: number; login: string }, write = true) => ({ id, login, write })
const owns = (owned: OwnedPaths[], what: object = {}): { codeOwners: CodeOwnersFacts } => ({
  codeOwners: {
    state: 'read',
    file: '.github/CODEOWNERS',
    problems: [],
    owned,
    people: [person(author), person(ann), person(bob), person(cleo)],
    ...what,
  },
})
const changes = (...paths: string[]): Pick<Snapshot, 'changed'> => ({
  changed: { complete: true, paths: paths.map((path) => ({ path, is: '100644' })) },
})
const someOwners = (count: number) => Array.from({ length: count }, (_, index) => `@owner-${index}`)
const facts = (owned: OwnedPaths[], what: Parameters<typeof aSnapshot>[0] = {}) =>
  aSnapshot({ ...changes('pay/a.ts'), ...owns(owned), ...what })
const invalidLine = { problems: [{ line: 2, message: 'character ranges such as [a-z] do not work here' }] }
const ops = { owners: ['@acme/ops'] }

testGate('code_owners', codeOwners, {
  valid: [
    { name: 'nothing that has an owner', snapshot: facts([]), title: 'No changed file has an owner' },
    {
      name: 'an approval of the owner',
      snapshot: facts([rule()], { reviews: [anApproval(ann)] }),
      title: 'Approved by code owners',
      says: 'line 3',
    },
    {
      name: 'an owner whose login is written in another case',
      snapshot: facts([rule({ owners: ['@Ann'] })], { reviews: [anApproval(ann)] }),
    },
    {
      name: 'one of two owners',
      snapshot: facts([rule({ owners: ['@bob', '@ann'] })], { reviews: [anApproval(ann)] }),
    },
    {
      name: 'a member of the team',
      snapshot: facts([rule(ops)], { reviews: [anApproval(ann)], teams: { 'acme/ops': [ann.id] } }),
    },
    {
      name: 'an owner for each line',
      snapshot: facts([rule(), rule({ line: 5, owners: ['@bob'] })], {
        reviews: [anApproval(ann), anApproval(bob)],
      }),
    },
    {
      name: 'an owner beside one who has no access',
      snapshot: facts([rule({ owners: ['@ghost', '@ann'] })], { reviews: [anApproval(ann)] }),
    },
    {
      name: 'a change that only adds a missing CODEOWNERS',
      snapshot: aSnapshot({ ...changes('.github/CODEOWNERS'), codeOwners: { state: 'missing' } }),
      title: 'This change adds CODEOWNERS',
    },
    {
      name: 'a change that only fixes CODEOWNERS, with the owner of it',
      snapshot: aSnapshot({
        ...changes('CODEOWNERS'),
        ...owns([rule({ paths: ['CODEOWNERS'] })], invalidLine),
        reviews: [anApproval(ann)],
      }),
    },
  ],
  invalid: [
    {
      name: 'no approval',
      snapshot: facts([rule()]),
      state: 'waiting',
      title: 'Waiting for 1 code owner',
      says: ['`pay/`', '`@ann`'],
    },
    {
      name: 'no approval for many lines with many owners, which are counted',
      snapshot: facts(
        Array.from({ length: 300 }, (_, index) =>
          rule({ line: index + 1, pattern: `pay-${index}/`, owners: [`@ann`, ...someOwners(20)] }),
        ),
      ),
      state: 'waiting',
      says: ['`pay-9/` or 290 more has approved yet.', '`@owner-8` or 11 more'],
      saysNot: ['`pay-10/`,', '`@owner-9`'],
    },
    {
      name: 'an approval of somebody else',
      snapshot: facts([rule()], { reviews: [anApproval(bob)] }),
      state: 'waiting',
    },
    {
      name: 'an owner of one of two lines',
      snapshot: facts([rule(), rule({ pattern: 'src/', line: 5, owners: ['@bob'] })], {
        reviews: [anApproval(ann)],
      }),
      state: 'waiting',
      says: '`src/`',
    },
    {
      name: 'an owner who approved older content',
      snapshot: facts([rule()], {
        reviews: [anApproval(ann, { commit: older })],
        equalities: { [older]: { same: false, why: 'a.ts changed', paths: [] } },
      }),
      state: 'waiting',
    },
    {
      name: 'an owner who dismissed nothing but lost write access',
      snapshot: facts([rule({ owners: ['@ann', '@bob'] })], {
        reviews: [anApproval(ann)],
        access: accessOf(reads, ann),
      }),
      state: 'waiting',
    },
    {
      name: 'owners who all worked on the change',
      snapshot: facts([rule({ owners: ['@author', '@ann'] })], {
        contributors: [aContributor(author), aContributor(ann)],
        reviews: [anApproval(ann)],
      }),
      state: 'failed',
      title: 'No code owner can approve line 3 of CODEOWNERS',
    },
    {
      name: 'an owner who does not exist',
      snapshot: facts([rule({ owners: ['@ghost'] })], { reviews: [anApproval(aPerson('other'))] }),
      state: 'failed',
      says: 'does not exist',
    },
    {
      name: 'an owner without write access',
      snapshot: aSnapshot({ ...changes('a'), ...owns([rule()], { people: [person(ann, false)] }) }),
      state: 'failed',
    },
    {
      name: 'an email address',
      snapshot: facts([rule({ owners: ['ann@example.com'] })], { reviews: [anApproval(ann)] }),
      state: 'failed',
      says: 'email address',
    },
    {
      name: 'a team without members that can be read',
      snapshot: facts([rule(ops)], { reviews: [anApproval(ann)], teams: { 'acme/ops': [] } }),
      state: 'failed',
    },
    {
      name: 'an account that took the name of an owner',
      snapshot: facts([rule()], { reviews: [anApproval(aPerson('ann'), { submittedAt: minutesLater(1) })] }),
      state: 'waiting',
    },
    {
      name: 'an invalid line',
      snapshot: aSnapshot({ ...changes('a'), ...owns([], invalidLine) }),
      state: 'failed',
      title: 'CODEOWNERS is invalid: line 2',
      says: 'Line 2',
    },
    {
      name: 'an invalid line that is fixed together with something else',
      snapshot: aSnapshot({ ...changes('a', 'CODEOWNERS'), ...owns([], invalidLine) }),
      state: 'failed',
    },
    {
      name: 'a fix of CODEOWNERS without the approval of its owner',
      snapshot: aSnapshot({ ...changes('CODEOWNERS'), ...owns([rule()], invalidLine) }),
      state: 'waiting',
    },
    {
      name: 'no CODEOWNERS',
      snapshot: aSnapshot({ ...changes('a'), codeOwners: { state: 'missing' } }),
      state: 'failed',
      title: 'CODEOWNERS is missing',
    },
    {
      name: 'a CODEOWNERS that GitHub does not load',
      snapshot: aSnapshot({
        ...changes('a'),
        codeOwners: {
          state: 'unreadable',
          file: 'CODEOWNERS',
          why: 'is larger than 3 MB, which GitHub does not load',
        },
      }),
      state: 'failed',
      says: 'larger than 3 MB',
    },
    {
      name: 'a change whose files are not all known',
      snapshot: facts([rule()], {
        changed: { complete: false, why: 'more than 3,000 files changed' },
        reviews: [anApproval(ann)],
      }),
      state: 'failed',
      says: '3,000',
    },
    {
      name: 'facts of an earlier version',
      snapshot: aSnapshot(),
      state: 'failed',
      title: 'Code owners could not be checked',
    },
    {
      name: 'an empty change without CODEOWNERS',
      snapshot: aSnapshot({ ...changes(), codeOwners: { state: 'missing' } }),
      state: 'failed',
    },
  ],
})
