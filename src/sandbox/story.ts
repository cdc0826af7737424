import type { Narrator } from './narrator.ts'
import type { ShownCheck, Stage } from './stage.ts'

/** FoodyePay's repository as the story needs it. */
export const repository = { owner: 'foodyepay', repo: 'mcp-server' }

export const people = ['ana', 'ben', 'chloe', 'dev', 'eva', 'gus', 'olga']

const policy = `# yaml-language-server: $schema=./release-gate.schema.json
gates:
  approvals: {}
  release_window: {}
`

/** The people: ana and ben write code, chloe and dev review it, eva is the release captain, gus triages, olga owns the organisation. */
export async function furnish(stage: Stage): Promise<void> {
  const { github } = stage
  for (const login of people) github.addUser(login)
  github.addOrganization(repository.owner, { owners: ['olga'] })
  await github.addRepository({
    owner: repository.owner,
    name: repository.repo,
    files: {
      'README.md': '# MCP server\n',
      'src/rewards.ts': 'export const cap = 50\n',
      'src/eligibility.ts': 'export const minimum = 10\n',
      '.github/release-gate.yml': policy,
    },
    collaborators: {
      ana: 'write',
      ben: 'write',
      chloe: 'write',
      dev: 'write',
      eva: 'maintain',
      gus: 'triage',
    },
  })
  github.installApp(repository.owner)
  const owner = stage.as('olga')
  await owner.request('POST /repos/{owner}/{repo}/rulesets', {
    ...repository,
    name: 'Release gate',
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          required_status_checks: [{ context: 'Release gate', integration_id: github.app.id }],
          strict_required_status_checks_policy: false,
        },
      },
    ],
  })
  await stage.settled()
}

export type Change = { number: number; sha: string; branch: string }

/** Somebody commits a file to a branch of their own and opens a pull request. */
export async function openPull(
  stage: Stage,
  login: string,
  change: { branch: string; title: string; body?: string; path: string; text: string },
): Promise<Change> {
  const copy = await stage.github.workingCopy(`${repository.owner}/${repository.repo}`, login)
  await copy.branch(change.branch)
  await copy.write({ [change.path]: change.text })
  await copy.commit(change.title)
  await copy.push({ ref: change.branch })
  const { data } = await stage.as(login).rest.pulls.create({
    ...repository,
    title: change.title,
    body: change.body ?? '',
    head: change.branch,
    base: 'main',
  })
  await stage.settled()
  return { number: data.number, sha: data.head.sha, branch: change.branch }
}

export async function review(
  stage: Stage,
  login: string,
  number: number,
  event: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT' = 'APPROVE',
): Promise<void> {
  const body = event === 'APPROVE' ? '' : 'Please see my note.'
  await stage.as(login).rest.pulls.createReview({ ...repository, pull_number: number, event, body })
  await stage.settled()
}

export async function label(stage: Stage, login: string, number: number, name: string): Promise<void> {
  await stage.as(login).rest.issues.addLabels({ ...repository, issue_number: number, labels: [name] })
  await stage.settled()
}

/** Tries to merge, and tells GitHub's answer: undefined when it merged, else what GitHub refused it with. */
export async function merge(
  stage: Stage,
  login: string,
  { number, sha }: Change,
): Promise<string | undefined> {
  try {
    await stage.as(login).rest.pulls.merge({ ...repository, pull_number: number, sha })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.replace(/ - https:.*$/s, '') : String(error)
  } finally {
    await stage.settled()
  }
}

/** The check as it stands, which must have this title and state; else the story is not as told, and stops. */
export async function expectCheck(
  stage: Stage,
  sha: string,
  expected: { title: RegExp; conclusion?: 'success' | 'failure' },
): Promise<ShownCheck> {
  const check = await stage.check('eva', repository, sha)
  if (!check) throw new Error(`The story expected a check on ${sha.slice(0, 7)}, and there is none.`)
  if (!expected.title.test(check.title) || (check.conclusion ?? undefined) !== expected.conclusion) {
    throw new Error(
      `The story expected ${expected.title} (${expected.conclusion ?? 'in progress'}), and the check says ` +
        `"${check.title}" (${check.conclusion ?? check.status}).\n${check.summary}`,
    )
  }
  return check
}

