import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { about, allowBypass, recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

const path = '.github/release-gate.yml'
const shared = 'foodyepay/.github: .github/release-gate.yml'
const locks = (count: number) =>
  `locked: [approvals]\ngates: { approvals: { count: ${count} } }\nslack: { channel: "#releases" }\n`

let stage: Stage
let installationId: number
let lax: Workshop
let free: Workshop
let pulls: { lax: Change; free: Change }

const changeIn = (
  shop: Workshop,
  branch: string,
  files: Record<string, string> = { [`src/${branch}.ts`]: 'x\n' },
) => shop.openPull('ana', { branch, title: branch, files })

async function approve(shop: Workshop, change: Change, ...people: string[]): Promise<void> {
  for (const person of people) await shop.review(person, change)
}

/** A minute later: GitHub limits how much may be written within one. */
const later = () => stage.moveTo(new Date(stage.now().getTime() + 60_000))

/** Pushes to the default branch of the organization's repository, as its owner. */
async function changeOrganization(files: Record<string, string>): Promise<void> {
  const copy = await stage.github.workingCopy('foodyepay/.github', 'olga')
  await copy.branch('main', 'origin/main')
  await copy.write(files)
  await copy.commit('Change the policy')
  await copy.push({ ref: 'main' })
  await stage.settled()
  await later()
}

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  cast(stage)
  const owner = 'foodyepay'
  await stage.github.addRepository({ owner, name: '.github', private: true, files: { 'README.md': '#\n' } })
  lax = await setUpRepositories(stage, {
    repo: 'lax',
    policy: 'enforce: false\nextends: none\ngates: { approvals: { count: 1 } }\n',
  })
  free = await setUpRepositories(stage, { repo: 'free', policy: 'gates: { approvals: { count: 1 } }\n' })
  const repositories = ['.github', 'lax', 'free']
  installationId = stage.github.installApp(owner, { repositories }).installationId
  await stage.settled()
  pulls = { lax: await changeIn(lax, 'one'), free: await changeIn(free, 'one') }
  await approve(free, pulls.free, 'chloe')
})
afterAll(() => stage.close())

describe('a policy of the organization that locks approvals', () => {
  test('applies to the open pull requests of every repository as soon as it is pushed', async () => {
    expect(await lax.check(pulls.lax)).toMatchObject({
      conclusion: 'success',
      title: expect.stringMatching(/^Report only/),
    })
    expect(await free.check(pulls.free)).toMatchObject({ conclusion: 'success' })
    await changeOrganization({ [path]: locks(2) })
    const check = await lax.check(pulls.lax)
    expect(check).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
    expect(check?.summary).toContain(`with \`${shared}\`, which locks \`approvals\``)
    expect(check?.summary).toMatch(/Ignored in `\.github\/release-gate\.yml`: line 2 \(.*line 1 \(`enforce`/s)
    expect(await free.check(pulls.free)).toMatchObject({
      conclusion: null,
      title: 'Waiting for 1 more approval',
    })
  })

  test('is what is recorded, with the blobs of both files, and what was merged under it is verified', async () => {
    await approve(free, pulls.free, 'dev')
    expect(await free.check(pulls.free)).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
    expect(await free.merge('eva', pulls.free)).toBeUndefined()
    const records = await recordsOf(stage)
    const decided = records.findLast(
      ({ kind, body }) => kind === 'decided' && (body.pull as { repo: string }).repo === 'free',
    )
    expect(decided?.body.policy).toMatchObject({
      where: `${path} + ${shared}`,
      blob: expect.stringMatching(/^[0-9a-f]{40}\+[0-9a-f]{40}$/),
      valid: true,
      settings: { locked: ['approvals'], gates: { approvals: { count: 2 } } },
    })
    expect(about(records, free as never, 'exception')).toEqual([])
    expect(about(records, free as never, 'merged')).toHaveLength(1)
  })

  test('is recorded once, with what it locked before and locks now', async () => {
    const changes = (await recordsOf(stage)).filter(({ kind }) => kind === 'organization policy')
    expect(changes.map(({ body }) => body)).toEqual([
      {
        organization: 'foodyepay',
        repositoryId: expect.any(Number),
        blob: expect.stringMatching(/^[0-9a-f]{40}$/),
        locked: { before: '', after: 'approvals, branches, enforce, push' },
      },
    ])
  })

  test('fails a pull request that names what is locked, at its place, and none that names other gates', async () => {
    const files = { [path]: 'gates:\n  hold: {}\n  approvals: { count: 2 }\n' }
    const named = await changeIn(free, 'named', files)
    await approve(free, named, 'chloe', 'dev')
    const check = await free.check(named)
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: 'This change sets options that the organization has locked: line 3',
    })
    expect(check?.summary).toContain('.github/release-gate.yml:3:14')
    expect(await free.merge('eva', named)).toMatch(/Release gate/)
    const other = await changeIn(free, 'other', { [path]: 'gates: { hold: {} }\n' })
    await approve(free, other, 'chloe', 'dev')
    expect(await free.check(other)).toMatchObject({ conclusion: 'success' })
  })

  test('is locked too while a pull request fixes the own file of its repository', async () => {
    await allowBypass(stage, lax as never)
    const broken = await changeIn(lax, 'broken', { [path]: 'gates: 1\n' })
    expect(await lax.merge('olga', broken)).toBeUndefined()
    expect(await lax.check(pulls.lax)).toMatchObject({
      conclusion: 'failure',
      title: expect.stringMatching(/^The policy has 1 error/),
    })
    const fix = await changeIn(lax, 'fix', { [path]: 'gates: { hold: {} }\n' })
    await approve(lax, fix, 'chloe')
    expect(await lax.check(fix)).toMatchObject({ conclusion: null, title: 'Waiting for 1 more approval' })
    const smuggles = await changeIn(lax, 'smuggles', { [path]: 'gates: { approvals: { count: 1 } }\n' })
    await approve(lax, smuggles, 'chloe', 'dev')
    expect(await lax.check(smuggles)).toMatchObject({ conclusion: 'failure' })
    await approve(lax, fix, 'dev')
    expect(await lax.merge('eva', fix)).toBeUndefined()
    expect(await lax.check(pulls.lax)).toMatchObject({ conclusion: null, title: 'Waiting for 2 approvals' })
  })
})

