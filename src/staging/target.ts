import { code, short } from '../decision/markdown.ts'
import type { RegressionSettings } from '../decision/regression-settings.ts'
import type { Deployment, PullRef } from '../decision/snapshot.ts'
import { isTrusted, isUnderWay, liveDeployment } from '../decision/staging.ts'
import { type Operator, readOperator } from '../regression/operator.ts'
import type { GitHub } from '../services/github/client.ts'
import { newestDeployments } from '../services/github/deployments.ts'
import { isServerAllowed, type StagingServer } from '../settings/servers.ts'

/**
 * The state of staging: the live deployment, one that may be replacing it, and a mark that changes with every deployment and every
 * status. One without a status may replace it too: not every workflow says that it has begun.
 */
export type OnStaging = { live: Deployment | undefined; replacing: Deployment | undefined; mark: string }

/** A deployment that has been under way without news for longer is considered failed. */
const replacesWithin = 60 * 60_000

/** Reads the newest deployments to the environment; nothing where the policy asks for none. */
export async function readStaging(
  github: GitHub,
  pull: PullRef,
  { environment, deployment }: RegressionSettings,
  now: Date,
): Promise<OnStaging> {
  if (deployment === 'none') return { live: undefined, replacing: undefined, mark: '' }
  const newest = await newestDeployments(github, pull, environment)
  const live = liveDeployment(newest)
  const since = now.getTime() - replacesWithin
  return {
    live,
    replacing: newest.find(({ state, newsAt }) => isUnderWay(state) && Date.parse(newsAt) > since),
    mark: [live?.id, ...newest.map(({ mark }) => mark)].join(', '),
  }
}

/** Why this head is not on staging; undefined if it is. */
export function notOnStaging(
  { live }: OnStaging,
  sha: string,
  settings: RegressionSettings,
): string | undefined {
  const { environment, deployers, deployment } = settings
  if (deployment === 'none') return undefined
  if (!live) return `nothing has been deployed to ${environment}`
  if (live.sha !== sha) return `${environment} holds ${live.sha.slice(0, 7)}, not this head`
  if (isTrusted(live, { deployers })) return undefined
  return `the deployment was reported by ${live.succeededBy ?? 'nobody'}, but only reports from ${deployers.join(', ')} count`
}

export function describeDeployment(
  { live }: OnStaging,
  { environment }: RegressionSettings,
): string | undefined {
  if (!live) return undefined
  return `${live.id} of ${short(live.sha)} to ${code(environment)} by ${code(live.succeededBy ?? 'nobody')}`.replaceAll(
    '`',
    '',
  )
}

/** The server of a policy with its credentials, or the sentence that says why it cannot be used. */
export function serverFor(
  servers: ReadonlyMap<string, StagingServer>,
  { server: name }: Pick<RegressionSettings, 'server'>,
  repository: { owner: string; repo: string },
): { server: StagingServer; operator: Operator } | { refused: string } {
  const server = servers.get(name)
  if (!server) return { refused: `the release-gate operator has not configured a server named ${name}` }
  if (!isServerAllowed(server, repository)) {
    return {
      refused: `the operator does not allow ${repository.owner}/${repository.repo} to use the server ${name}`,
    }
  }
  const read = readOperator(server.operator)
  if (!read.ok) return { refused: `the variables of the server ${name} are invalid: ${read.message}` }
  return { server, operator: read.operator }
}
