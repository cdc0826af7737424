import type { Hono } from 'hono'
import { needs, openRepository } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { isAncestor } from '../git-history.ts'
import { shaOf } from '../git-reading.ts'
import type { Hub } from '../hub.ts'
import { mergePull, updateBranch } from '../merging.ts'
import { problem } from '../problems.ts'
import type { MergeMethod } from '../repository-state.ts'
import { bodyOf, byOf, pathOf, pullOf } from '../requests.ts'

const read = needs('read', 'pull_requests', 'read')

type MergeInput = { sha: string; merge_method: MergeMethod; commit_title: string; commit_message: string }

export function mergeRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  app.get('/repos/:owner/:repo/pulls/:number/merge', (c) => {
    const { pull } = pullOf(c, openRepository(hub, c, read))
    return pull.mergedAt === null ? c.json({ message: 'Not Found' }, 404) : c.body(null, 204)
  })
  app.put('/repos/:owner/:repo/pulls/:number/merge', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'contents', 'write'))
    const issue = pullOf(c, repository)
    const input = await bodyOf<MergeInput>(c)
    const params = {
      method: input.merge_method ?? 'merge',
      title: input.commit_title ?? null,
      message: input.commit_message ?? null,
    }
    const sha = await hub.exclusive(repository, () =>
      mergePull(hub, repository, issue, byOf(hub, c), params, input.sha),
    )
    return c.json({ sha, merged: true, message: 'Pull Request successfully merged' })
  })
  app.put('/repos/:owner/:repo/pulls/:number/update-branch', async (c) => {
    const repository = openRepository(hub, c, needs('write', 'contents', 'write'))
    const issue = pullOf(c, repository)
    const { expected_head_sha } = await bodyOf<{ expected_head_sha: string }>(c)
    if (expected_head_sha && expected_head_sha !== issue.pull.headSha) {
      throw problem(422, "expected head sha didn't match current head ref.")
    }
    const tip = await shaOf(repository.git, `refs/heads/${issue.pull.baseRef}`)
    if (tip && (await isAncestor(repository.git, tip, issue.pull.headSha))) {
      throw problem(422, 'There are no new commits on the base branch.')
    }
    const head = hub.world.repositories.get(issue.pull.headRepositoryId ?? -1) ?? repository
    await hub.exclusive(head, () => updateBranch(hub, repository, issue, byOf(hub, c)))
    const url = `${hub.url}/repos/${pathOf(c, 'owner')}/${pathOf(c, 'repo')}/pulls/${issue.number}`
    return c.json({ message: 'Updating pull request branch.', url }, 202)
  })
}
