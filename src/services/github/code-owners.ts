import { LRUCache } from 'lru-cache'
import {
  type CodeOwners,
  codeOwnersFiles,
  isEmail,
  isTeam,
  ownedPaths,
  parseCodeOwners,
} from '../../decision/code-owners.ts'
import type { ChangedPaths, CodeOwnersFacts } from '../../decision/snapshot.ts'
import type { GitHub } from './client.ts'
import { orAbsent } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** GitHub does not load a larger file. */
const maximumBytes = 3 * 1024 * 1024

/** Rules times paths: more would take seconds, in which nothing else is done. */
const maximumMatches = 2_000_000

/** Parsed files by the id of their blob, counted in rules. */
const parsed = new LRUCache<string, CodeOwners>({
  maxSize: 200_000,
  sizeCalculation: ({ rules, problems }) => rules.length + problems.length + 1,
})

/** Who owns the changed files by the CODEOWNERS file at a commit of the base branch. */
export async function readCodeOwners(
  github: GitHub,
  repository: RepositoryName,
  base: string,
  changed: ChangedPaths | undefined,
): Promise<CodeOwnersFacts> {
  const found = await findFile(github, repository, base)
  if (!found || 'why' in found) return found ? { state: 'unreadable', ...found } : { state: 'missing' }
  const { rules, problems } = await contentOf(github, repository, found.blob)
  const { file } = found
  if (!changed?.complete)
    return { state: 'read', file, problems: problems.slice(0, 50), owned: [], people: [] }
  if (rules.length * changed.paths.length > maximumMatches)
    return {
      state: 'unreadable',
      file,
      why: `has ${rules.length} lines, too many for a change of ${changed.paths.length} files`,
    }
  const byRule = ownedPaths(
    changed.paths.map(({ path }) => path),
    rules,
  )
  const owned = [...byRule].map(([rule, paths]) => ({ ...rule, paths }))
  const logins = new Set(
    owned.flatMap(({ owners }) => owners.filter((owner) => !isTeam(owner) && !isEmail(owner))),
  )
  const people = await Promise.all([...logins].map((owner) => readOwner(github, repository, owner.slice(1))))
  return { state: 'read', file, problems: problems.slice(0, 50), owned, people: people.flat() }
}

/** The teams whose members must be known, without the `@`. */
export function ownerTeams(facts: CodeOwnersFacts | undefined): string[] {
  if (facts?.state !== 'read') return []
  return [
    ...new Set(facts.owned.flatMap(({ owners }) => owners.filter(isTeam).map((owner) => owner.slice(1)))),
  ]
}

type Found = { file: string; blob: string } | { file: string; why: string }

/** The first of the places that exists counts, whatever it is. */
async function findFile(github: GitHub, repository: RepositoryName, ref: string): Promise<Found | undefined> {
  for (const file of codeOwnersFiles) {
    const answer = await orAbsent(github.rest.repos.getContent({ ...nameOf(repository), path: file, ref }))
    if (!answer) continue
    const { data } = answer
    if (Array.isArray(data) || data.type !== 'file') return { file, why: 'is not a file' }
    return data.size > maximumBytes
      ? { file, why: 'is larger than 3 MB, which GitHub does not load' }
      : { file, blob: data.sha }
  }
  return undefined
}

async function contentOf(github: GitHub, repository: RepositoryName, blob: string): Promise<CodeOwners> {
  const known = parsed.get(blob)
  if (known) return known
  const { data } = await github.rest.git.getBlob({ ...nameOf(repository), file_sha: blob })
  const owners = parseCodeOwners(Buffer.from(data.content, 'base64').toString('utf8'))
  parsed.set(blob, owners)
  return owners
}

/** An account that does not exist, or has no access to a private repository, is nobody's. */
async function readOwner(github: GitHub, repository: RepositoryName, login: string) {
  const answer = await orAbsent(
    github.rest.repos.getCollaboratorPermissionLevel({ ...nameOf(repository), username: login }),
  )
  if (!answer?.data.user) return []
  const { permission, user } = answer.data
  return [{ id: user.id, login, write: permission === 'admin' || permission === 'write' }]
}
