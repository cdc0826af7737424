import type { ChangedFile } from '../decision/content.ts'
import type { GitHub } from '../services/github/client.ts'
import type { MergeBase } from '../services/github/commits.ts'
import { readChange } from '../services/github/content.ts'
import type { RepositoryName } from '../services/github/repository.ts'
import { policyPath } from './policy-file.ts'

type Listed = { files: ChangedFile[]; filesComplete: boolean }

/**
 * Whether a merge may make another policy than the only side that has one shows, where the branch began without: git takes a renamed file
 * for the same one, and applies to it what the other side changed under the old name. Also true where GitHub cuts a list that would tell.
 */
export async function mayMergeRenamed(
  github: GitHub,
  repository: RepositoryName,
  { sha, change: branch }: MergeBase,
  { base, isAtHead }: { base: string; isAtHead: boolean },
): Promise<boolean> {
  if (sha === base) return false
  const others = await readChange(github, repository, sha, base)
  if (!others) return true
  const [named, other]: [Listed, Listed] = isAtHead ? [branch, others] : [others, branch]
  const file = named.files.find(({ path }) => path === policyPath)
  if (!file) return true
  return file.previousPath !== undefined && mayChange(other, file.previousPath)
}

function mayChange({ files, filesComplete }: Listed, name: string): boolean {
  return !filesComplete || files.some(({ path, previousPath }) => path === name || previousPath === name)
}
