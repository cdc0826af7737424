import picomatch from 'picomatch'
import { baseRole, inTeam, roleOf } from './access.ts'
import type { By } from './context.ts'
import { accountById, type Hub } from './hub.ts'
import type { Repository } from './repository-state.ts'
import { fromProtection, fromRuleset, type Requirement } from './rule-readers.ts'
import { type BypassActor, type Protection, type Ruleset, roleIds } from './rule-types.ts'

/** Active rulesets of the repository and its organization whose conditions fit the branch. */
export function rulesetsFor(hub: Hub, repository: Repository, branch: string): Ruleset[] {
  const ref = `refs/heads/${branch}`
  return [...repository.rulesets, ...organizationRulesets(hub, repository)].filter(
    (ruleset) =>
      ruleset.target === 'branch' && ruleset.enforcement === 'active' && coversRef(repository, ruleset, ref),
  )
}

export function organizationRulesets(hub: Hub, repository: Repository): Ruleset[] {
  const all = hub.world.organizationRulesets.get(repository.ownerId) ?? []
  return all.filter(({ conditions }) => {
    if (conditions.repository_id) return conditions.repository_id.repository_ids.includes(repository.id)
    const names = conditions.repository_name
    return (
      !names || matches(names, (pattern) => pattern === '~ALL' || picomatch.isMatch(repository.name, pattern))
    )
  })
}

function coversRef(repository: Repository, { conditions }: Ruleset, ref: string): boolean {
  const names = conditions.ref_name
  return !names || matches(names, (pattern) => refFits(repository, pattern, ref))
}

function matches(
  lists: { include: string[]; exclude: string[] },
  fits: (pattern: string) => boolean,
): boolean {
  return lists.include.some(fits) && !lists.exclude.some(fits)
}

function refFits(repository: Repository, pattern: string, ref: string): boolean {
  if (pattern === '~ALL') return true
  if (pattern === '~DEFAULT_BRANCH') return ref === `refs/heads/${repository.defaultBranch}`
  return picomatch.isMatch(ref, pattern) || picomatch.isMatch(ref, `refs/heads/${pattern}`)
}

/** Everything that a branch asks for; with `by`, only what that actor may not pass over. */
export function requirementsFor(
  hub: Hub,
  repository: Repository,
  branch: string,
  by?: By & { via: 'pull_request' | 'push' },
): Requirement[] {
  const binding = rulesetsFor(hub, repository, branch).filter(
    (ruleset) => !by || !bypasses(hub, repository, ruleset, by),
  )
  const found = binding.map(fromRuleset)
  const classic = repository.protections.get(branch)
  if (classic && !(by && overridesClassic(hub, repository, classic, by))) found.push(fromProtection(classic))
  return found
}

function overridesClassic(hub: Hub, repository: Repository, protection: Protection, by: By): boolean {
  return !protection.enforce_admins && roleOf(hub, repository, by.userId) === 'admin'
}

export function bypasses(
  hub: Hub,
  repository: Repository,
  ruleset: Ruleset,
  by: By & { via: 'pull_request' | 'push' },
): boolean {
  return ruleset.bypassActors.some(
    (actor) =>
      (actor.bypass_mode !== 'pull_request' || by.via === 'pull_request') &&
      isActor(hub, repository, actor, by),
  )
}

function isActor(hub: Hub, repository: Repository, actor: BypassActor, by: By): boolean {
  if (actor.actor_type === 'Integration') return by.appId !== null && actor.actor_id === by.appId
  if (actor.actor_type === 'OrganizationAdmin')
    return accountById(hub, repository.ownerId).owners.has(by.userId)
  if (actor.actor_type === 'User') return actor.actor_id === by.userId
  if (actor.actor_type === 'Team') {
    const team = hub.world.teams.find(({ id }) => id === actor.actor_id)
    return !!team && inTeam(hub, team, by.userId)
  }
  if (actor.actor_type !== 'RepositoryRole') return false
  return baseRole(hub, repository, roleOf(hub, repository, by.userId)) === roleIds[actor.actor_id ?? 0]
}
