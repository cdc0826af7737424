import type { Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import type { RepositoryName } from '../services/github/repository.ts'
import type { StagingServer } from '../settings/servers.ts'
import { type FileProblem, problemsIn } from '../yaml/yaml-file.ts'

export type PolicyChange = { policy: Policy; before: Policy }

type Servers = ReadonlyMap<string, StagingServer>

/** The staging servers that a changed policy adds and that the repository can't use: no regression could ever run on them. */
export async function absentServers(
  servers: Servers | undefined,
  repository: RepositoryName,
  file: PolicyFile,
  { policy, before }: PolicyChange,
): Promise<FileProblem[]> {
  if (!servers) return []
  const known = serversOf(before).map(({ server }) => server)
  const named = serversOf(policy).map(({ server }) => server)
  const added = [...new Set(named)].filter((server) => !known.includes(server))
  if (added.length === 0) return []
  // It brings the regression engine, which a policy without a new server does not need.
  const { serverFor } = await import('../staging/target.ts')
  return added.flatMap((server) => {
    // Which repositories come under an organization's policy is not known here.
    if (isSharedRepository(repository.repo) && servers.has(server)) return []
    const target = serverFor(servers, { server }, repository)
    if (!('refused' in target)) return []
    const message = `${target.refused}; name another server, or ask the operator to change that`
    return [problemsIn(file.text, file.where)(placeOf(file, server), message)]
  })
}

function serversOf({ gates, overrides = [] }: Policy): { server: string; path: string[] }[] {
  const all = [gates, ...overrides.map((override) => override.gates)]
  return all.flatMap(({ staging_regression: regression }, index) => {
    if (regression === undefined || regression === 'off') return []
    const parent = index === 0 ? [] : ['overrides', String(index - 1)]
    return [{ server: regression.server, path: [...parent, 'gates', 'staging_regression', 'server'] }]
  })
}

/** In the file itself: its combination with the organization's may have other overrides. */
function placeOf({ text, where }: PolicyFile, name: string): string[] {
  const own = parsePolicy(text, where)
  return (own.ok && serversOf(own.policy).find(({ server }) => server === name)?.path) || ['gates']
}
