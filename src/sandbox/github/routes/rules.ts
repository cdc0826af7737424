import { Hono } from 'hono'
import { hasRole, needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { accountById, fullName, type Hub, isoTime, requireAccount } from '../hub.ts'
import { page } from '../pages.ts'
import { invalid, notFound, problem } from '../problems.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, pathOf } from '../requests.ts'
import type { Ruleset } from '../rule-types.ts'
import { bypasses, organizationRulesets, rulesetsFor } from '../rules.ts'
import { nodeId } from '../shapes/links.ts'

const read = needs('read', 'metadata', 'read')
const write = needs('admin', 'administration', 'write')

/** Rulesets of repositories and organizations, and the rules that they put on a branch. */
export function ruleRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/repos/:owner/:repo/rules/branches/:branch{.+}', (c) => {
    const repository = openRepository(hub, c, read)
    const rows = rulesetsFor(hub, repository, pathOf(c, 'branch')).flatMap((ruleset) =>
      ruleset.rules.map((rule) => ({
        ...rule,
        ruleset_source_type: ruleset.sourceType,
        ruleset_source: ruleset.source,
        ruleset_id: ruleset.id,
      })),
    )
    return c.json(page(c, rows))
  })
  repositoryRulesets(hub, app)
  organizationRoutes(hub, app)
  return app
}

function repositoryRulesets(hub: Hub, app: Hono<GitHubContext>): void {
  const root = '/repos/:owner/:repo/rulesets'
  app.get(root, (c) => {
    const repository = openRepository(hub, c, read)
    const parents = c.req.query('includes_parents') === 'false' ? [] : organizationRulesets(hub, repository)
    return c.json(page(c, [...repository.rulesets, ...parents]).map((one) => summary(hub, repository, one)))
  })
  app.post(root, async (c) => {
    const repository = openRepository(hub, c, write)
    const ruleset = newRuleset(hub, await bodyOf<RulesetInput>(c), 'Repository', fullName(hub, repository))
    repository.rulesets.push(ruleset)
    return c.json(detail(hub, repository, ruleset, c), 201)
  })
  app.get(`${root}/:id`, (c) => {
    const repository = openRepository(hub, c, read)
    const all = [...repository.rulesets, ...organizationRulesets(hub, repository)]
    return c.json(detail(hub, repository, rulesetOf(c, all), c))
  })
  app.put(`${root}/:id`, async (c) => {
    const repository = openRepository(hub, c, write)
    const ruleset = rulesetOf(c, repository.rulesets)
    change(hub, ruleset, await bodyOf<RulesetInput>(c))
    return c.json(detail(hub, repository, ruleset, c))
  })
  app.delete(`${root}/:id`, (c) => {
    const repository = openRepository(hub, c, write)
    const ruleset = rulesetOf(c, repository.rulesets)
    repository.rulesets = repository.rulesets.filter((one) => one !== ruleset)
    return c.body(null, 204)
  })
}

/** Only owners may see and change an organization's rulesets. */
function organizationRoutes(hub: Hub, app: Hono<GitHubContext>): void {
  const open = (c: RequestContext) => {
    const account = requireAccount(hub, pathOf(c, 'org'))
    const actor = c.get('actor')
    if (account.type !== 'Organization' || actor.kind !== 'user' || !account.owners.has(actor.userId))
      throw notFound()
    const rulesets = hub.world.organizationRulesets.get(account.id) ?? []
    hub.world.organizationRulesets.set(account.id, rulesets)
    return { account, rulesets }
  }
  const root = '/orgs/:org/rulesets'
  app.get(root, (c) => c.json(page(c, open(c).rulesets).map((one) => summary(hub, undefined, one))))
  app.post(root, async (c) => {
    const { account, rulesets } = open(c)
    const ruleset = newRuleset(hub, await bodyOf<RulesetInput>(c), 'Organization', account.login)
    rulesets.push(ruleset)
    return c.json(detail(hub, undefined, ruleset, c), 201)
  })
  app.get(`${root}/:id`, (c) => c.json(detail(hub, undefined, rulesetOf(c, open(c).rulesets), c)))
  app.put(`${root}/:id`, async (c) => {
    const ruleset = rulesetOf(c, open(c).rulesets)
    change(hub, ruleset, await bodyOf<RulesetInput>(c))
    return c.json(detail(hub, undefined, ruleset, c))
  })
  app.delete(`${root}/:id`, (c) => {
    const { account, rulesets } = open(c)
    const ruleset = rulesetOf(c, rulesets)
    hub.world.organizationRulesets.set(
      account.id,
      rulesets.filter((one) => one !== ruleset),
    )
    return c.body(null, 204)
  })
}

