import { execFileSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, refusal, sent } from './house.ts'

let house: House
beforeAll(async () => {
  house = await buildHouse({ 'README.md': '# Shop\n', 'src/a.ts': 'one\ntwo\nthree\n', 'bin/run': 'run\n' })
  house.github.setWebhook({ url: 'http://127.0.0.1:9' })
})
afterAll(() => house.github.close())

const on = (number: number) => ({ ...house.repo, pull_number: number })

describe('issue events', () => {
  test('are oldest first, so the newest are on the last page; a label has name and colour, no id', async () => {
    const { as, repo } = house
    const number = await house.openPull('wim', 'events', { 'events.txt': 'x\n' })
    const issue = { ...repo, issue_number: number }
    await as('ada').issues.createLabel({ ...repo, name: 'urgent', color: 'd73a4a' })
    await as('tess').issues.addLabels({ ...issue, labels: ['urgent'] })
    await as('mary').issues.removeLabel({ ...issue, name: 'urgent' })
    const { data: events } = await house.bot.issues.listEvents(issue)
    expect(events.map((row) => [row.event, row.actor?.login])).toEqual([
      ['labeled', 'tess'],
      ['unlabeled', 'mary'],
    ])
    expect(events[0]).toHaveProperty('label', { name: 'urgent', color: 'd73a4a' })
    const { data: last } = await house.bot.issues.listEvents({ ...issue, per_page: 1, page: 2 })
    expect(last.map(({ event }) => event)).toEqual(['unlabeled'])
  })

  test('retargeting is `base_ref_changed`, or `automatic_base_change_succeeded` when the old base merged and went away', async () => {
    const { as, repo } = house
    await as('wim').git.createRef({
      ...repo,
      ref: 'refs/heads/release',
      sha: (await as('wim').git.getRef({ ...repo, ref: 'heads/main' })).data.object.sha,
    })
    const lower = await house.openPull('wim', 'lower', { 'lower.txt': 'x\n' })
    const upper = await house.openPull('wim', 'upper', { 'upper.txt': 'x\n' }, { base: 'lower' })
    await as('wim').pulls.merge(on(lower))
    await as('wim').git.deleteRef({ ...repo, ref: 'heads/lower' })
    expect((await as('wim').pulls.get(on(upper))).data.base.ref).toBe('main')
    await as('wim').pulls.update({ ...on(upper), base: 'release' })
    const { data: events } = await house.bot.issues.listEvents({ ...repo, issue_number: upper })
    expect(events.map(({ event }) => event)).toEqual(['automatic_base_change_succeeded', 'base_ref_changed'])
    expect((await sent(house.github, 'pull_request', 'edited')).at(-1)).toMatchObject({
      changes: { base: { ref: { from: 'main' } } },
    })
  })
})

describe("a collaborator's permission", () => {
  test.each([
    ['ada', 'admin', 'admin'],
    ['mary', 'write', 'maintain'],
    ['wim', 'write', 'write'],
    ['tess', 'read', 'triage'],
    ['rob', 'read', 'read'],
    ['olga', 'admin', 'admin'],
  ])('of %s reads as %s, and `role_name` is exactly %s', async (username, permission, role_name) => {
    const { data } = await house.bot.repos.getCollaboratorPermissionLevel({ ...house.repo, username })
    expect(data).toMatchObject({ permission, role_name, user: { login: username } })
  })

  test('may be a custom role; then `role_name` says its name', async () => {
    house.github.addCustomRole('acme', 'releaser', 'write')
    house.github.addUser('cleo')
    house.github.setCollaborator('acme/shop', 'cleo', 'releaser')
    const { data } = await house.bot.repos.getCollaboratorPermissionLevel({ ...house.repo, username: 'cleo' })
    expect(data).toMatchObject({ permission: 'write', role_name: 'releaser' })
    house.github.setCollaborator('acme/shop', 'cleo', null)
    expect(
      (await refusal(house.bot.repos.getCollaboratorPermissionLevel({ ...house.repo, username: 'cleo' })))
        .status,
    ).toBe(404)
  })

  test('through a nested team is that of the team above', async () => {
    const { github, repo, bot } = house
    github.addUser('nina')
    github.addTeam('acme', 'engineering', { members: [] })
    github.addTeam('acme', 'platform', { members: ['nina'], parent: 'engineering' })
    github.setTeamRepository('acme', 'engineering', 'acme/shop', 'maintain')
    expect(
      (await bot.repos.getCollaboratorPermissionLevel({ ...repo, username: 'nina' })).data.role_name,
    ).toBe('maintain')
    const members = await bot.teams.listMembersInOrg({ org: 'acme', team_slug: 'engineering' })
    expect(members.data.map(({ login }) => login)).toEqual(['nina'])
  })
})

