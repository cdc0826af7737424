import type { ShownCheck, Stage } from './stage.ts'

/** A pull request as its people hold it. */
export type Change = { number: number; sha: string; branch: string }

export type NewChange = {
  branch: string
  title: string
  body?: string
  base?: string
  draft?: boolean
  files: Record<string, string>
}

export type ReviewEvent = 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT'

/** What people do in one repository, each with a client and a working copy of their own; every verb waits until all is settled. */
export type Workshop = ReturnType<typeof workshop>

export function workshop(stage: Stage, repository: { owner: string; repo: string }) {
  const name = `${repository.owner}/${repository.repo}`
  const settle = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work
    await stage.settled()
    return result
  }
  const openPull = async (login: string, change: NewChange): Promise<Change> => {
    const copy = await stage.github.workingCopy(name, login)
    await copy.branch(change.branch, `origin/${change.base ?? 'main'}`)
    await copy.write(change.files)
    await copy.commit(change.title)
    await copy.push({ ref: change.branch })
    const { data } = await stage.as(login).rest.pulls.create({
      ...repository,
      title: change.title,
      body: change.body ?? '',
      head: change.branch,
      base: change.base ?? 'main',
      draft: change.draft ?? false,
    })
    return { number: data.number, sha: data.head.sha, branch: change.branch }
  }
  const push = async (login: string, change: Change, files: Record<string, string>): Promise<Change> => {
    const copy = await stage.github.workingCopy(name, login)
    await copy.branch(change.branch, `origin/${change.branch}`)
    await copy.write(files)
    const sha = await copy.commit('Change it again')
    await copy.push({ ref: change.branch })
    return { ...change, sha }
  }
  return {
    repository,
    name,
    openPull: (login: string, change: NewChange) => settle(openPull(login, change)),
    /** Adds a commit to the branch of a pull request. */
    push: (login: string, change: Change, files: Record<string, string>) =>
      settle(push(login, change, files)),
    review: (login: string, { number }: Change, event: ReviewEvent = 'APPROVE', commit?: string) =>
      settle(
        stage.as(login).rest.pulls.createReview({
          ...repository,
          pull_number: number,
          event,
          body: event === 'APPROVE' ? '' : 'Please see my note.',
          ...(commit === undefined ? {} : { commit_id: commit }),
        }),
      ),
    label: (login: string, { number }: Change, label: string) =>
      settle(stage.as(login).rest.issues.addLabels({ ...repository, issue_number: number, labels: [label] })),
    unlabel: (login: string, { number }: Change, label: string) =>
      settle(stage.as(login).rest.issues.removeLabel({ ...repository, issue_number: number, name: label })),
    /** Tries to merge: undefined when it merged, else the words with which GitHub refused. */
    merge: (login: string, change: Change) => settle(merge(stage, login, repository, change)),
    check: ({ sha }: { sha: string }): Promise<ShownCheck | undefined> =>
      stage.check('olga', repository, sha),
  }
}

async function merge(
  stage: Stage,
  login: string,
  repository: { owner: string; repo: string },
  { number, sha }: Change,
): Promise<string | undefined> {
  try {
    await stage.as(login).rest.pulls.merge({ ...repository, pull_number: number, sha })
    return undefined
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    return words
      .replace(/ - https?:.*$/s, '')
      .replace(/\s+/g, ' ')
      .trim()
  }
}

/** The people: ana and ben write code, chloe and dev review it, eva is the release captain, gus triages, olga owns the organisation. */
export const people = ['ana', 'ben', 'chloe', 'dev', 'eva', 'gus', 'olga']

const defaultPolicy = `# yaml-language-server: $schema=./release-gate.schema.json
gates:
  approvals: {}
  release_window: {}
`

/** Makes the people and their organisation. */
export function cast({ github }: Stage, owner = 'foodyepay'): void {
  for (const login of people) github.addUser(login)
  github.addOrganization(owner, { owners: ['olga'] })
}

/** Makes a repository with a policy, in which the check of our App, and of no other, is required on the default branch. */
export async function furnish(
  stage: Stage,
  wish: { owner?: string; repo?: string; policy?: string | null; files?: Record<string, string> } = {},
): Promise<Workshop> {
  const { owner = 'foodyepay', repo = 'mcp-server', policy = defaultPolicy, files = {} } = wish
  await stage.github.addRepository({
    owner,
    name: repo,
    files: {
      'README.md': '# MCP server\n',
      'src/rewards.ts': 'export const cap = 50\n',
      'src/eligibility.ts': 'export const minimum = 10\n',
      ...files,
      ...(policy === null ? {} : { '.github/release-gate.yml': policy }),
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
  await requireCheck(stage, { owner, repo })
  return workshop(stage, { owner, repo })
}

async function requireCheck(stage: Stage, repository: { owner: string; repo: string }): Promise<void> {
  await stage.as('olga').request('POST /repos/{owner}/{repo}/rulesets', {
    ...repository,
    name: 'Release gate',
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          required_status_checks: [{ context: 'Release gate', integration_id: stage.github.app.id }],
          strict_required_status_checks_policy: false,
        },
      },
    ],
  })
}
