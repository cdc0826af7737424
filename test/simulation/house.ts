import type { Repository } from '../../src/sandbox/github/repository-state.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import { everyone, writers } from './plan.ts'
import { policyText, type Rules } from './rules.ts'

/** One repository in an organization and an installation of its own, with what the simulation must remember of it. */
export type House = {
  owner: string
  name: string
  installationId: number
  repository: Repository
  /** Where each branch stood before anything happened. */
  first: Map<string, string>
  /** Every policy that ever stood in the file, by its text. */
  policies: Map<string, Rules | undefined>
  /** The branch of each pull request and every head that it has had, in the order of opening. */
  pulls: { number: number; branch: string; heads: string[] }[]
  /** Whether its notices go to Slack. */
  slack: boolean
  freezes: { from: number; until: number; liftedAt: number }[]
  made: number
}

/** What a person's click gave: nothing, or the words of the refusal. */
export type Outcome = string | undefined

export async function addHouse(
  github: SandboxGitHub,
  index: number,
  { rules, queue }: { rules: Rules; queue: boolean },
): Promise<House> {
  const owner = `org-${index}`
  const name = `${owner}/shop`
  github.addOrganization(owner, { owners: ['olga'] })
  github.addTeam(owner, 'operations', { members: ['chloe', 'eva'] })
  const text = policyText(rules)
  const { id } = await github.addRepository({
    owner,
    name: 'shop',
    files: { 'README.md': '# Shop\n', '.github/release-gate.yml': text },
    collaborators: { ...Object.fromEntries(writers.map((login) => [login, 'write'])), gus: 'triage' },
  })
  const repository = github.world.repositories.get(id)
  if (!repository) throw new Error(`No repository ${name}`)
  const main = (await repository.git.run(['rev-parse', 'refs/heads/main'])).trim()
  for (const branch of ['release/1', 'lax'])
    await repository.git.run(['update-ref', `refs/heads/${branch}`, main])
  const { installationId } = github.installApp(owner)
  const house: House = {
    owner,
    name,
    installationId,
    repository,
    first: new Map(['main', 'release/1', 'lax'].map((branch) => [branch, main])),
    policies: new Map([[text, rules]]),
    pulls: [],
    slack: rules.slack === true,
    freezes: [],
    made: 0,
  }
  await requireCheck(github, house)
  if (queue) await addQueue(github, house)
  return house
}

/** The check of our App is required on every branch but `lax`. An owner of the organization passes over it. */
async function requireCheck(github: SandboxGitHub, { owner }: House): Promise<void> {
  const refused = await ask(github, 'olga', 'POST', `/repos/${owner}/shop/rulesets`, {
    name: 'Release gate',
    target: 'branch',
    enforcement: 'active',
    bypass_actors: [{ actor_type: 'OrganizationAdmin', bypass_mode: 'always' }],
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH', 'refs/heads/release/*'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          required_status_checks: [{ context: 'Release gate', integration_id: github.app.id }],
          strict_required_status_checks_policy: false,
          do_not_enforce_on_create: true,
        },
      },
    ],
  })
  if (refused.problem) throw new Error(refused.problem)
}

async function addQueue(github: SandboxGitHub, { owner }: House): Promise<void> {
  const { problem } = await ask(github, 'olga', 'POST', `/repos/${owner}/shop/rulesets`, {
    name: 'Queue',
    target: 'branch',
    enforcement: 'active',
    bypass_actors: [{ actor_type: 'OrganizationAdmin', bypass_mode: 'always' }],
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [{ type: 'merge_queue', parameters: queueParameters }],
  })
  if (problem) throw new Error(problem)
}

const queueParameters = {
  check_response_timeout_minutes: 60,
  grouping_strategy: 'ALLGREEN',
  max_entries_to_build: 5,
  max_entries_to_merge: 5,
  merge_method: 'MERGE',
  min_entries_to_merge: 1,
  min_entries_to_merge_wait_minutes: 5,
}

export function people(github: SandboxGitHub): void {
  for (const login of everyone) github.addUser(login, { email: `${login}@example.com` })
}

export type Answer = { problem: Outcome; data: unknown }

/** A request in a person's name, as their browser or their `gh` sends it. */
export async function ask(
  github: SandboxGitHub,
  login: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await github.answer(
    new Request(`${github.url}${path}`, {
      method,
      headers: { authorization: `token ${github.tokenFor(login)}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }),
  )
  const text = await response.text()
  const data: unknown = text === '' ? undefined : JSON.parse(text)
  const said = (data as { message?: string } | undefined)?.message ?? `${response.status}`
  return { problem: response.ok ? undefined : said.replace(/\s+/g, ' ').trim(), data }
}

/** Remembers each new head, so that somebody can push it again, or review it when it is old. */
export function noteHeads({ repository, pulls }: House): void {
  for (const { number, heads } of pulls) {
    const head = repository.issues.get(number)?.pull?.headSha
    if (head && heads.at(-1) !== head) heads.push(head)
  }
}
