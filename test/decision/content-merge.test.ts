import { afterAll, describe, expect, it } from 'vitest'
import { cleanUpdateMerge, type UpdateMergeFacts } from '../../src/decision/content.ts'
import { lines } from '../support/content-proof.ts'
import { baseMoveFrom, changeFrom } from '../support/git-facts.ts'
import { gitRepository } from '../support/git-repository.ts'

const repository = gitRepository()
afterAll(repository.remove)
const { commit, merge, git } = repository

const root = commit([], { 'a.txt': lines(30), 'b.txt': lines(30), 'c.txt': 'c\n' })
const branch = commit([root], { 'a.txt': lines(30, { 20: 'mine' }), 'new.txt': 'new\n' })
const aside = commit([root], { 'b.txt': lines(30, { 5: 'base' }) })
const shifted = commit([root], { 'a.txt': lines(30, { 3: 'base\nbase' }), 'b.txt': lines(30, { 5: 'base' }) })
const conflicting = commit([root], { 'a.txt': lines(30, { 20: 'theirs' }) })

function proofOf(
  mergeCommit: string,
  pullParent: string,
  baseParent: string,
  change: Partial<UpdateMergeFacts> = {},
) {
  const parents = git('log', '-1', '--format=%P', mergeCommit).split(' ')
  const facts = { ...factsOf(mergeCommit, pullParent, baseParent), ...change }
  const ancestors = (tip: string, ...not: string[]) =>
    git('rev-list', tip, ...not.map((sha) => `^${sha}`)).split('\n')
  const inBase = new Set(ancestors(baseParent))
  const inPull = new Set(ancestors(mergeCommit, baseParent))
  return cleanUpdateMerge(
    { sha: mergeCommit, parents },
    facts,
    (sha) => inPull.has(sha),
    (sha) => inBase.has(sha),
  )
}

function factsOf(mergeCommit: string, pullParent: string, baseParent: string): UpdateMergeFacts {
  const prParent = changeFrom(repository, baseParent, pullParent)
  const merged = changeFrom(repository, baseParent, mergeCommit)
  return { prParent, merged, baseMove: baseMoveFrom(repository, prParent.mergeBase, baseParent) }
}

describe('an update merge is clean', () => {
  const second = merge(branch, aside)
  const later = commit([aside], { 'c.txt': 'later\n' })
  it.each([
    ['when the base changed other files', merge(branch, aside), branch, aside],
    ['when the base shifted lines in a file that the change edits', merge(branch, shifted), branch, shifted],
    ['when its parents stand in the other order', merge(aside, branch), branch, aside],
    ['when the branch had been updated before', merge(second, later), second, later],
    [
      'when a conflict-free file is the same as in git’s own merge, laid over by hand',
      merge(branch, aside, { 'c.txt': 'c\n' }),
      branch,
      aside,
    ],
  ])('%s', (_, mergeCommit, pullParent, baseParent) => {
    expect(proofOf(mergeCommit, pullParent, baseParent)).toEqual({ clean: true, pullParent, baseParent })
  })
})

