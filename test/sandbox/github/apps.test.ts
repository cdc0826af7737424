import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, client, type House, refusal } from './house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse()
})
afterAll(() => house.github.close())

async function asApp() {
  const { app, url } = house.github
  const now = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).setIssuer(String(app.id))
  return client(
    url,
    await jwt
      .setIssuedAt(now - 30)
      .setExpirationTime(now + 300)
      .sign(createPrivateKey(app.privateKey)),
  )
}

describe('the App with its JWT', () => {
  test('sees itself, with the permissions and events that may be taken from it', async () => {
    const app = await asApp()
    expect((await app.apps.getAuthenticated()).data).toMatchObject({
      slug: 'release-gate',
      permissions: { checks: 'write', contents: 'read' },
    })
    delete house.github.app.permissions.merge_queues
    expect((await app.apps.getAuthenticated()).data?.permissions).not.toHaveProperty('merge_queues')
  })

  test('finds its installation by repository and gets a token that works', async () => {
    const app = await asApp()
    const { data: found } = await app.apps.getRepoInstallation(house.repo)
    expect(found).toMatchObject({ id: house.installationId, target_type: 'Organization', suspended_at: null })
    const { data } = await app.apps.createInstallationAccessToken({ installation_id: found.id })
    const { data: list } = await client(house.github.url, data.token).apps.listReposAccessibleToInstallation()
    expect(list.repositories.map(({ full_name }) => full_name)).toEqual(['acme/shop'])
  })

  test('cannot find an installation where there is none, and people cannot ask at all', async () => {
    house.github.addUser('sam')
    await house.github.addRepository({ owner: 'sam', name: 'plain', files: { a: 'a' } })
    expect(
      (await refusal((await asApp()).apps.getRepoInstallation({ owner: 'sam', repo: 'plain' }))).status,
    ).toBe(404)
    expect((await refusal(house.as('ada').apps.getAuthenticated())).status).toBe(401)
  })
})

describe('files', () => {
  test('come as Base64, raw or as a list; another branch by `ref`; absent ones are 404', async () => {
    const { bot, repo } = house
    const { data } = await bot.repos.getContent({ ...repo, path: 'README.md' })
    expect(Buffer.from((data as { content: string }).content, 'base64').toString()).toBe('# Shop\n')
    expect(
      (await bot.repos.getContent({ ...repo, path: 'README.md', mediaType: { format: 'raw' } })).data,
    ).toBe('# Shop\n')
    expect((await bot.repos.getContent({ ...repo, path: '' })).data).toMatchObject([
      { name: 'README.md', type: 'file' },
    ])
    expect((await refusal(bot.repos.getContent({ ...repo, path: '.github/release-gate.yml' }))).status).toBe(
      404,
    )
    expect((await refusal(bot.repos.getContent({ ...repo, path: 'README.md', ref: 'nowhere' }))).status).toBe(
      404,
    )
  })

  test('change only on top of the blob that the writer saw: 409 otherwise', async () => {
    const { as, repo } = house
    const put = (sha?: string) =>
      as('wim').repos.createOrUpdateFileContents({
        ...repo,
        path: 'README.md',
        message: 'Edit',
        content: 'eA==',
        ...(sha ? { sha } : {}),
      })
    expect((await refusal(put())).status).toBe(422)
    expect((await refusal(put('a'.repeat(40)))).status).toBe(409)
    const { data } = await as('wim').repos.getContent({ ...repo, path: 'README.md' })
    expect((await put((data as { sha: string }).sha)).status).toBe(200)
    expect(
      (
        await refusal(
          as('rob').repos.createOrUpdateFileContents({ ...repo, path: 'x', message: 'm', content: 'eA==' }),
        )
      ).status,
    ).toBe(403)
  })
})

test("GraphQL names a commit's authors: the author and each co-author, tied to accounts or to nobody", async () => {
  const copy = await house.github.workingCopy('acme/shop', 'wim')
  await copy.branch('together')
  const coAuthors = [
    { name: 'Wanda', email: 'wanda@users.noreply.github.com' },
    { name: 'Guest', email: 'guest@elsewhere.example' },
  ]
  const oid = await copy.commit('Together', { coAuthors })
  await copy.push()
  const query =
    'query($oid: GitObjectID) { repository(owner: "acme", name: "shop") { object(oid: $oid) { ... on Commit { authors(first: 10) { nodes { email user { login } } } } } } }'
  const answer = await house.bot.graphql<{ repository: { object: { authors: { nodes: unknown[] } } } }>(
    query,
    { oid },
  )
  expect(answer.repository.object.authors.nodes).toEqual([
    { email: 'wim@example.com', user: { login: 'wim' } },
    { email: 'wanda@users.noreply.github.com', user: { login: 'wanda' } },
    { email: 'guest@elsewhere.example', user: null },
  ])
})
