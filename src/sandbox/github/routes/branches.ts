import { Hono } from 'hono'
import { needs, openRepository, type RequestContext } from '../access.ts'
import type { GitHubContext } from '../context.ts'
import { findCommit, listRefs } from '../git-reading.ts'
import type { Hub } from '../hub.ts'
import { page } from '../pages.ts'
import { problem } from '../problems.ts'
import type { Repository } from '../repository-state.ts'
import { bodyOf, pathOf } from '../requests.ts'
import type { Protection } from '../rule-types.ts'
import { rulesetsFor } from '../rules.ts'
import { commitShape } from '../shapes/commit.ts'
import { repositoryPage, repositoryUrl } from '../shapes/links.ts'
import { protectionShape } from '../shapes/protection.ts'

/** Branches and their classic protection. */
export function branchRoutes(hub: Hub): Hono<GitHubContext> {
  const app = new Hono<GitHubContext>()
  app.get('/repos/:owner/:repo/branches', async (c) => {
    const repository = openRepository(hub, c, needs('read', 'contents', 'read'))
    const refs = await listRefs(repository.git, 'heads/')
    const rows = refs.map(({ ref, sha }) => {
      const name = ref.replace('refs/heads/', '')
      const commit = { sha, url: `${repositoryUrl(hub, repository)}/commits/${sha}` }
      return { name, commit, protected: isProtected(hub, repository, name) }
    })
    return c.json(page(c, rows))
  })
  const path = '/repos/:owner/:repo/branches/:branch{.+}/protection'
  app.get(path, (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'read'))
    return c.json(protectionShape(hub, repository, pathOf(c, 'branch'), protectionOf(c, repository)))
  })
  app.get(`${path}/required_status_checks`, (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'read'))
    const checks = protectionShape(
      hub,
      repository,
      pathOf(c, 'branch'),
      protectionOf(c, repository),
    ).required_status_checks
    if (!checks) throw problem(404, 'Required status checks not enabled')
    return c.json(checks)
  })
  app.put(path, async (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'write'))
    const branch = pathOf(c, 'branch')
    if (!(await findCommit(repository.git, `refs/heads/${branch}`))) throw problem(404, 'Branch not found')
    const protection = readProtection(await bodyOf<ProtectionInput>(c))
    repository.protections.set(branch, protection)
    return c.json(protectionShape(hub, repository, branch, protection))
  })
  app.delete(path, (c) => {
    const repository = openRepository(hub, c, needs('admin', 'administration', 'write'))
    protectionOf(c, repository)
    repository.protections.delete(pathOf(c, 'branch'))
    return c.body(null, 204)
  })
  app.get('/repos/:owner/:repo/branches/:branch{.+}', async (c) => {
    const repository = openRepository(hub, c, needs('read', 'contents', 'read'))
    const name = pathOf(c, 'branch')
    const commit = await findCommit(repository.git, `refs/heads/${name}`)
    if (!commit) throw problem(404, 'Branch not found')
    return c.json(branchShape(hub, repository, name, commitShape(hub, repository, commit)))
  })
  return app
}

function protectionOf(c: RequestContext, repository: Repository): Protection {
  const protection = repository.protections.get(pathOf(c, 'branch'))
  if (!protection) throw problem(404, 'Branch not protected')
  return protection
}

function isProtected(hub: Hub, repository: Repository, name: string): boolean {
  return repository.protections.has(name) || rulesetsFor(hub, repository, name).length > 0
}

function branchShape(hub: Hub, repository: Repository, name: string, commit: unknown) {
  const self = `${repositoryUrl(hub, repository)}/branches/${name}`
  const classic = repository.protections.get(name)
  const checks = classic?.required_status_checks?.checks ?? []
  return {
    name,
    commit,
    _links: { self, html: `${repositoryPage(hub, repository)}/tree/${name}` },
    protected: isProtected(hub, repository, name),
    protection: {
      enabled: classic !== undefined,
      required_status_checks: {
        enforcement_level: classic ? (classic.enforce_admins ? 'everyone' : 'non_admins') : 'off',
        contexts: checks.map(({ context }) => context),
        checks,
      },
    },
    protection_url: `${self}/protection`,
  }
}

type ProtectionInput = {
  required_status_checks: {
    strict?: boolean
    contexts?: string[]
    checks?: { context: string; app_id?: number }[]
  } | null
  enforce_admins: boolean | null
  required_pull_request_reviews: Partial<NonNullable<Protection['required_pull_request_reviews']>> | null
  restrictions: Protection['restrictions']
  required_linear_history: boolean
  allow_force_pushes: boolean | null
  allow_deletions: boolean
}

/** `contexts` is the old way without an App; an `app_id` of -1 means any App. */
function readProtection(input: Partial<ProtectionInput>): Protection {
  const checks = input.required_status_checks
  const reviews = input.required_pull_request_reviews
  const named = checks?.checks?.map(({ context, app_id = -1 }) => ({
    context,
    app_id: app_id < 0 ? null : app_id,
  }))
  return {
    required_status_checks: checks
      ? {
          strict: checks.strict ?? false,
          checks: named ?? (checks.contexts ?? []).map((context) => ({ context, app_id: null })),
        }
      : null,
    enforce_admins: input.enforce_admins ?? false,
    required_pull_request_reviews: reviews
      ? {
          required_approving_review_count: reviews.required_approving_review_count ?? 1,
          dismiss_stale_reviews: reviews.dismiss_stale_reviews ?? false,
          require_code_owner_reviews: reviews.require_code_owner_reviews ?? false,
          require_last_push_approval: reviews.require_last_push_approval ?? false,
        }
      : null,
    restrictions: input.restrictions ?? null,
    required_linear_history: input.required_linear_history ?? false,
    allow_force_pushes: input.allow_force_pushes ?? false,
    allow_deletions: input.allow_deletions ?? false,
  }
}