/** Stops the story where something is not as told. */
export function expectTold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The story expected that ${what}, and it is not so.`)
}

/** The story of a release week, told as it happens. */
export async function tellReleaseWeek(stage: Stage, tell: Narrator): Promise<void> {
  const show = async (sha: string, expected: Parameters<typeof expectCheck>[2]) =>
    tell.check(await expectCheck(stage, sha, expected))
  const refused = async (login: string, change: Change) => {
    const answer = await merge(stage, login, change)
    expectTold(answer !== undefined, `GitHub refuses to merge #${change.number}`)
    tell.line(`${login} tries to merge #${change.number}. GitHub refuses: "${answer}"`)
  }
  const merged = async (login: string, change: Change) => {
    const answer = await merge(stage, login, change)
    expectTold(answer === undefined, `#${change.number} merges, but GitHub says "${answer}"`)
    tell.line(`${login} merges #${change.number}. GitHub lets it through.`)
  }

  tell.scene('Tue 24 Nov, 14:00 PST', 'ana opens #1 "Cap rewards at 100 points". The check appears on it.')
  const first = await openPull(stage, 'ana', {
    branch: 'cap-rewards',
    title: 'Cap rewards at 100 points',
    path: 'src/rewards.ts',
    text: 'export const cap = 100\n',
  })
  await show(first.sha, { title: /^Waiting for 2 approvals$/ })

  tell.scene('Tue 24 Nov, 14:00 PST', 'chloe approves; gus does too, but may only triage.')
  await review(stage, 'chloe', first.number)
  await review(stage, 'gus', first.number)
  await show(first.sha, { title: /^Waiting for 1 more approval$/ })

  tell.scene('Tue 24 Nov, 14:00 PST', 'dev approves. Only the window is missing now.')
  await review(stage, 'dev', first.number)
  await show(first.sha, { title: /^Opens Wed 25 Nov 2026, 10:00 PST$/ })
  await refused('eva', first)

  await stage.moveTo(new Date('2026-11-25T18:00:00Z'))
  tell.scene('Wed 25 Nov, 10:00 PST', 'The window opens.')
  await show(first.sha, { title: /^All hold/, conclusion: 'success' })
  await merged('eva', first)

  await stage.moveTo(new Date('2026-11-27T23:30:00Z'))
  tell.scene(
    'Fri 27 Nov, 15:30 PST',
    'ben has a fix, #2, and both approvals. The window is closed until next Wednesday.',
  )
  const fix = await openPull(stage, 'ben', {
    branch: 'fix-double-reward',
    title: 'Stop paying a reward twice',
    body: 'Urgent: diners are paid twice since 14:50, FOODYE-MCP-412.',
    path: 'src/rewards.ts',
    text: 'export const cap = 100\nexport const once = true\n',
  })
  await review(stage, 'chloe', fix.number)
  await review(stage, 'dev', fix.number)
  await show(fix.sha, { title: /^Opens Wed 2 Dec 2026, 10:00 PST$/ })
  await refused('ben', fix)

  tell.scene('Fri 27 Nov, 15:30 PST', 'gus labels it urgent, but may only triage. Then eva does.')
  await label(stage, 'gus', fix.number, 'urgent')
  await show(fix.sha, { title: /^Opens Wed 2 Dec 2026, 10:00 PST$/ })
  await stage.as('eva').rest.issues.removeLabel({ ...repository, issue_number: fix.number, name: 'urgent' })
  await label(stage, 'eva', fix.number, 'urgent')
  await show(fix.sha, { title: /^All hold/, conclusion: 'success' })
  await merged('ben', fix)

  tell.scene(
    'Fri 27 Nov, 15:30 PST',
    'ana wants #3 out as well: urgent, but with one approval. Urgent lifts the window, nothing else.',
  )
  const third = await openPull(stage, 'ana', {
    branch: 'lower-minimum',
    title: 'Lower the minimum to 5',
    path: 'src/eligibility.ts',
    text: 'export const minimum = 5\n',
  })
  await review(stage, 'chloe', third.number)
  await label(stage, 'eva', third.number, 'urgent')
  await show(third.sha, { title: /^Waiting for 1 more approval$/ })
  await refused('eva', third)

  tell.scene(
    'Fri 27 Nov, 15:30 PST',
    'ana pushes another change to #3. What chloe approved is not what is there now.',
  )
  const pushed = await pushTo(stage, 'ana', third, 'src/eligibility.ts', 'export const minimum = 1\n')
  await show(pushed.sha, { title: /^Waiting for 2 approvals$/ })
}

/** Somebody adds a commit to the branch of a pull request. */
export async function pushTo(
  stage: Stage,
  login: string,
  change: Change,
  path: string,
  text: string,
): Promise<Change> {
  const copy = await stage.github.workingCopy(`${repository.owner}/${repository.repo}`, login)
  await copy.branch(change.branch, `origin/${change.branch}`)
  await copy.write({ [path]: text })
  const sha = await copy.commit('Change it again')
  await copy.push({ ref: change.branch })
  await stage.settled()
  return { ...change, sha }
}
