import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, refusal, sent } from './house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
})
afterAll(() => house.github.close())

const on = (number: number) => ({ ...house.repo, pull_number: number })

describe('a review', () => {
  test("approving one's own is answered 422 `Review Can not approve your own pull request`", async () => {
    const number = await house.openPull('wim', 'own', { 'own.txt': 'x\n' })
    const answer = await refusal(house.as('wim').pulls.createReview({ ...on(number), event: 'APPROVE' }))
    expect(answer).toMatchObject({ status: 422, errors: ['Review Can not approve your own pull request'] })
    expect((await house.bot.pulls.listReviews(on(number))).data).toEqual([])
  })

  test('may be of an old commit, and keeps that commit after a push', async () => {
    const number = await house.openPull('wim', 'old', { 'old.txt': 'x\n' })
    const old = await house.headOf(number)
    const copy = await house.github.workingCopy('acme/shop', 'wim')
    await copy.branch('old', 'origin/old')
    await copy.write({ 'old.txt': 'y\n' })
    await copy.commit('Change again')
    const head = await copy.push()
    await house.as('wanda').pulls.createReview({ ...on(number), event: 'APPROVE', commit_id: old })
    await house.as('mary').pulls.createReview({ ...on(number), event: 'APPROVE' })
    const { data } = await house.bot.pulls.listReviews(on(number))
    expect(data.map(({ user, commit_id, state }) => [user?.login, commit_id, state])).toEqual([
      ['wanda', old, 'APPROVED'],
      ['mary', head, 'APPROVED'],
    ])
  })

  test("'s `commit_id` is null once git collected the commit", async () => {
    const { github } = house
    const number = await house.openPull('wim', 'lost', { 'lost.txt': 'x\n' })
    await house.as('wanda').pulls.createReview({ ...on(number), event: 'APPROVE' })
    const copy = await github.workingCopy('acme/shop', 'wim')
    await copy.branch('lost', 'origin/main')
    await copy.write({ 'lost.txt': 'rewritten\n' })
    await copy.commit('Rewritten')
    await copy.push({ force: true })
    await github.collectGarbage('acme/shop')
    const { data } = await house.bot.pulls.listReviews(on(number))
    expect(data).toMatchObject([{ state: 'APPROVED', commit_id: null }])
  })

  test('that is dismissed names its dismisser only in the event `review_dismissed`', async () => {
    const number = await house.openPull('wim', 'dismissed', { 'd.txt': 'x\n' })
    const { data: block } = await house
      .as('wanda')
      .pulls.createReview({ ...on(number), event: 'REQUEST_CHANGES', body: 'No' })
    await house.as('mary').pulls.dismissReview({ ...on(number), review_id: block.id, message: 'On holiday' })
    const { data: reviews } = await house.bot.pulls.listReviews(on(number))
    expect(reviews).toMatchObject([{ user: { login: 'wanda' }, state: 'DISMISSED' }])
    const { data: events } = await house.bot.issues.listEvents({ ...house.repo, issue_number: number })
    expect(events.at(-1)).toMatchObject({
      event: 'review_dismissed',
      actor: { login: 'mary' },
      dismissed_review: { review_id: block.id, state: 'changes_requested', dismissal_message: 'On holiday' },
    })
    expect(await sent(house.github, 'pull_request_review', 'dismissed')).toMatchObject([
      { sender: { login: 'mary' }, review: { state: 'dismissed' } },
    ])
  })

  test('cannot be dismissed when it is only a comment', async () => {
    const number = await house.openPull('wim', 'comment', { 'c.txt': 'x\n' })
    const { data: comment } = await house
      .as('wanda')
      .pulls.createReview({ ...on(number), event: 'COMMENT', body: 'Hm' })
    const call = house.as('mary').pulls.dismissReview({ ...on(number), review_id: comment.id, message: 'No' })
    expect(await refusal(call)).toMatchObject({
      status: 422,
      errors: ['Can not dismiss a commented pull request review'],
    })
  })

  test('of somebody without write counts nothing for a rule that asks for approvals', async () => {
    const { as, repo, openPull } = house
    const number = await openPull('wim', 'counted', { 'counted.txt': 'x\n' })
    const { data: ruleset } = await as('ada').repos.createRepoRuleset({
      ...repo,
      name: 'reviews',
      enforcement: 'active',
      conditions: { ref_name: { include: ['refs/heads/main'], exclude: [] } },
      rules: [
        {
          type: 'pull_request',
          parameters: {
            required_approving_review_count: 1,
            dismiss_stale_reviews_on_push: false,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: false,
          },
        },
      ],
    })
    await as('tess').pulls.createReview({ ...on(number), event: 'APPROVE' })
    expect((await refusal(as('wim').pulls.merge(on(number)))).message).toContain(
      'At least 1 approving review is required by reviewers with write access.',
    )
    await as('wanda').pulls.createReview({ ...on(number), event: 'APPROVE' })
    expect((await as('wim').pulls.merge(on(number))).data.merged).toBe(true)
    await as('ada').repos.deleteRepoRuleset({ ...repo, ruleset_id: ruleset.id })
  })

  test('a hundred and twenty come in pages, oldest first', async () => {
    const number = await house.openPull('wim', 'many', { 'many.txt': 'x\n' })
    for (let count = 0; count < 120; count++)
      await house.as('wanda').pulls.createReview({ ...on(number), event: 'COMMENT', body: `${count}` })
    const all = await house.bot.paginate(house.bot.pulls.listReviews, { ...on(number), per_page: 100 })
    expect(all.map(({ body }) => Number(body))).toEqual(Array.from({ length: 120 }, (_, index) => index))
  })
})