describe('pushers', () => {
  test('are named by the activity list alone: ref, actor, before, after and kind', async () => {
    const { github, bot, repo } = house
    const number = await house.openPull('wim', 'pushed', { 'pushed.txt': 'x\n' })
    const first = await house.headOf(number)
    const copy = await github.workingCopy('acme/shop', 'wanda')
    await copy.branch('pushed', 'origin/pushed')
    await copy.write({ 'pushed.txt': 'y\n' })
    const asWim = { name: 'wim', email: 'wim@example.com' }
    const second = await copy.commit('In the name of wim', { author: asWim, committer: asWim })
    await copy.push()
    const third = await copy.commit('Reworded', { amend: true })
    await copy.push({ force: true })
    const { data } = await bot.repos.listActivities({ ...repo, ref: 'refs/heads/pushed' })
    expect(data.map((row) => [row.activity_type, row.actor?.login, row.before, row.after])).toEqual([
      ['force_push', 'wanda', second, third],
      ['push', 'wanda', first, second],
      ['branch_creation', 'wim', '0'.repeat(40), first],
    ])
    const [commit] = (await bot.pulls.listCommits(on(number))).data.slice(-1)
    expect([commit?.author?.login, commit?.committer?.login]).toEqual(['wim', 'wanda'])
    const synchronized = await sent(github, 'pull_request', 'synchronize')
    expect(synchronized.map(({ before, after }) => [before, after])).toEqual([
      [first, second],
      [second, third],
    ])
    const events = (await bot.issues.listEvents({ ...repo, issue_number: number })).data
    expect(events.map(({ event }) => event)).toEqual(['head_ref_force_pushed'])
  })
})

describe('commits', () => {
  test.each([
    ['the address of the account', 'wanda@example.com', 'wanda'],
    ['a no-reply address with id', 'ID+wanda@users.noreply.github.com', 'wanda'],
    ['a no-reply address without id', 'wanda@users.noreply.github.com', 'wanda'],
    ['an address of nobody', 'stranger@nowhere.example', undefined],
  ])('by %s are tied to the account or to null', async (_, email, login) => {
    const { data: user } = await house.as('wanda').users.getAuthenticated()
    const copy = await house.github.workingCopy('acme/shop', 'wim')
    const branch = `mail-${email.split('@')[0]}-${email.length}`
    await copy.branch(branch)
    const person = { name: 'Somebody', email: email.replace('ID', String(user.id)) }
    const ref = await copy.commit('By mail', { author: person })
    await copy.push()
    const { data: commit } = await house.bot.repos.getCommit({ ...house.repo, ref })
    expect(commit.author?.login).toBe(login)
    expect(commit.committer?.login).toBe('wim')
  })

  test("with GitHub's committer but no signature are tied to web-flow and not verified", async () => {
    const copy = await house.github.workingCopy('acme/shop', 'wim')
    await copy.branch('forged')
    const ref = await copy.commit('Forged', { committer: { name: 'GitHub', email: 'noreply@github.com' } })
    await copy.push()
    const { data } = await house.bot.repos.getCommit({ ...house.repo, ref })
    expect(data.committer?.login).toBe('web-flow')
    expect(data.commit.verification?.verified).toBe(false)
  })

  test('made in the browser are committed by web-flow and verified', async () => {
    const { data } = await house.as('wanda').repos.createOrUpdateFileContents({
      ...house.repo,
      branch: 'forged',
      path: 'web.txt',
      message: 'Web',
      content: Buffer.from('x').toString('base64'),
    })
    const { data: commit } = await house.bot.repos.getCommit({ ...house.repo, ref: data.commit.sha ?? '' })
    expect([commit.author?.login, commit.committer?.login, commit.commit.verification?.verified]).toEqual([
      'wanda',
      'web-flow',
      true,
    ])
  })

  test('of "Update branch" merge the base into the head, signed by web-flow', async () => {
    const number = await house.openPull('wim', 'behind', { 'behind.txt': 'x\n' })
    const before = await house.headOf(number)
    const other = await house.openPull('wim', 'ahead', { 'ahead.txt': 'x\n' })
    await house.as('wim').pulls.merge(on(other))
    await house.as('wanda').pulls.updateBranch(on(number))
    const { data: commit } = await house.bot.repos.getCommit({
      ...house.repo,
      ref: await house.headOf(number),
    })
    expect(commit.parents[0]?.sha).toBe(before)
    expect([
      commit.parents.length,
      commit.author?.login,
      commit.committer?.login,
      commit.commit.verification?.verified,
    ]).toEqual([2, 'wanda', 'web-flow', true])
  })
})

