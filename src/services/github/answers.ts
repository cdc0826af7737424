import { z } from 'zod'

type Request = { method: string; url: string }
type Answer = { status: number; data: unknown }

const account = z.object({ id: z.number(), login: z.string() }).nullable()
const repository = z.object({ id: z.number() })
const commit = z.object({
  sha: z.string(),
  parents: z.array(z.object({ sha: z.string() })),
  commit: z.object({ message: z.string(), tree: z.object({ sha: z.string() }) }),
})
const run = z.object({ id: z.number(), status: z.string(), conclusion: z.string().nullable() })
const pull = z.object({
  number: z.number(),
  state: z.string(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: repository.nullable() }),
  base: z.object({ ref: z.string(), sha: z.string(), repo: repository }),
})

/**
 * The answers that affect decisions, with the fields that do. A proxy's page, an outage or a missing field must never
 * pass for "there is none": all that is not of its shape is an error, and the evaluation runs again.
 */
const shapes: Record<string, z.ZodType> = {
  'GET /repos/*/*/pulls/*': pull.extend({
    merged: z.boolean(),
    draft: z.boolean().optional(),
    user: account,
    labels: z.array(z.object({ name: z.string() })),
  }),
  'GET /repos/*/*/pulls/*/reviews': z.array(
    z.object({ id: z.number(), state: z.string(), commit_id: z.string().nullable(), user: account }),
  ),
  'GET /repos/*/*/pulls/*/commits': z.array(commit),
  'GET /repos/*/*/issues/*/events': z.array(z.object({ event: z.string(), created_at: z.string() })),
  'GET /repos/*/*/compare/**': z.object({
    total_commits: z.number(),
    behind_by: z.number(),
    commits: z.array(commit),
    base_commit: commit,
    merge_base_commit: commit,
  }),
  'GET /repos/*/*/commits/*/pulls': z.array(pull.extend({ merged_at: z.string().nullable() })),
  'GET /repos/*/*/activity': z.array(
    z.object({ before: z.string(), after: z.string(), timestamp: z.string(), actor: account }),
  ),
  'GET /repos/*/*/git/ref/**': z.object({ object: z.object({ sha: z.string() }) }),
  'GET /repos/*/*/git/trees/*': z.object({
    sha: z.string(),
    truncated: z.boolean(),
    tree: z.array(z.object({ path: z.string(), mode: z.string(), sha: z.string() })),
  }),
  'GET /repos/*/*/contents/**': z.union([
    z.array(z.object({ type: z.string() })),
    z.object({
      type: z.literal('file'),
      content: z.string(),
      // `none`: a file of more than 1 MB, without its content.
      encoding: z.enum(['base64', 'none']),
      sha: z.string(),
      size: z.number(),
    }),
    z.object({ type: z.enum(['symlink', 'submodule', 'dir']) }),
  ]),
  'GET /repos/*/*/collaborators/*/permission': z.object({ permission: z.string(), user: account }),
  'GET /user': z.object({ id: z.number(), login: z.string(), type: z.string() }),
  'GET /user/installations': z.object({ installations: z.array(z.object({ id: z.number() })) }),
  'GET /user/installations/*/repositories': z.object({
    repositories: z.array(z.object({ id: z.number(), permissions: z.object({ pull: z.boolean() }) })),
  }),
  'GET /orgs/*/memberships/*': z.object({ state: z.string(), role: z.string(), user: account }),
  'GET /orgs/*/teams/*/memberships/*': z.object({ state: z.string() }),
  'GET /orgs/*/teams/*/members': z.array(z.object({ id: z.number() })),
  'GET /repos/*/*/commits/*/check-runs': z.object({ check_runs: z.array(run) }),
  'POST /repos/*/*/check-runs': run,
  'PATCH /repos/*/*/check-runs/*': run,
  'GET /repos/*/*/deployments': z.array(z.object({ id: z.number(), sha: z.string() })),
  'GET /repos/*/*/deployments/*/statuses': z.array(z.object({ state: z.string() })),
  'GET /repos/*/*/rules/branches/**': z.array(z.object({ type: z.string() })),
}

const table = Object.entries(shapes).map(([route, shape]) => {
  const pattern = route.replaceAll('**', '.*').replace(/(?<!\.)\*/g, '[^/]+')
  return { pattern: new RegExp(`^${pattern}$`), shape }
})

/** @throws where a good answer is not JSON, or not of the shape that what it decides needs. */
export function refuseMalformed({ method, url }: Request, { status, data }: Answer): void {
  if (status !== 200 && status !== 201) return
  const path = new URL(url).pathname.replace(/^\/api\/v3(?=\/)/, '')
  const request = `${method} ${path}`
  if (typeof data === 'string' && data.trim() !== '')
    throw new Error(`GitHub did not answer ${request} with JSON, but with "${data.trim().slice(0, 40)}"`)
  const parsed = table.find(({ pattern }) => pattern.test(request))?.shape.safeParse(data)
  const [issue] = parsed?.error?.issues ?? []
  if (!issue) return
  const where = issue.path.length > 0 ? ` at ${issue.path.join('.')}` : ''
  throw new Error(`GitHub's answer to ${request} is not as documented${where}: ${issue.message}`)
}
