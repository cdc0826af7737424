import { regressionCheckName, runAgain } from '../decision/regression-check.ts'
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
    const { branch, files, title: message, base: from = 'main' } = change
    await stage.github.push(name, login, { branch, from, files, message })
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
  let pushedAt = 0
  const noting = <Result>(work: Promise<Result>): Promise<Result> => {
    pushedAt = stage.now().getTime()
    return settle(work)
  }
  const push = async (login: string, change: Change, files: Record<string, string>): Promise<Change> => {
    const { branch } = change
    const sha = await stage.github.push(name, login, { branch, files, message: 'Change it again' })
    return { ...change, sha }
  }
  return {
    repository,
    name,
    openPull: (login: string, change: NewChange) => noting(openPull(login, change)),
    /** Adds a commit to the branch of a pull request. */
    push: (login: string, change: Change, files: Record<string, string>) =>
      noting(push(login, change, files)),
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
    /** At least a second after the last push, since GitHub's times count to the second. */
    label: async (login: string, { number }: Change, label: string) => {
      if (stage.now().getTime() === pushedAt) await stage.moveTo(new Date(pushedAt + 1_000))
      await settle(
        stage.as(login).rest.issues.addLabels({ ...repository, issue_number: number, labels: [label] }),
      )
    },
    unlabel: (login: string, { number }: Change, label: string) =>
      settle(stage.as(login).rest.issues.removeLabel({ ...repository, issue_number: number, name: label })),
    /** Tries to merge: undefined when it merged, else the words with which GitHub refused. */
    merge: (login: string, change: Change) => settle(merge(stage, login, repository, change)),
    /** What the deployment workflow does: it deploys a head, or carries out the deployment that was asked for. */
    deploy: (change: { sha: string }, options: DeployOptions = {}) =>
      settle(deploy(stage, repository, change.sha, options)),
    /** The newest run of the check "Staging regression". */
    regression: ({ sha }: { sha: string }): Promise<ShownCheck | undefined> =>
      stage.check('olga', repository, sha, regressionCheckName),
    /** Presses "Run again" below the check "Staging regression". */
    runAgain: (login: string, { sha }: { sha: string }) =>
      settle(pressRunAgain(stage, repository, login, sha)),
    check: ({ sha }: { sha: string }): Promise<ShownCheck | undefined> =>
      stage.check('olga', repository, sha),
  }
}

export type DeployOptions = {
  by?: string
  environment?: string
  /** The last status that the workflow reports. */
  state?: 'success' | 'failure' | 'in_progress'
}

/** The workflow of the repository acts as GitHub's own bot. */
export const deployer = 'github-actions[bot]'

async function deploy(
  stage: Stage,
  repository: { owner: string; repo: string },
  sha: string,
  { by = deployer, environment = 'staging', state = 'success' }: DeployOptions,
): Promise<number> {
  const { repos } = stage.as(by).rest
  const { data: asked } = await repos.listDeployments({ ...repository, sha, environment })
  const waiting = asked.find(({ creator }) => creator?.login === `${stage.github.app.slug}[bot]`)
  const statuses = waiting
    ? (await repos.listDeploymentStatuses({ ...repository, deployment_id: waiting.id })).data
    : []
  const id =
    waiting && statuses.length === 0
      ? waiting.id
      : await newDeployment(stage, by, { ...repository, ref: sha, environment })
  await repos.createDeploymentStatus({ ...repository, deployment_id: id, state })
  return id
}

async function newDeployment(
  stage: Stage,
  by: string,
  params: { owner: string; repo: string; ref: string; environment: string },
): Promise<number> {
  const { data } = await stage
    .as(by)
    .rest.repos.createDeployment({ ...params, auto_merge: false, required_contexts: [] })
  if (!('id' in data)) throw new Error(data.message ?? 'GitHub made no deployment')
  return data.id
}

async function pressRunAgain(
  stage: Stage,
  repository: { owner: string; repo: string },
  login: string,
  sha: string,
): Promise<void> {
  const run = await stage.check('olga', repository, sha, regressionCheckName)
  if (!run) throw new Error('There is no check "Staging regression" to press a button of')
  stage.github.requestAction(`${repository.owner}/${repository.repo}`, run.id, runAgain.identifier, login)
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
      .trim()
      .replace(/\s*\n\s*/g, ': ')
  }
}

/** The people: ana and ben write code, chloe and dev review it, eva is the release captain, gus triages, olga owns the organization. */
export const people = ['ana', 'ben', 'chloe', 'dev', 'eva', 'gus', 'olga']

const defaultPolicy = `# yaml-language-server: $schema=./release-gate.schema.json
slack: { channel: "#releases" }
gates:
  approvals: {}
  release_window: {}
`

/** Makes the people and their organization. */
export function cast({ github }: Stage, owner = 'foodyepay'): void {
  for (const login of people) github.addUser(login)
  github.addUser(deployer, { type: 'Bot' })
  github.addOrganization(owner, { owners: ['olga'] })
}

/** Makes a repository with a policy, in which the check of our App, and of no other, is required on the default branch. */
export async function setUpRepositories(
  stage: Stage,
  params: { owner?: string; repo?: string; policy?: string | null; files?: Record<string, string> } = {},
): Promise<Workshop> {
  const { owner = 'foodyepay', repo = 'mcp-server', policy = defaultPolicy, files = {} } = params
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
      [deployer]: 'write',
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
