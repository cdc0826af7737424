import { coAuthorsIn } from '../../decision/co-authors.ts'
import { type Commit, type Contributions, coAuthorOf } from '../../decision/contributors.ts'
import type { GitHub } from './client.ts'
import type { RepositoryName } from './repository.ts'

type Author = { email: string | null; user: { databaseId: number | null; login: string } | null }
type Answer = { repository: Record<string, { authors: { nodes: Author[] } } | null> | null }

/**
 * The accounts behind `Co-authored-by` trailers that name a person by another address than GitHub's own: only GraphQL
 * knows them. Asked only where there are such trailers, and each time anew: an address may be added to an account.
 */
export async function withCoAuthors(
  github: GitHub,
  repository: RepositoryName,
  commits: Commit[],
  contributions: Contributions,
): Promise<Contributions> {
  const unmatched = commits.filter(({ message }) => coAuthorsIn(message).unmatched.length > 0)
  const found = await Promise.all(
    batches(unmatched, 50).map((batch) => readAuthors(github, repository, batch)),
  )
  const known = found.flat()
  if (known.length === 0) return contributions
  const emails = known.map(({ email }) => email)
  return {
    ...contributions,
    contributors: [...contributions.contributors, ...known.map(({ contributor }) => contributor)],
    unmatchedCoAuthors: contributions.unmatchedCoAuthors.filter(
      (named) => !emails.some((email) => email && named.toLowerCase().endsWith(`<${email.toLowerCase()}>`)),
    ),
  }
}

export function authorsQuery(shas: string[]): string {
  const fields = shas.map(
    (sha, index) =>
      `c${index}: object(oid: "${sha}") { ... on Commit { authors(first: 100) { nodes { email user { databaseId login } } } } }`,
  )
  return `query($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${fields.join(' ')} } }`
}

async function readAuthors(github: GitHub, { owner, repo }: RepositoryName, commits: Commit[]) {
  const query = authorsQuery(commits.map(({ sha }) => sha))
  const { repository } = await github.graphql<Answer>(query, { owner, repo })
  return commits.flatMap((commit, index) =>
    (repository?.[`c${index}`]?.authors.nodes ?? []).flatMap(({ email, user }) => {
      if (!user?.databaseId || user.databaseId === commit.author.person?.id) return []
      const person = { id: user.databaseId, login: user.login, type: 'User' as const }
      return [{ email, contributor: coAuthorOf(commit, person) }]
    }),
  )
}

function batches<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
