import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, client, type House, refusal, sent } from './house.ts'

let house: House
let sha: string
beforeAll(async () => {
  house = await buildHouse()
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
  sha = await house.headOf(await house.openPull('wim', 'checked', { 'checked.txt': 'x\n' }))
})
afterAll(() => house.github.close())

const create = (fields: object = {}, by = house.bot) =>
  by.checks.create({ ...house.repo, name: 'Release gate', head_sha: sha, ...fields })

describe('a check run', () => {
  test('cannot be created by a person: "You must authenticate via a GitHub App."', async () => {
    expect(await refusal(create({}, house.as('ada')))).toMatchObject({
      status: 403,
      message: 'You must authenticate via a GitHub App.',
    })
  })

  test('that is completed cannot be patched back to `in_progress`: 200, and it stays completed', async () => {
    const { data: run } = await create({ status: 'completed', conclusion: 'success' })
    const answer = await house.bot.checks.update({
      ...house.repo,
      check_run_id: run.id,
      status: 'in_progress',
    })
    expect(answer.status).toBe(200)
    expect(answer.data).toMatchObject({ status: 'completed', conclusion: 'success' })
    expect((await house.bot.checks.get({ ...house.repo, check_run_id: run.id })).data.status).toBe(
      'completed',
    )
  })

  test('belongs to its app: another app may not change it', async () => {
    const { data: run } = await create({ status: 'in_progress' })
    const other = client(house.github.url, house.github.otherApp('other').install('acme').token)
    expect(
      (await refusal(other.checks.update({ ...house.repo, check_run_id: run.id, conclusion: 'success' })))
        .status,
    ).toBe(403)
  })

  test.each([
    ['a summary of 65,536 characters', { output: { title: 't', summary: 'x'.repeat(65_536) } }],
    [
      '51 annotations',
      {
        output: {
          title: 't',
          summary: 's',
          annotations: Array.from({ length: 51 }, () => ({
            path: 'a',
            start_line: 1,
            end_line: 1,
            annotation_level: 'notice',
            message: 'm',
          })),
        },
      },
    ],
    [
      'four actions',
      { actions: Array.from({ length: 4 }, () => ({ label: 'l', description: 'd', identifier: 'i' })) },
    ],
    ['a commit that is not there', { head_sha: 'e'.repeat(40) }],
  ])('with %s is answered 422', async (_, fields) => {
    expect((await refusal(create(fields))).status).toBe(422)
  })

  test('lists the newest of each name and app, or all of them with `filter=all`', async () => {
    const { data: last } = await create({ name: 'twice', status: 'in_progress' }).then(() =>
      create({ name: 'twice', conclusion: 'failure' }),
    )
    const list = async (filter: 'latest' | 'all') =>
      (await house.bot.checks.listForRef({ ...house.repo, ref: sha, check_name: 'twice', filter })).data
    expect((await list('latest')).check_runs.map(({ id }) => id)).toEqual([last.id])
    expect((await list('all')).total_count).toBe(2)
  })

  test('`rerequested` resets the suite to queued; the run itself is not updated', async () => {
    const { data: run } = await create({ name: 'again', conclusion: 'failure' })
    await house.as('wim').checks.rerequestRun({ ...house.repo, check_run_id: run.id })
    const { data: suite } = await house.bot.checks.getSuite({
      ...house.repo,
      check_suite_id: run.check_suite?.id ?? 0,
    })
    expect(suite.status).toBe('queued')
    expect((await house.bot.checks.get({ ...house.repo, check_run_id: run.id })).data).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
    })
    const [event] = await sent(house.github, 'check_run', 'rerequested')
    expect(event).toMatchObject({
      check_run: { id: run.id, name: 'again' },
      sender: { login: 'wim' },
      installation: { id: house.installationId },
    })
  })

  test('sends `requested_action` when somebody presses its button', async () => {
    const { data: run } = await create({
      name: 'button',
      conclusion: 'failure',
      actions: [{ label: 'Run', description: 'Run it', identifier: 'run' }],
    })
    house.github.requestAction('acme/shop', run.id, 'run', 'wanda')
    expect(await sent(house.github, 'check_run', 'requested_action')).toMatchObject([
      { requested_action: { identifier: 'run' }, sender: { login: 'wanda' } },
    ])
  })
})

describe('the App', () => {
  test('may not do what its permissions leave out: contents and merging are answered 403', async () => {
    const { bot, repo } = house
    const write = bot.repos.createOrUpdateFileContents({ ...repo, path: 'a', message: 'm', content: 'eA==' })
    expect(await refusal(write)).toMatchObject({
      status: 403,
      message: 'Resource not accessible by integration',
    })
    expect((await refusal(bot.pulls.merge({ ...repo, pull_number: 1 }))).status).toBe(403)
    expect((await bot.repos.getContent({ ...repo, path: 'README.md' })).status).toBe(200)
  })

  test('sees no private repository where it is not installed, and nothing after it was uninstalled', async () => {
    const { github } = house
    github.addUser('sam')
    await github.addRepository({ owner: 'sam', name: 'secret', private: true, files: { a: 'a' } })
    expect((await refusal(house.bot.repos.get({ owner: 'sam', repo: 'secret' }))).status).toBe(404)
    const { installationId } = github.installApp('sam')
    const there = client(github.url, github.installationToken(installationId))
    expect((await there.repos.get({ owner: 'sam', repo: 'secret' })).data.full_name).toBe('sam/secret')
    github.uninstallApp(installationId)
    expect((await refusal(there.repos.get({ owner: 'sam', repo: 'secret' }))).status).toBe(401)
  })
})
