import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { policySchema } from '../../src/decision/policy.ts'
import { decide } from '../../src/decision/verdict.ts'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast } from '../../src/sandbox/workshop.ts'
import { readChangedPaths } from '../../src/services/github/changed-paths.ts'
import type { HeadFacts } from '../../src/services/github/older-heads.ts'
import type { Prover } from '../../src/services/github/proofs.ts'
import { aDesk, type Desk } from '../support/desk.ts'
import { about, aRepositoryOf, closed, type MergingShop, recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Overrides as people meet them on GitHub, and the facts that they rest on. */

const policy = `
branches: [main, "release/*"]
gates: { approvals: { count: 2 }, release_window: {} }
overrides:
  - name: release branches
    when: { branches: ["release/*"] }
    gates: { release_window: off }
  - name: documentation
    when: { paths: ["docs/**", "**/*.md"] }
    gates: { release_window: off, approvals: { count: 1 } }
  - name: small changes
    when: { labels: [small] }
    gates: { release_window: off }
`

describe('a policy with overrides, while the window is closed', () => {
  let stage: Stage
  let shop: MergingShop
  beforeAll(async () => {
    stage = await aStage({ at: closed })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await aRepositoryOf(stage, policy)
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('release/1')
    await copy.push({ ref: 'release/1' })
  })
  afterAll(() => stage.close())

  test('lets documentation through with one approval, names the override, and records it with the merge', async () => {
    const docs = await shop.openPull('ana', {
      branch: 'docs',
      title: 'Say more',
      files: { 'docs/a.md': 'a\n' },
    })
    expect(await shop.check(docs)).toMatchObject({ title: 'Waiting for 1 approval' })
    await shop.review('chloe', docs)
    const check = await shop.check(docs)
    expect(check).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
    expect(check?.summary).toContain(
      '`documentation` applies. Off: Release window. Different settings: Approvals.',
    )
    expect(await shop.merge('eva', docs)).toBeUndefined()
    const records = await recordsOf(stage)
    const decided = records.find(({ kind, body }) => kind === 'decided' && body.state === 'passed')
    expect(decided?.body).toMatchObject({ override: { name: 'documentation', loosens: true } })
    const [merged] = about(records, shop, 'merged')
    expect(merged?.body).toMatchObject({ override: { name: 'documentation' }, exception: null })
  })

  test('takes the green back when a push adds another file', async () => {
    const docs = await shop.openPull('ana', { branch: 'more', title: 'Say', files: { 'docs/b.md': 'b\n' } })
    await shop.review('chloe', docs)
    expect(await shop.check(docs)).toMatchObject({ conclusion: 'success' })
    const pushed = await shop.push('ana', docs, { 'src/b.ts': 'b\n' })
    await shop.review('chloe', pushed)
    const check = await shop.check(pushed)
    expect(check).toMatchObject({ conclusion: null, title: 'Waiting for 1 more approval' })
    expect(check?.summary).not.toContain('Override')
  })

  test('counts a label by a reviewer with write access, for the content that it was added to', async () => {
    const change = await shop.approvedChange()
    await shop.label('gus', change, 'small')
    expect((await shop.check(change))?.summary).toContain(
      '`small changes` does not apply: the label `small` was added by `gus`',
    )
    await shop.unlabel('gus', change, 'small')
    await shop.label('ana', change, 'small')
    expect((await shop.check(change))?.summary).toContain('who worked on this change')
    await shop.unlabel('ana', change, 'small')
    await shop.label('eva', change, 'small')
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const pushed = await shop.push('ana', change, { 'src/c.ts': 'c\n' })
    await shop.review('chloe', pushed)
    await shop.review('dev', pushed)
    const check = await shop.check(pushed)
    expect(check?.conclusion).toBeNull()
    expect(check?.summary).toContain('was added before the last push')
  })

  test('holds a head that is offered to two bases to the strictest of the two', async () => {
    const change = await shop.approvedChange({ base: 'release/1' })
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    const { data } = await stage.as('ben').rest.pulls.create({
      ...shop.repository,
      title: 'The same',
      head: change.branch,
      base: 'main',
    })
    await stage.settled()
    const other = { ...change, number: data.number }
    await shop.review('chloe', other)
    await shop.review('dev', other)
    const check = await shop.check(change)
    expect(check?.conclusion).toBeNull()
    expect(check?.title).toMatch(/^Opens/)
  })
})

describe('the gate code_owners', () => {
  let desk: Desk
  const wanted = { codeOwners: true }
  beforeAll(async () => {
    desk = await aDesk()
  })
  afterAll(() => desk.close())

  test('goes by the first CODEOWNERS of the base, whatever the pull request makes of it', async () => {
    const files = {
      '.github/CODEOWNERS': 'src/ @chloe @acme/nobody\n*.md @rob @gone\nsrc/free\n',
      CODEOWNERS: '* @eva\n',
      'src/old.ts': 'old\n'.repeat(40),
    }
    const shop = await desk.shop({ files })
    const policy = policySchema.parse({ gates: { code_owners: {} } })
    const changed = { '.github/CODEOWNERS': '* @ana\n', 'src/free': '1\n', 'README.md': 'x\n' }
    const pull = await shop.open('ana', changed, { remove: ['src/old.ts'] })
    const snapshot = await shop.read(pull, wanted)
    const chloe = { id: expect.any(Number), login: 'chloe', write: true }
    expect(snapshot.codeOwners).toEqual({
      state: 'read',
      file: '.github/CODEOWNERS',
      problems: [],
      owned: [
        { line: 2, pattern: '*.md', owners: ['@rob', '@gone'], paths: ['README.md'] },
        { line: 1, pattern: 'src/', owners: ['@chloe', '@acme/nobody'], paths: ['src/old.ts'] },
      ],
      people: expect.arrayContaining([chloe, { ...chloe, login: 'rob', write: false }]),
    })
    expect(snapshot.teamProblems).toEqual({ 'acme/nobody': 'absent' })
    expect(decide(snapshot, policy).findings[0]?.title).toBe('No code owner can approve line 2 of CODEOWNERS')
    await shop.push('ana', 'feature', {}, { from: 'origin/feature', remove: ['README.md'] })
    const smaller = { ...pull, sha: '' }
    expect(decide(await shop.read(smaller, wanted), policy).findings[0]?.title).toBe(
      'Waiting for 1 code owner',
    )
    await shop.approve(smaller, 'chloe')
    expect(decide(await shop.read(smaller, wanted), policy)).toMatchObject({ state: 'passed' })
  })

  test('misses a CODEOWNERS that is nowhere', async () => {
    const shop = await desk.shop()
    const pull = await shop.open('ana', { 'src/a.ts': 'a\n' })
    expect((await shop.read(pull, wanted)).codeOwners).toEqual({ state: 'missing' })
  })

  test('does not read what GitHub does not load', async () => {
    const shop = await desk.shop({ files: { 'docs/CODEOWNERS': `* @ana\n${'#'.repeat(3 * 1024 * 1024)}` } })
    const pull = await shop.open('ana', { 'src/a.ts': 'a\n' })
    expect((await shop.read(pull, wanted)).codeOwners).toMatchObject({
      state: 'unreadable',
      file: 'docs/CODEOWNERS',
    })
  })
})

describe('the changed paths that are read', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await aDesk()
  })
  afterAll(() => desk.close())

  test('have both names of a renamed file, and the modes of links, submodules and scripts', async () => {
    const shop = await desk.shop({
      files: {
        'README.md': '# Shop\n',
        'src/pay.ts': 'pay\n'.repeat(40),
        'docs/run.sh': 'run\n',
        'docs/old': 'x\n',
      },
    })
    const copy = await shop.copyOf('ana')
    await copy.branch('feature', 'origin/main')
    await copy.git('mv', 'src/pay.ts', 'docs/pay.ts')
    await copy.git('update-index', '--chmod=+x', 'docs/run.sh')
    const blob = await copy.git('rev-parse', 'HEAD:docs/old')
    await copy.git('update-index', '--cacheinfo', `120000,${blob},docs/old`)
    await copy.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},docs/lib`)
    await copy.git('commit', '--quiet', '-m', 'Move everything')
    await copy.push({ ref: 'feature', force: true })
    const pull = await shop.offer('ana', 'feature', 'main', await copy.git('rev-parse', 'HEAD'))
    expect((await shop.read(pull, { paths: true })).changed).toEqual({
      complete: true,
      paths: [
        { path: 'docs/lib', is: '160000' },
        { path: 'docs/old', was: '100644', is: '120000' },
        { path: 'docs/pay.ts', is: '100644' },
        { path: 'docs/run.sh', was: '100644', is: '100755' },
        { path: 'src/pay.ts', was: '100644' },
      ],
    })
    expect(await shop.read(pull)).not.toHaveProperty('changed')
  })

  test.each([
    [3_000, { complete: true }],
    [3_001, { complete: false, why: 'more than 3,000 files changed' }],
    [
      3_000,
      { complete: false, why: 'the paths of the changed files have more than 500,000 characters' },
      'n'.repeat(180),
    ],
  ])('of a change of %i files are known or not: %o', async (count, known, name = 'docs') => {
    const touched = Array.from({ length: count }, (_, index) => [
      `${name}/${index}`,
      { is: { mode: '100644' } },
    ])
    const head = { footprint: Object.fromEntries(touched) } as HeadFacts
    const current = { head, hasOneMergeBase: async () => true }
    expect(await readChangedPaths({} as Prover, current)).toMatchObject(known)
  })
})
