import { describe, expect, it } from 'vitest'
import type { GitHub } from '../../../src/services/github/client.ts'
import { readSameHeadPulls } from '../../../src/services/github/open-pulls.ts'

const ref = { installationId: 1, repositoryId: 7, owner: 'acme', repo: 'shop', number: 1 }

type Row = [number: number, head: string, base?: string]

/** GitHub with these pages of open pull requests; each cursor is the number of the page. */
function githubWith(pages: Row[][], databaseId = 7): GitHub {
  const graphql = async (_query: string, { after }: { after: string | null }) => {
    const index = Number(after ?? 0)
    const nodes = (pages[index] ?? []).map(([number, headRefOid, baseRefName = 'main']) => ({
      number,
      headRefOid,
      baseRefName,
    }))
    const pageInfo = { hasNextPage: index + 1 < pages.length, endCursor: String(index + 1) }
    return { repository: { databaseId, pullRequests: { nodes, pageInfo } } }
  }
  return { graphql } as unknown as GitHub
}

const answering = (answer: unknown) => ({ graphql: async () => answer }) as unknown as GitHub

describe('the open pull requests with the same head', () => {
  it('are found on every page, with their base, without the one that asks', async () => {
    const pages: Row[][] = [
      [
        [1, 'aaa'],
        [2, 'bbb'],
      ],
      [[3, 'aaa', 'release/2']],
    ]
    const found = await readSameHeadPulls(githubWith(pages), ref, 'aaa')
    expect(found).toEqual([{ number: 3, head: 'aaa', base: 'release/2' }])
  })

  const rows = (pageInfo: object) => ({
    repository: { databaseId: 7, pullRequests: { nodes: [], pageInfo } },
  })
  it.each([
    ['names nothing', answering({ repository: null })],
    ['is HTML', answering('<html>Unicorn!</html>')],
    ['says that there is more, and not where', answering(rows({ hasNextPage: true, endCursor: null }))],
    ['does not say whether there is more', answering(rows({ endCursor: 'x' }))],
    ['is of another repository of that name', githubWith([[[2, 'aaa']]], 8)],
  ])('are not taken for none where the answer %s', async (_, github) => {
    await expect(readSameHeadPulls(github, ref, 'aaa')).rejects.toThrow()
  })
})
