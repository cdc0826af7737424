import { noCommit } from './git-reading.ts'
import type { Hub } from './hub.ts'
import { branchOf, type Move } from './push-event.ts'
import type { Repository } from './repository-state.ts'
import { missingChecks } from './requirements.ts'
import type { Requirement } from './rule-readers.ts'
import { requirementsFor } from './rules.ts'

/**
 * Why a direct push to a branch is refused, in the words that git shows the pusher; undefined when it may be.
 * GH006 is GitHub's code for classic protection, GH013 the one for rulesets.
 */
export function pushRefusal(
  hub: Hub,
  repository: Repository,
  move: Move & { forced: boolean },
): string | undefined {
  const rules = requirementsFor(hub, repository, branchOf(move.ref), { ...move.by, via: 'push' })
  for (const rule of rules) {
    const lines = refusals(repository, rule, move)
    if (lines.length > 0) return [headline(rule, move.ref), ...lines.map((line) => `- ${line}`)].join('\n')
  }
  return undefined
}

function headline({ source }: Requirement, ref: string): string {
  if (source === 'classic') return `GH006: Protected branch update failed for ${ref}.`
  return `GH013: Repository rule violations found for ${ref}.`
}

function refusals(repository: Repository, rule: Requirement, move: Move & { forced: boolean }): string[] {
  if (move.after === noCommit) return rule.refuses.has('deletion') ? ['Cannot delete this branch'] : []
  const lines: string[] = []
  if (move.before === noCommit && rule.refuses.has('creation'))
    lines.push('Cannot create ref due to creations being restricted.')
  if (move.before !== noCommit && rule.refuses.has('update')) lines.push('Cannot update this protected ref.')
  if (move.forced && rule.refuses.has('force_push')) lines.push('Cannot force-push to this branch')
  if (rule.mergeQueue) lines.push('Changes must be made through the merge queue')
  else if (rule.pullRequired) lines.push('Changes must be made through a pull request.')
  return [...lines, ...missingChecks(repository, move.after, rule.checks)]
}
