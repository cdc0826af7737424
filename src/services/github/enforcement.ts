import pLimit from 'p-limit'
import type { GitHub } from './client.ts'
import { actorNames, bypassOf } from './enforcement/bypass.ts'
import { fromProtection, fromRules, type Ruleset, type Source } from './enforcement/sources.ts'
import { orAbsent, statusOfError } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

export type Branch = {
  name: string
  /** Whether the policy covers it. */
  covered: boolean
  /** Its rules, or why they cannot be read. */
  state: { readable: true; sources: Source[] } | { readable: false; why: string }
}

export type Enforcement = {
  branches: Branch[]
  /** Branches that were not read, since there are too many. */
  unread: number
  rulesets: Ruleset[]
}

/** Two requests a branch: more of them than this would eat into the hourly limit of the installation. */
const branchesRead = 100

/**
 * What binds the branches of a repository now: active rulesets of the repository and those above it, and classic
 * protection. Read are the default branch, those that `covers` names, and others that are protected. Who may bypass a
 * ruleset GitHub shows only to those who may edit it.
 */
export async function readEnforcement(
  github: GitHub,
  repository: RepositoryName,
  wanted: { defaultBranch: string; covers?: (branch: string) => boolean },
): Promise<Enforcement> {
  const rulesets = await readRulesets(github, repository)
  const { defaultBranch, covers = () => false } = wanted
  const all = await github.paginate(github.rest.repos.listBranches, {
    ...nameOf(repository),
    ...(wanted.covers ? {} : { protected: true }),
    per_page: 100,
  })
  const others = all.filter(({ name }) => name !== defaultBranch)
  const covered = others.filter(({ name }) => covers(name))
  const uncovered = others.filter((branch) => branch.protected && !covered.includes(branch))
  const names = [defaultBranch, ...[...covered, ...uncovered].map(({ name }) => name)]
  const limit = pLimit(4)
  const branches = await Promise.all(
    names.slice(0, branchesRead).map((name) =>
      limit(async () => ({
        name,
        covered: name === defaultBranch || covers(name),
        state: await readBranch(github, repository, name, rulesets),
      })),
    ),
  )
  return { branches, unread: Math.max(0, names.length - branchesRead), rulesets }
}

/** Whether a ruleset or the protection of a branch requires a check by this name, from whatever App. True where it cannot be read. */
export async function requiresCheckOn(
  github: GitHub,
  repository: RepositoryName,
  branch: string,
  check: string,
): Promise<boolean> {
  const state = await readBranch(github, repository, branch, [])
  return !state.readable || state.sources.some(({ checks }) => checks.some(({ name }) => name === check))
}

async function readBranch(
  github: GitHub,
  repository: RepositoryName,
  branch: string,
  rulesets: Ruleset[],
): Promise<Branch['state']> {
  try {
    const [rules, protection] = await Promise.all([
      github.paginate(github.rest.repos.getBranchRules, { ...nameOf(repository), branch, per_page: 100 }),
      readProtection(github, repository, branch),
    ])
    const classic = protection ? [fromProtection(branch, protection)] : []
    return { readable: true, sources: [...fromRules(rules, rulesets), ...classic] }
  } catch (error) {
    const status = statusOfError(error)
    if (status !== 403 && status !== 404) throw error
    return { readable: false, why: error instanceof Error ? error.message : String(error) }
  }
}

/** 404 says "Branch not protected", or "Not Found" to those who may not know: only the first means that there is none. */
async function readProtection(github: GitHub, repository: RepositoryName, branch: string) {
  try {
    return (await github.rest.repos.getBranchProtection({ ...nameOf(repository), branch })).data
  } catch (error) {
    const says = error instanceof Error ? error.message : ''
    if (statusOfError(error) === 404 && /branch not (protected|found)/i.test(says)) return undefined
    throw error
  }
}

async function readRulesets(github: GitHub, repository: RepositoryName): Promise<Ruleset[]> {
  const listed = await orAbsent(
    github.paginate(github.rest.repos.getRepoRulesets, {
      ...nameOf(repository),
      includes_parents: true,
      per_page: 100,
    }),
  )
  const branchOnes = (listed ?? []).filter(({ target }) => target === undefined || target === 'branch')
  const names = actorNames(github, repository.owner)
  return Promise.all(branchOnes.map(async ({ id }) => readRuleset(github, repository, id, names)))
}

async function readRuleset(
  github: GitHub,
  repository: RepositoryName,
  id: number,
  names: ReturnType<typeof actorNames>,
): Promise<Ruleset> {
  const { data } = await github.rest.repos.getRepoRuleset({ ...nameOf(repository), ruleset_id: id })
  const refs = data.conditions && 'ref_name' in data.conditions ? data.conditions.ref_name : undefined
  return {
    id,
    name: data.name,
    owner: data.source_type ?? 'Repository',
    enforcement: data.enforcement,
    include: refs?.include ?? [],
    exclude: refs?.exclude ?? [],
    rules: (data.rules ?? []) as Ruleset['rules'],
    bypass: data.bypass_actors ? await bypassOf(data.bypass_actors, names) : 'hidden',
  }
}

/** The labels of a repository, by name. */
export async function readLabels(github: GitHub, repository: RepositoryName): Promise<string[]> {
  const labels = await github.paginate(github.rest.issues.listLabelsForRepo, {
    ...nameOf(repository),
    per_page: 100,
  })
  return labels.map(({ name }) => name)
}
