import type { Octokit } from '@octokit/rest'
import pLimit from 'p-limit'
import type { Stage } from '../../src/sandbox/stage.ts'
import { cast, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'

export type Candidate = { number: number; sha: string }

/** A repository with so many pull requests, each approved by two, auto-merge on, and a second required check that is open. */
export async function aCrowd(stage: Stage, count: number): Promise<{ shop: Workshop; crowd: Candidate[] }> {
  cast(stage)
  const shop = await setUpRepositories(stage)
  stage.github.installApp(shop.repository.owner)
  await requireBuild(stage.as('olga'), shop)
  const branches = Array.from({ length: count }, (_, index) => ({
    branch: `change-${index + 1}`,
    files: { [`src/change-${index + 1}.ts`]: 'export {}\n' },
  }))
  await stage.github.seedBranches(shop.name, 'ana', branches)
  const limit = pLimit(4)
  const crowd = await Promise.all(branches.map(({ branch }) => limit(() => offer(stage, shop, branch))))
  await stage.settled()
  return { shop, crowd }
}

async function requireBuild(owner: Octokit, { repository }: Workshop): Promise<void> {
  await owner.request('POST /repos/{owner}/{repo}/rulesets', {
    ...repository,
    name: 'Build',
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          required_status_checks: [{ context: 'build' }],
          strict_required_status_checks_policy: false,
        },
      },
    ],
  })
}

async function offer(stage: Stage, { repository, name }: Workshop, branch: string): Promise<Candidate> {
  const { data } = await stage
    .as('ana')
    .rest.pulls.create({ ...repository, title: branch, head: branch, base: 'main' })
  for (const login of ['chloe', 'dev']) {
    await stage
      .as(login)
      .rest.pulls.createReview({ ...repository, pull_number: data.number, event: 'APPROVE' })
  }
  await stage.github.enableAutoMerge(`${name}#${data.number}`, 'ana')
  return { number: data.number, sha: data.head.sha }
}

/** The build of a commit ends well; where the gate's check is green too, auto-merge merges it at once. */
export async function buildPasses(stage: Stage, { repository }: Workshop, { sha }: Candidate): Promise<void> {
  await stage
    .as('ben')
    .rest.repos.createCommitStatus({ ...repository, sha, state: 'success', context: 'build' })
}

/** Which of them were merged, and when by GitHub's clock. */
export async function mergesOf(
  stage: Stage,
  { repository }: Workshop,
  crowd: Candidate[],
): Promise<Map<number, Date>> {
  const numbers = new Set(crowd.map(({ number }) => number))
  const client = stage.as('olga')
  const pulls = await client.paginate(client.rest.pulls.list, {
    ...repository,
    state: 'closed',
    per_page: 100,
  })
  return new Map(
    pulls.flatMap(({ number, merged_at: at }) => (at && numbers.has(number) ? [[number, new Date(at)]] : [])),
  )
}
