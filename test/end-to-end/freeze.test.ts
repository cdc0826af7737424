import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { aFolder } from '../support/databases.ts'
import { aStage } from '../support/stage.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('an instant freeze', () => {
  let stage: Stage
  let shop: Workshop
  let change: Change
  beforeAll(async () => {
    stage = await aStage({ at: new Date('2026-11-25T18:10:00Z') })
    cast(stage)
    stage.github.installApp('foodyepay')
    shop = await setUpRepositories(stage)
    change = await shop.openPull('ana', { branch: 'a', title: 'A', files: { 'src/a.ts': 'a\n' } })
    await shop.review('chloe', change)
    await shop.review('dev', change)
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })
  afterAll(() => stage.close())

  const release = (args: string[], token: string | undefined = stage.operatorToken, home?: string) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const env = {
        PATH: process.env.PATH ?? '',
        ...(home ? { XDG_CONFIG_HOME: home } : { OPERATOR_TOKEN: token }),
      }
      execFile(
        process.execPath,
        [main, ...args, ...(args.includes('--url') ? [] : ['--url', stage.bot().url])],
        { env, cwd: '/' },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr }),
      )
    })

  test('revokes green checks at once, with its reason, and its end turns them green again', async () => {
    expect(await release(['freeze', '--reason', 'Ledger is being repaired', '--all'])).toMatchObject({
      code: 0,
      out: 'Every repository is frozen until it is lifted.\n',
    })
    await stage.settled()
    const frozen = await shop.check(change)
    expect(frozen).toMatchObject({ title: 'Frozen: Ledger is being repaired', conclusion: null })
    expect(frozen?.summary).toContain('release-gate unfreeze')
    expect(await shop.merge('eva', change)).toMatch(/Release gate/)

    expect(await release(['unfreeze', '--all'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('was lifted.'),
    })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('reaches only the repository that it names', async () => {
    expect(
      await release(['freeze', '--reason', 'Elsewhere', '--repository', 'foodyepay/other']),
    ).toMatchObject({ code: 2, out: expect.stringContaining('Check the name.') })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
    expect(
      await release(['freeze', '--reason', 'Here', '--repository', 'FoodyePay/mcp-server']),
    ).toMatchObject({ code: 0 })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ title: 'Frozen: Here' })
    await release(['unfreeze', '--repository', 'foodyepay/mcp-server'])
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('holds back a repository whose policy names no release window, until urgent lifts it', async () => {
    const policy = 'gates: { approvals: {} }\n'
    const plain = await setUpRepositories(stage, { repo: 'plain', policy })
    const open = await plain.openPull('ana', { branch: 'p', title: 'P', files: { 'src/p.ts': 'p\n' } })
    await plain.review('chloe', open)
    await plain.review('dev', open)
    expect(await plain.check(open)).toMatchObject({ conclusion: 'success' })

    await release(['freeze', '--reason', 'Ledger', '--repository', 'foodyepay/plain'])
    await stage.settled()
    expect(await plain.check(open)).toMatchObject({ title: 'Frozen: Ledger', conclusion: null })
    expect(await plain.merge('eva', open)).toMatch(/Release gate/)

    await plain.label('eva', open, 'urgent')
    expect(await plain.check(open)).toMatchObject({ conclusion: 'success' })
    await plain.unlabel('eva', open, 'urgent')
    expect(await plain.check(open)).toMatchObject({ title: 'Frozen: Ledger', conclusion: null })

    await release(['unfreeze', '--repository', 'foodyepay/plain'])
    await stage.settled()
    expect(await plain.check(open)).toMatchObject({ conclusion: 'success' })
  })

  test('is refused with a wrong token and without a reason, and does not end by an order that is not newer', async () => {
    expect(
      await release(['freeze', '--reason', 'Mine', '--all'], 'another-token-of-at-least-32-characters'),
    ).toMatchObject({
      code: 1,
      out: expect.stringContaining('does not know who you are'),
    })
    expect(await release(['freeze'])).toMatchObject({ code: 2, out: expect.stringContaining('--reason') })
    const at = new Date().toISOString()
    const send = (order: object) =>
      fetch(`${stage.bot().url}/api/freeze`, {
        method: 'POST',
        body: JSON.stringify({ ...order, at, repository: 'foodyepay/plain' }),
        headers: { authorization: `Bearer ${stage.operatorToken}` },
      })
    expect((await send({ action: 'freeze', reason: 'Once' })).status).toBe(200)
    expect((await send({ action: 'unfreeze' })).status).toBe(409)
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('of one repository ends by its own order, and one of all holds on', async () => {
    const mine = ['--repository', 'foodyepay/mcp-server']
    await release(['freeze', '--reason', 'All of it', '--all'])
    expect(await release(['unfreeze', ...mine])).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /has no freeze of its own, but every repository is still frozen: "All of it"/,
      ),
    })
    await release(['freeze', '--reason', 'This one', ...mine])
    expect(await release(['unfreeze', '--all'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Still frozen on their own: foodyepay/mcp-server ("This one")'),
    })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: null })
    expect(await release(['unfreeze', ...mine])).toMatchObject({ code: 0 })
    expect(await release(['unfreeze', ...mine])).toMatchObject({
      code: 0,
      out: 'foodyepay/mcp-server was not frozen.\n',
    })
    expect(await release(['unfreeze', '--all'])).toMatchObject({
      out: expect.stringContaining('There was no freeze on all repositories.'),
    })
    await stage.settled()
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('says what it would freeze, and asks for --all, where it is given no scope', async () => {
    for (const action of ['freeze', 'unfreeze']) {
      const reason = action === 'freeze' ? ['--reason', 'Everything'] : []
      expect(await release([action, ...reason])).toEqual({
        code: 2,
        out: `release-gate: This would ${action} 2 repositories: foodyepay/mcp-server, foodyepay/plain. To do that, add --all. For one repository, add --repository owner/name; for one organization, --organization name.\n`,
      })
    }
    expect(await release(['freeze', '--reason', 'x', '--all', '--repository', 'foodyepay/plain'])).toEqual({
      code: 2,
      out: 'release-gate: --all, --organization and --repository: cannot be combined. Use one of them.\n',
    })
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('is signed by who GitHub says, after a login at the command line, until the logout', async () => {
    stage.github.signIn.interval = 1
    stage.github.setCollaborator('foodyepay/plain', 'eva', 'maintain')
    const home = await aFolder()
    const file = join(home, 'release-gate', 'logins.json')
    const asEva = (...words: string[]) => release([...words, '--url', stage.bot().url], undefined, home)
    expect(await asEva('unfreeze', '--repository', 'foodyepay/plain')).toMatchObject({
      code: 2,
      out: expect.stringContaining('Run `release-gate login` first.'),
    })
    const login = spawn(process.execPath, [main, 'login', '--url', stage.bot().url], {
      env: { PATH: process.env.PATH ?? '', XDG_CONFIG_HOME: home },
      cwd: '/',
    })
    let said = ''
    login.stdout.on('data', (chunk) => {
      said += chunk
    })
    const ended = once(login, 'close')
    await expect.poll(() => said).toMatch(/type the code \S+\n/)
    const [, code = ''] = /type the code (\S+)/.exec(said) ?? []
    await fetch(`${stage.github.url}/login/device`, {
      method: 'POST',
      body: new URLSearchParams({ user_code: code, login: 'eva' }),
    })
    expect([(await ended)[0], said]).toEqual([0, expect.stringContaining('Signed in as eva until')])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).not.toMatch(/gh[upos]_/)

    const freeze = ['freeze', '--reason', 'By eva', '--repository', 'foodyepay/plain']
    expect(await asEva(...freeze)).toMatchObject({ code: 0 })
    expect((await asEva('status')).out).toContain('Frozen by eva (maintain): By eva')
    expect(await asEva('freeze', '--reason', 'All', '--all')).toMatchObject({
      code: 1,
      out: expect.stringContaining('eva is neither an owner of every organization'),
    })
    const kept = await readFile(file, 'utf8')
    expect(await asEva('logout')).toMatchObject({ code: 0, out: 'eva is signed out.\n' })
    await writeFile(file, kept)
    expect(await asEva('unfreeze', '--repository', 'foodyepay/plain')).toMatchObject({
      code: 1,
      out: expect.stringContaining('does not know who you are'),
    })
    await release(['unfreeze', '--repository', 'foodyepay/plain'])
    await stage.settled()
  })

  test('ends with 3 where the bot cannot be reached', async () => {
    expect(await release(['unfreeze', '--all', '--url', 'http://127.0.0.1:9'])).toMatchObject({
      code: 3,
      out: expect.stringContaining('Cannot reach the bot at http://127.0.0.1:9'),
    })
  })

  test.each([
    [
      'an end that is past',
      ['--all', '--until', '2020-01-01T00:00:00Z'],
      1,
      /would end .*, which is in the past/,
    ],
    ['an end without an offset', ['--all', '--until', '2027-01-01T00:00'], 2, /--until: .* with an offset/],
    ['an invalid name', ['--repository', 'shop'], 2, /--repository: "shop" is not a repository name/],
    ['an invalid address', ['--all', '--url', 'localhost:3000'], 2, /--url: "localhost:3000" is not a URL/],
  ])('is refused with %s, and nothing is frozen', async (_, args, code, out) => {
    expect(await release(['freeze', '--reason', 'No', ...args])).toMatchObject({
      code,
      out: expect.stringMatching(out),
    })
    expect(await release(['freeze', '--reason', ' '])).toMatchObject({
      code: 2,
      out: expect.stringContaining('--reason: is empty'),
    })
    expect(await shop.check(change)).toMatchObject({ conclusion: 'success' })
  })

  test('by a line in the policy revokes green checks at once', async () => {
    const policy = 'gates:\n  approvals: {}\n  release_window: { frozen: Payments are being migrated }\n'
    const line = await shop.openPull('ana', {
      branch: 'freeze',
      title: 'Freeze',
      files: { '.github/release-gate.yml': policy },
    })
    await shop.review('chloe', line)
    await shop.review('dev', line)
    expect(await shop.merge('eva', line)).toBeUndefined()
    expect(await shop.check(change)).toMatchObject({
      title: 'Frozen: Payments are being migrated',
      conclusion: null,
    })
  })

  test("by a line in the organization's policy revokes the green checks of those that fall back to it", async () => {
    stage.github.addOrganization('other', { owners: ['olga'] })
    stage.github.installApp('other')
    const policy = (frozen: string) => `gates:\n  approvals: {}\n  release_window: {${frozen}}\n`
    const common = await setUpRepositories(stage, { owner: 'other', repo: '.github', policy: policy('') })
    const tool = await setUpRepositories(stage, { owner: 'other', repo: 'tool', policy: null })
    const mend = await tool.openPull('ana', { branch: 'b', title: 'B', files: { 'src/b.ts': 'b\n' } })
    await tool.review('chloe', mend)
    await tool.review('dev', mend)
    expect(await tool.check(mend)).toMatchObject({ conclusion: 'success' })
    const line = await common.openPull('ana', {
      branch: 'freeze',
      title: 'Freeze',
      files: { '.github/release-gate.yml': policy(' frozen: All of us migrate ') },
    })
    await common.review('chloe', line)
    await common.review('dev', line)
    expect(await common.merge('eva', line)).toBeUndefined()
    expect(await tool.check(mend)).toMatchObject({ title: 'Frozen: All of us migrate', conclusion: null })
  })
})
