import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aCommandLine, type CommandLine } from '../support/command-line.ts'
import { recordsOf } from '../support/merging.ts'
import { aStage } from '../support/stage.ts'

/** Another repository has the name `.github`: its policy counts once an owner of the organization accepts it. */

const path = '.github/release-gate.yml'
const policy = (count: number) =>
  `locked: [approvals]\ngates: { approvals: { count: ${count} } }\nslack: { channel: "#releases" }\n`

let stage: Stage
let run: CommandLine
let installationId: number
let shop: Workshop
let change: Change

const later = (seconds = 60) => stage.moveTo(new Date(stage.now().getTime() + seconds * 1_000))
const check = () => shop.check(change)
const accept = (login: string | undefined, ...more: string[]) =>
  run(login, 'policy', 'accept', 'foodyepay', ...more)
const idIn = (out: string) => /--id (\d+)/.exec(out)?.[1] ?? expect.fail(out)
const accepted = async () =>
  (await recordsOf(stage)).filter(({ kind, body }) => kind === 'organization policy' && 'accepted' in body)

async function replace(files: Record<string, string>): Promise<number> {
  await later()
  stage.github.deleteRepository('foodyepay/.github')
  await stage.settled()
  const { id } = await stage.github.addRepository({
    owner: 'foodyepay',
    name: '.github',
    private: true,
    files,
  })
  stage.github.changeInstallation(installationId, 'added', ['.github'])
  await stage.settled()
  await later()
  return id
}

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T18:10:00Z') })
  run = aCommandLine(stage)
  cast(stage)
  const owner = 'foodyepay'
  await stage.github.addRepository({ owner, name: '.github', private: true, files: { [path]: policy(2) } })
  shop = await setUpRepositories(stage, { repo: 'shop', policy: 'gates: { hold: {} }\n' })
  stage.github.setCollaborator('foodyepay/shop', 'eva', 'admin')
  installationId = stage.github.installApp(owner, { repositories: ['.github', 'shop'] }).installationId
  await stage.settled()
  change = await shop.openPull('ana', { branch: 'one', title: 'One', files: { 'src/one.ts': 'x\n' } })
  await shop.review('chloe', change)
  expect(await check()).toMatchObject({ title: 'Waiting for 1 more approval' })
})
afterAll(() => stage.close())

test('nothing is there to accept while it is the one that the policy came from', async () => {
  expect(await accept('olga')).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      /^The policy of foodyepay comes from foodyepay\/\.github \(repository \d+\) already\./,
    ),
  })
  expect(await accept('olga', '--id', 'x')).toMatchObject({ code: 2, out: expect.stringContaining('--id') })
})

describe('another repository under the name', () => {
  let id: number
  beforeAll(async () => {
    id = await replace({ [path]: policy(1) })
  })
  beforeEach(async () => {
    expect(await check()).toMatchObject({ conclusion: 'failure' })
  })

  test('does not count, and the check names the command that accepts it', async () => {
    expect((await check())?.summary).toContain('release-gate policy accept foodyepay')
  })

  test('is shown with what it locks before it is accepted', async () => {
    const shown = await accept('olga')
    expect(shown).toMatchObject({
      code: 1,
      out: expect.stringContaining('approvals, branches, enforce, push'),
    })
    expect(idIn(shown.out)).toBe(String(id))
    expect(await accepted()).toEqual([])
  })

  test.each([
    ['an administrator of a repository', 'eva', 'eva is not an owner of foodyepay'],
    ['a script, which names nobody', undefined, 'Only an owner of the organization can accept'],
  ])('is not accepted by %s', async (_, login, says) => {
    expect(await accept(login, '--id', String(id))).toMatchObject({
      code: 1,
      out: expect.stringContaining(says),
    })
    await later()
    expect(await accepted()).toEqual([])
  })

  test('is not accepted under the id of another one', async () => {
    const refused = await accept('olga', '--id', '1')
    expect(refused.code).toBe(1)
    expect(idIn(refused.out)).toBe(String(id))
    expect(await accepted()).toEqual([])
  })
})

test('the one that an owner accepts counts at once, is recorded with who accepted it, and is announced once', async () => {
  const { out } = await accept('olga')
  const id = idIn(out)
  expect(await accept('olga', '--id', id)).toMatchObject({
    code: 0,
    out: expect.stringContaining('from now on'),
  })
  await later()
  expect(await check()).toMatchObject({ conclusion: 'success', title: 'Ready to merge' })
  const [record, ...others] = await accepted()
  expect(others).toEqual([])
  expect(record?.body).toEqual({
    organization: 'foodyepay',
    repositoryId: Number(id),
    blob: expect.stringMatching(/^[0-9a-f]{40}$/),
    locked: { before: 'approvals, branches, enforce, push', after: 'approvals, branches, enforce, push' },
    accepted: {
      by: 'olga',
      byId: expect.any(Number),
      authority: 'owner of foodyepay',
      instead: expect.any(Number),
    },
  })
  await later(5)
  const told = stage.slack.messages.filter(({ text }) => text.includes('was accepted'))
  expect(told).toHaveLength(1)
  expect(told[0]?.text).toContain('olga (owner of foodyepay)')
  expect(await accept('olga', '--id', id)).toMatchObject({ code: 1, out: expect.stringContaining('already') })
})

test('one without a policy is accepted too, and what was locked is free', async () => {
  await replace({ 'README.md': '#\n' })
  expect(await check()).toMatchObject({ conclusion: 'failure' })
  const { out } = await accept('olga')
  expect(out).toContain('has no policy')
  expect(await accept('olga', '--id', idIn(out))).toMatchObject({ code: 0 })
  await later()
  expect((await check())?.summary).not.toContain('locks')
  expect((await accepted()).at(-1)?.body).toMatchObject({ blob: null, locked: { after: '' } })
})