function rulesetOf(c: RequestContext, rulesets: Ruleset[]): Ruleset {
  const found = rulesets.find(({ id }) => id === Number(pathOf(c, 'id')))
  if (!found) throw notFound()
  return found
}

type RulesetInput = Pick<Ruleset, 'name' | 'target' | 'enforcement' | 'conditions' | 'rules'> & {
  bypass_actors: Ruleset['bypassActors']
}

function newRuleset(
  hub: Hub,
  input: Partial<RulesetInput>,
  sourceType: Ruleset['sourceType'],
  source: string,
): Ruleset {
  if (!input.name) throw problem(422, 'Invalid request.\n\n"name" wasn\'t supplied.')
  if (!input.enforcement) throw problem(422, 'Invalid request.\n\n"enforcement" wasn\'t supplied.')
  checkRules(input)
  return {
    id: hub.world.nextId('ruleset'),
    name: input.name,
    target: input.target ?? 'branch',
    sourceType,
    source,
    enforcement: input.enforcement,
    bypassActors: input.bypass_actors ?? [],
    conditions: input.conditions ?? {},
    rules: input.rules ?? [],
    createdAt: hub.clock(),
    updatedAt: hub.clock(),
  }
}

/** Parameters without which GitHub refuses a rule. */
const neededParameters: Record<string, string[]> = {
  required_status_checks: ['required_status_checks', 'strict_required_status_checks_policy'],
  pull_request: [
    'dismiss_stale_reviews_on_push',
    'require_code_owner_review',
    'require_last_push_approval',
    'required_approving_review_count',
    'required_review_thread_resolution',
  ],
  merge_queue: [
    'check_response_timeout_minutes',
    'grouping_strategy',
    'max_entries_to_build',
    'max_entries_to_merge',
    'merge_method',
    'min_entries_to_merge',
    'min_entries_to_merge_wait_minutes',
  ],
}

function checkRules({ rules = [] }: Partial<RulesetInput>): void {
  for (const { type, parameters = {} } of rules) {
    const missing = (neededParameters[type] ?? []).find((name) => parameters[name] === undefined)
    if (missing) throw invalid([`Invalid rule '${type}': missing parameter ${missing}`])
  }
}

function change(hub: Hub, ruleset: Ruleset, input: Partial<RulesetInput>): void {
  checkRules(input)
  const { bypass_actors, ...rest } = input
  Object.assign(ruleset, rest, { updatedAt: hub.clock() })
  if (bypass_actors) ruleset.bypassActors = bypass_actors
}

function summary(hub: Hub, repository: Repository | undefined, ruleset: Ruleset) {
  const self = repository
    ? `${hub.url}/repos/${fullName(hub, repository)}/rulesets/${ruleset.id}`
    : `${hub.url}/orgs/${ruleset.source}/rulesets/${ruleset.id}`
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: ruleset.target,
    source_type: ruleset.sourceType,
    source: ruleset.source,
    enforcement: ruleset.enforcement,
    node_id: nodeId('RRS', ruleset.id),
    _links: { self: { href: self }, html: { href: self } },
    created_at: isoTime(ruleset.createdAt),
    updated_at: isoTime(ruleset.updatedAt),
  }
}

/** The list of who may pass over is shown only to those who may edit the ruleset. */
function detail(hub: Hub, repository: Repository | undefined, ruleset: Ruleset, c: RequestContext) {
  const whole = { ...summary(hub, repository, ruleset), conditions: ruleset.conditions, rules: ruleset.rules }
  const actor = c.get('actor')
  const editor = actor.kind === 'user' && mayEdit(hub, repository, ruleset, actor.userId)
  if (!editor) return whole
  const by = { userId: actor.userId, appId: null, via: 'push' } as const
  const bypass = repository && bypasses(hub, repository, ruleset, by) ? 'always' : 'never'
  return { ...whole, bypass_actors: ruleset.bypassActors, current_user_can_bypass: bypass }
}

function mayEdit(hub: Hub, repository: Repository | undefined, ruleset: Ruleset, userId: number): boolean {
  if (ruleset.sourceType === 'Organization') {
    const owner = repository ? accountById(hub, repository.ownerId) : requireAccount(hub, ruleset.source)
    return owner.owners.has(userId)
  }
  return !!repository && hasRole(hub, repository, userId, 'admin')
}