describe('compare', () => {
  test('has the files and patches that plain git has, without modes', async () => {
    const { github, bot, repo } = house
    const copy = await github.workingCopy('acme/shop', 'wim')
    await copy.branch('changes', 'origin/main')
    await copy.write({
      'src/a.ts': 'one\n2\nthree\n',
      'logo.png': Buffer.from([0, 1, 2, 0]),
      '.gitattributes': 'quiet.txt -diff\n',
      'quiet.txt': 'hush\n',
    })
    await copy.git('mv', 'README.md', 'READ.md')
    await chmod(join(copy.folder, 'bin/run'), 0o755)
    const head = await copy.commit('Changes')
    await copy.push()
    const { data } = await bot.repos.compareCommitsWithBasehead({ ...repo, basehead: `main...changes` })
    const files = new Map(data.files?.map((file) => [file.filename, file]))
    expect(data.merge_base_commit.sha).toBe(await copy.git('merge-base', 'origin/main', 'changes'))
    expect(files.get('READ.md')).toMatchObject({
      status: 'renamed',
      previous_filename: 'README.md',
      changes: 0,
    })
    expect(files.get('src/a.ts')?.patch).toBe('@@ -1,3 +1,3 @@\n one\n-two\n+2\n three')
    expect(files.get('logo.png')).toMatchObject({ status: 'added' })
    for (const name of ['logo.png', 'quiet.txt', 'bin/run', 'READ.md'])
      expect(files.get(name)).not.toHaveProperty('patch')
    expect(JSON.stringify(data.files)).not.toContain('"mode"')
    for (const [name, file] of files) expect(file.sha).toBe(await copy.git('rev-parse', `${head}:${name}`))
    const diff = await bot.repos.compareCommitsWithBasehead({
      ...repo,
      basehead: `main...changes`,
      mediaType: { format: 'diff' },
    })
    expect(String(diff.data)).toContain('rename from README.md')
  })

  test('gives modes and blobs through git trees', async () => {
    const { bot, repo, github } = house
    const { data } = await bot.git.getTree({ ...repo, tree_sha: 'changes', recursive: '1' })
    const folder = (await github.workingCopy('acme/shop', 'wim')).folder
    const listed = execFileSync('git', ['ls-tree', '-r', '-t', 'origin/changes'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(data.tree.map(({ mode, type, sha, path }) => `${mode} ${type} ${sha}\t${path}`).join('\n')).toBe(
      listed.trim(),
    )
    expect(data.tree.find(({ path }) => path === 'bin/run')?.mode).toBe('100755')
    expect(data.truncated).toBe(false)
  })
})

describe('a large pull request of 260 commits and 3,100 files', () => {
  let number: number
  beforeAll(async () => {
    const copy = await house.github.workingCopy('acme/shop', 'wim')
    await copy.branch('large', 'origin/main')
    await copy.write(
      Object.fromEntries(Array.from({ length: 3100 }, (_, index) => [`big/${index}.txt`, `${index}\n`])),
    )
    await copy.commit('All files')
    const stream = Array.from(
      { length: 259 },
      (_, index) =>
        `commit refs/heads/large\ncommitter wim <wim@example.com> ${1_772_500_000 + index} +0000\ndata 2\nc${index % 10}\n${index === 0 ? 'from refs/heads/large^0\n' : ''}M 100644 inline counter.txt\ndata 4\n${String(index).padStart(4, '0')}\n`,
    )
    execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: copy.folder, input: stream.join('') })
    await copy.push({ ref: 'large' })
    const { data } = await house
      .as('wim')
      .pulls.create({ ...house.repo, base: 'main', head: 'large', title: 'Large' })
    number = data.number
  })

  test('`commits` stops at 250, `files` at 3,000; the pull request tells the true numbers', async () => {
    const { bot } = house
    const commits = await bot.paginate(bot.pulls.listCommits, { ...on(number), per_page: 100 })
    const files = await bot.paginate(bot.pulls.listFiles, { ...on(number), per_page: 100 })
    expect([commits.length, files.length]).toEqual([250, 3000])
    expect((await bot.pulls.get(on(number))).data).toMatchObject({ commits: 260, changed_files: 3101 })
  })

  test('compare gives all commits by paging, and at most 300 files, on the first page only', async () => {
    const { bot, repo } = house
    const compare = async (page: number) =>
      (await bot.repos.compareCommitsWithBasehead({ ...repo, basehead: 'main...large', per_page: 100, page }))
        .data
    const pages = [await compare(1), await compare(2), await compare(3)]
    expect(pages.map(({ commits }) => commits.length)).toEqual([100, 100, 60])
    expect(pages.map(({ files }) => files?.length)).toEqual([300, 0, 0])
    expect(new Set(pages.flatMap(({ commits }) => commits.map(({ sha }) => sha))).size).toBe(260)
    const whole = (await bot.repos.compareCommitsWithBasehead({ ...repo, basehead: 'main...large' })).data
    expect([whole.commits.length, whole.total_commits]).toEqual([250, 260])
    expect(whole.commits.at(-1)?.sha).toBe(await house.headOf(number))
  })

  test("'s `.diff` is refused with 406 `too_large`", async () => {
    const call = house.bot.pulls.get({ ...on(number), mediaType: { format: 'diff' } })
    expect(await refusal(call)).toMatchObject({ status: 406, errors: [{ code: 'too_large' }] })
  })
})

