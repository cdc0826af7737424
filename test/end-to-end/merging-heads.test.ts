import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aStage } from '../support/stage.ts'

let stage: Stage
let count = 0

beforeAll(async () => {
  stage = await aStage({ at: new Date('2026-11-24T22:00:00Z') })
  cast(stage)
  stage.github.addUser('zed')
  stage.github.installApp('foodyepay')
})
afterAll(() => stage.close())

async function aGreenChange(
  policy = 'gates:\n  approvals: {}\n',
): Promise<{ shop: Workshop; change: Change }> {
  const shop = await setUpRepositories(stage, { repo: `heads-${++count}`, policy })
  const change = await shop.openPull('ana', { branch: 'change', title: 'A change', files: { a: 'b\n' } })
  await shop.review('chloe', change)
  await shop.review('dev', change)
  expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  return { shop, change }
}

/** Offers the same commit once more, from a fork, which has every branch that there was. */
async function offerAgain(shop: Workshop, { branch }: Change, login: string, base = 'main'): Promise<number> {
  await stage.github.fork(shop.name, login)
  const { data } = await stage
    .as(login)
    .rest.pulls.create({ ...shop.repository, title: 'Again', head: `${login}:${branch}`, base })
  await stage.settled()
  return data.number
}

describe('a pull request with the same head', () => {
  test("by an outsider does not worsen another's check to the same base, and the check names it", async () => {
    const { shop, change } = await aGreenChange()
    const number = await offerAgain(shop, change, 'zed')
    const check = await shop.check(change)
    expect(check).toMatchObject({ conclusion: 'success' })
    expect(check?.summary).toContain(`#${number} to \`main\` has this head too and does not count`)
  })

  test('by someone with write access does worsen it, and the check names the one that does', async () => {
    const { shop, change } = await aGreenChange()
    const copy = await stage.github.workingCopy(shop.name, 'ben')
    await copy.branch('same', `origin/${change.branch}`)
    await copy.push({ ref: 'same' })
    const { data } = await stage
      .as('ben')
      .rest.pulls.create({ ...shop.repository, title: 'Again', head: 'same', base: 'main', draft: true })
    await stage.settled()
    const check = await shop.check(change)
    expect(check).toMatchObject({ conclusion: null })
    expect(check?.summary).toMatch(/^A check belongs to a commit/)
    expect(check?.summary).toContain(`strictest result is shown, that of #${data.number} to \`main\`.`)
  })

  test('by an outsider to another base has its say, so that a lax branch never turns the check green', async () => {
    const { shop, change } = await aGreenChange('branches: [lax, main]\ngates:\n  approvals: {}\n')
    const copy = await stage.github.workingCopy(shop.name, 'olga')
    await copy.branch('lax')
    await copy.push({ ref: 'lax' })
    const number = await offerAgain(shop, change, 'zed', 'lax')
    const check = await shop.check(change)
    expect(check?.conclusion).not.toBe('success')
    expect(check?.summary).toContain(`strictest result is shown, that of #${number} to \`lax\`.`)
  })
})