describe('an update merge is not clean', () => {
  const bothLines = { 3: 'base\nbase', 20: 'mine' }
  it.each([
    [
      'with an edit smuggled into a conflict-free file',
      merge(branch, aside, { 'c.txt': 'smuggled\n' }),
      aside,
      'c.txt was not part',
    ],
    [
      'with an edit smuggled into a file that only the base touched',
      merge(branch, aside, { 'b.txt': lines(30, { 5: 'base', 9: 'x' }) }),
      aside,
      'b.txt was changed by the base, and is now',
    ],
    [
      'with an edit smuggled into a file of the change',
      merge(branch, aside, { 'a.txt': lines(30, { 20: 'mine', 21: 'x' }) }),
      aside,
      'a.txt is not what it was',
    ],
    [
      'with an edit smuggled into a file that both touched',
      merge(branch, shifted, { 'a.txt': lines(30, { ...bothLines, 28: 'x' }) }),
      shifted,
      'a.txt was changed by the base too, and the lines',
    ],
    ['with a new file', merge(branch, aside, { 'd.txt': 'smuggled\n' }), aside, 'd.txt was not part'],
    [
      'with a smuggled executable bit',
      merge(branch, aside, { 'c.txt': { mode: '100755', content: 'c\n' } }),
      aside,
      'c.txt was not part',
    ],
    [
      'when it reverts what the base did',
      merge(branch, aside, { 'b.txt': lines(30) }),
      aside,
      'b.txt was changed by the base, and is now',
    ],
    [
      'when it drops a part of the change',
      merge(branch, aside, { 'new.txt': null }),
      aside,
      'new.txt is no longer part',
    ],
    [
      'when a conflict was resolved for the change',
      merge(branch, conflicting, { 'a.txt': lines(30, { 20: 'mine' }) }),
      conflicting,
      'a.txt was changed by the base in or beside',
    ],
    [
      'when a conflict was resolved for the base',
      merge(branch, conflicting, { 'a.txt': lines(30, { 20: 'theirs' }) }),
      conflicting,
      'a.txt was changed by the base, and is no longer',
    ],
    [
      'when a conflict was resolved with both',
      merge(branch, conflicting, { 'a.txt': lines(30, { 20: 'theirs\nmine' }) }),
      conflicting,
      'a.txt was changed by the base in or beside',
    ],
  ])('%s', (_, mergeCommit, baseParent, reason) => {
    const proof = proofOf(mergeCommit, branch, baseParent)
    expect(proof).toMatchObject({ clean: false, paths: [reason.split(' ')[0]] })
    expect(proof).toHaveProperty(
      'why',
      expect.stringContaining(`the change is not the same before and after it: ${reason}`),
    )
  })

  it('with three parents', () => {
    const octopus = commit([branch, aside, shifted], {})
    expect(proofOf(octopus, branch, aside)).toEqual({
      clean: false,
      why: 'it has 3 parents: an update merge has two',
      paths: [],
    })
  })

  it('with one parent', () => {
    expect(proofOf(commit([branch], {}), branch, aside)).toMatchObject({
      clean: false,
      why: expect.stringMatching(/1 parent:/),
    })
  })

  it('when it merges a side branch of the pull request, whatever its content', () => {
    const side = commit([root], { 'side.txt': 'side\n' })
    expect(proofOf(merge(branch, side), branch, aside)).toMatchObject({
      clean: false,
      why: 'its parents are not one commit of the pull request and one of the base',
    })
  })

  it('when a commit counts as one of the pull request and of the base alike', () => {
    const mergeCommit = merge(branch, aside)
    const facts = factsOf(mergeCommit, branch, aside)
    const always = () => true
    expect(
      cleanUpdateMerge({ sha: mergeCommit, parents: [branch, aside] }, facts, always, always),
    ).toMatchObject({ clean: false })
  })

  it('when the commit of the pull request is one of the base as well', () => {
    const mergeCommit = merge(branch, aside)
    const proof = cleanUpdateMerge(
      { sha: mergeCommit, parents: [branch, aside] },
      factsOf(mergeCommit, branch, aside),
      (sha) => sha === branch,
      () => true,
    )
    expect(proof).toMatchObject({ clean: false, paths: [] })
  })

  it('when the same commit stands twice among its parents', () => {
    const mergeCommit = merge(branch, aside)
    const facts = factsOf(mergeCommit, branch, aside)
    const proof = cleanUpdateMerge(
      { sha: mergeCommit, parents: [branch, branch] },
      facts,
      (sha) => sha === branch,
      (sha) => sha === aside,
    )
    expect(proof).toMatchObject({ clean: false })
  })

  const clean = merge(branch, aside)
  const evil = merge(branch, aside, { 'c.txt': 'smuggled\n' })
  it.each([
    ['of another merge', { merged: changeFrom(repository, aside, clean) }],
    ['from another merge base', { merged: { ...changeFrom(repository, aside, evil), mergeBase: root } }],
    ['of another parent', { prParent: changeFrom(repository, aside, evil) }],
    [
      'against another base',
      { prParent: changeFrom(repository, root, branch), merged: changeFrom(repository, root, branch) },
    ],
    ['of the pull request against another base alone', { prParent: changeFrom(repository, root, branch) }],
    [
      'of the merge against another base alone',
      { merged: { ...changeFrom(repository, aside, evil), base: root } },
    ],
  ])('when the facts are those %s', (_, facts) => {
    expect(proofOf(evil, branch, aside, facts)).toEqual({
      clean: false,
      why: 'what was compared is not this merge and its parents',
      paths: [],
    })
  })
})
