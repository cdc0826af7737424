import type { Override } from '../decision/override-settings.ts'
import type { Policy } from '../decision/policy.ts'
import { isSharedRepository } from '../decision/shared-repository.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import type { PolicyFile } from '../services/github/policy.ts'
import type { RepositoryName } from '../services/github/repository.ts'
import type { StagingServer } from '../settings/servers.ts'
import { type FileProblem, problemsIn } from '../yaml/yaml-file.ts'

export type PolicyChange = { policy: Policy; before: Policy }

/** What the operator has configured for policies to name: staging servers, and whether monitors of Datadog can be read. */
export type Operator = { servers: ReadonlyMap<string, StagingServer>; datadog: boolean }

/** Where a policy names something of the operator's. */
type Named = { name: string; path: string[] }

/** What a changed policy adds and the operator has not configured for this repository, each at its place: its gate could never pass. */
export async function unconfigured(
  operator: Operator | undefined,
  repository: RepositoryName,
  file: PolicyFile,
  change: PolicyChange,
): Promise<FileProblem[]> {
  if (!operator) return []
  const own = parsePolicy(file.text, file.where)
  const at = problemsIn(file.text, file.where)
  // In the file itself: its combination with the organization's may have other overrides.
  const problem = (namesIn: (policy: Policy) => Named[], name: string, message: string): FileProblem =>
    at((own.ok && namesIn(own.policy).find((one) => one.name === name)?.path) || ['gates'], message)
  const refused = await refusedServers(operator.servers, repository, added(serversOf, change))
  const [monitor] = operator.datadog ? [] : added(monitorsOf, change)
  return [
    ...refused.map(({ server, why }) => problem(serversOf, server, why)),
    ...(monitor === undefined ? [] : [problem(monitorsOf, monitor, datadogUnset)]),
  ]
}

const datadogUnset =
  'the release-gate operator has not set DATADOG_API_KEY and DATADOG_APP_KEY, so no monitor can be read; remove the gate, or ask the operator to change that'

/** The ids of the monitors that a changed policy adds. */
export function addedMonitors(change: PolicyChange): string[] {
  return added(monitorsOf, change)
}

function added(namesIn: (policy: Policy) => Named[], { policy, before }: PolicyChange): string[] {
  const known = namesIn(before).map(({ name }) => name)
  const names = namesIn(policy).map(({ name }) => name)
  return [...new Set(names)].filter((name) => !known.includes(name))
}

async function refusedServers(
  servers: Operator['servers'],
  repository: RepositoryName,
  names: string[],
): Promise<{ server: string; why: string }[]> {
  if (names.length === 0) return []
  // It brings the regression engine, which a policy without a new server does not need.
  const { serverFor } = await import('../staging/target.ts')
  return names.flatMap((server) => {
    // Which repositories come under an organization's policy is not known here.
    if (isSharedRepository(repository.repo) && servers.has(server)) return []
    const target = serverFor(servers, { server }, repository)
    if (!('refused' in target)) return []
    return [{ server, why: `${target.refused}; name another server, or ask the operator to change that` }]
  })
}

function serversOf(policy: Policy): Named[] {
  return gateSets(policy).flatMap(({ gates: { staging_regression: regression }, parent }) =>
    regression === undefined || regression === 'off'
      ? []
      : [{ name: regression.server, path: [...parent, 'staging_regression', 'server'] }],
  )
}

function monitorsOf(policy: Policy): Named[] {
  return gateSets(policy).flatMap(({ gates: { production_health: health }, parent }) =>
    health === undefined || health === 'off'
      ? []
      : health.monitors.map(({ id }) => ({
          name: String(id),
          path: [...parent, 'production_health', 'monitors'],
        })),
  )
}

/** The policy's own gates and those that each override names. */
function gateSets({ gates, overrides = [] }: Policy): { gates: Override['gates']; parent: string[] }[] {
  const own = { gates, parent: ['gates'] }
  return [
    own,
    ...overrides.map((each, index) => ({ gates: each.gates, parent: ['overrides', String(index), 'gates'] })),
  ]
}