describe('the pull requests of a commit', () => {
  const tied = async (commit_sha: string, repo = house.repo) =>
    (await house.as('olga').repos.listPullRequestsAssociatedWithCommit({ ...repo, commit_sha })).data.map(
      ({ number, state }) => [number, state],
    )

  test('are open ones only while it is not on the default branch, and never those from forks', async () => {
    const { as, repo, github } = house
    const number = await house.openPull('wim', 'tied', { 'tied.txt': 'x\n' })
    const sha = await house.headOf(number)
    expect(await tied(sha)).toEqual([[number, 'open']])
    await as('wim').git.createRef({ ...repo, ref: 'refs/heads/stable', sha: (await tip('main')) ?? '' })
    await as('wim').pulls.merge(on(number))
    const { data: back } = await as('wim').pulls.create({
      ...repo,
      base: 'stable',
      head: 'main',
      title: 'To stable',
    })
    expect(await tied(sha)).toEqual([[number, 'closed']])
    expect(await tied(back.head.sha)).toEqual([[number, 'closed']])
    await github.fork('acme/shop', 'rob')
    const copy = await github.workingCopy('rob/shop', 'rob')
    await copy.write({ 'fork.txt': 'x\n' })
    await copy.branch('theirs', 'origin/main')
    const theirs = await copy.commit('From a fork')
    await copy.push()
    const { data: fork } = await as('rob').pulls.create({
      ...repo,
      base: 'main',
      head: 'rob:theirs',
      title: 'Theirs',
    })
    expect(await tied(theirs)).toEqual([])
    const asked = await as('rob').repos.listPullRequestsAssociatedWithCommit({
      owner: 'rob',
      repo: 'shop',
      commit_sha: theirs,
    })
    expect(asked.data.map(({ number: found }) => found)).toEqual([fork.number])
  })
})

async function tip(branch: string): Promise<string | undefined> {
  const { data } = await house.as('wim').git.getRef({ ...house.repo, ref: `heads/${branch}` })
  return data.object.sha
}