describe('the fix of an invalid own file', () => {
  let fix: Change
  beforeAll(async () => {
    const broken = await changeIn(lax, 'broken-again', { [path]: 'gates: 1\n' })
    expect(await lax.merge('olga', broken)).toBeUndefined()
    fix = await changeIn(lax, 'fix-again', { [path]: 'gates: { hold: {} }\n' })
    await approve(lax, fix, 'chloe', 'dev')
  })
  const withWindow = (locked: string) =>
    `locked: [${locked}]\ngates: { approvals: { count: 2 }, release_window: {} }\n`

  test('waits for a release window that the organization locks, and says so', async () => {
    await changeOrganization({ [path]: withWindow('approvals, release_window') })
    const check = await lax.check(fix)
    expect(check).toMatchObject({ conclusion: null, title: 'Opens Wed, Nov 25, 10:00 AM PST' })
    expect(check?.summary).toContain('with its release window, which is locked')
  })

  test('does not wait for one that is not locked', async () => {
    await changeOrganization({ [path]: withWindow('approvals') })
    const check = await lax.check(fix)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).toContain('without its release window')
    await changeOrganization({ [path]: locks(2) })
    expect(await lax.merge('eva', fix)).toBeUndefined()
  })
})

describe('a policy of the organization that cannot be used leaves no repository without its locks', () => {
  let green: Change
  beforeAll(async () => {
    green = await changeIn(free, 'green')
    await approve(free, green, 'chloe', 'dev')
    expect(await free.check(green)).toMatchObject({ conclusion: 'success' })
  })

  test('where it is invalid: the check says where it can be fixed', async () => {
    await changeOrganization({ [path]: 'locked: [approvals]\ngates: { aprovals: {} }\n' })
    const check = await free.check(green)
    expect(check).toMatchObject({
      conclusion: 'failure',
      title: expect.stringMatching(/^The policy has 1 error: foodyepay\/\.github: /),
    })
    expect(check?.summary).toContain(`write access to the repository that has \`${shared}\``)
    await changeOrganization({ [path]: locks(2) })
    expect(await free.check(green)).toMatchObject({ conclusion: 'success' })
  })

  test('where the App may not see its repository any more, until it may again', async () => {
    stage.github.changeInstallation(installationId, 'removed', ['.github'])
    await stage.settled()
    const check = await free.check(green)
    expect(check).toMatchObject({ conclusion: 'failure' })
    expect(check?.summary).toMatch(/An owner of foodyepay can give the App access/)
    expect(await free.merge('eva', green)).toMatch(/Release gate/)
    stage.github.changeInstallation(installationId, 'added', ['.github'])
    await stage.settled()
    expect(await free.check(green)).toMatchObject({ conclusion: 'success' })
  })

  test('but a file that was removed from a repository in sight locks nothing anymore', async () => {
    await later()
    const bare = await setUpRepositories(stage, { repo: 'bare', policy: null })
    stage.github.changeInstallation(installationId, 'added', ['bare'])
    const uncovered = await changeIn(bare, 'uncovered')
    await approve(bare, uncovered, 'chloe', 'dev')
    expect(await bare.check(uncovered)).toMatchObject({ conclusion: 'success' })
    await later()
    const copy = await stage.github.workingCopy('foodyepay/.github', 'olga')
    await copy.branch('main', 'origin/main')
    await copy.remove(path)
    await copy.commit('Remove the policy')
    await copy.push({ ref: 'main' })
    await stage.settled()
    expect(await bare.check(uncovered)).not.toMatchObject({ conclusion: 'success' })
    const change = await changeIn(free, 'unlocked')
    await approve(free, change, 'chloe')
    expect(await free.check(change)).toMatchObject({ conclusion: 'success' })
    const last = (await recordsOf(stage)).findLast(({ kind }) => kind === 'organization policy')
    expect(last?.body).toMatchObject({ blob: null, locked: { after: '' } })
  })

  test('where another repository has its name: nothing of that one counts', async () => {
    await changeOrganization({ [path]: locks(2) })
    const change = await changeIn(free, 'replaced')
    await approve(free, change, 'chloe', 'dev')
    expect(await free.check(change)).toMatchObject({ conclusion: 'success' })
    await later()
    stage.github.deleteRepository('foodyepay/.github')
    await stage.settled()
    expect(await free.check(change)).toMatchObject({ conclusion: 'failure' })
    const files = { [path]: 'gates: { approvals: { count: 1 } }\n' }
    await stage.github.addRepository({ owner: 'foodyepay', name: '.github', private: true, files })
    stage.github.changeInstallation(installationId, 'added', ['.github'])
    await stage.settled()
    const check = await free.check(change)
    expect(check).toMatchObject({ conclusion: 'failure' })
    expect(check?.summary).toContain("isn't the one that the organization's policy came from")
    expect(await free.merge('eva', change)).toMatch(/Release gate/)
  })
})
