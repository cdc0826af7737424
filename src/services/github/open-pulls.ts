import { z } from 'zod'
import type { PullRef } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'

/** An open pull request of a repository. */
export type OpenPull = { number: number; head: string; base: string }

export const openPullsQuery = `query ($owner: String!, $repo: String!, $after: String) {
  repository(owner: $owner, name: $repo) {
    databaseId
    pullRequests(states: OPEN, first: 100, after: $after) {
      nodes { number headRefOid baseRefName }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

const answerSchema = z.object({
  repository: z.object({
    databaseId: z.number(),
    pullRequests: z.object({
      nodes: z.array(z.object({ number: z.number(), headRefOid: z.string(), baseRefName: z.string() })),
      pageInfo: z.union([
        z.object({ hasNextPage: z.literal(true), endCursor: z.string() }),
        z.object({ hasNextPage: z.literal(false) }),
      ]),
    }),
  }),
})

type Repository = Pick<PullRef, 'owner' | 'repo' | 'repositoryId'>

/**
 * Every open pull request of a repository, from forks too. By GraphQL: a page of 100 is one point and a few kB, where REST
 * sends 2 MB. `GET …/commits/{sha}/pulls` would be narrower, and leaves out open pull requests whose head is on the
 * default branch, and those from forks.
 */
export async function readOpenPulls(
  github: GitHub,
  { owner, repo, repositoryId }: Repository,
): Promise<OpenPull[]> {
  const found: OpenPull[] = []
  let after: string | null = null
  do {
    const { repository } = answerSchema.parse(await github.graphql(openPullsQuery, { owner, repo, after }))
    if (repository.databaseId !== repositoryId)
      throw new Error(
        `${owner}/${repo} is now a different repository, not the one with the id ${repositoryId}`,
      )
    const { nodes, pageInfo } = repository.pullRequests
    for (const { number, headRefOid: head, baseRefName: base } of nodes) found.push({ number, head, base })
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after)
  return found
}

/** A check run belongs to a commit: the other open pull requests of the repository that have this head. */
export async function readSameHeadPulls(github: GitHub, ref: PullRef, sha: string): Promise<OpenPull[]> {
  const open = await readOpenPulls(github, ref)
  return open.filter(({ number, head }) => head === sha && number !== ref.number)
}
