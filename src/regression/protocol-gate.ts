import type { StagingSession, ToolListing } from '../services/mcp.ts'
import { brokenPatterns } from './contract/index.ts'
import type { Baseline } from './contract-check.ts'
import { pluralize } from './pluralize.ts'
import type { GateResult } from './report-schema.ts'

type Client = Pick<StagingSession, 'strict'>

/**
 * Why a strict client rejects the list, tool by tool, since one bad tool costs the client all of them. The client of SDK 2.x lists
 * none where the server does not declare that it has tools.
 */
export function refusedInList(
  { strict }: Client,
  { tools, malformed = [] }: ToolListing,
  capabilities: unknown,
): string[] {
  const undeclared = capabilities !== undefined && !Object.hasOwn(Object(capabilities), 'tools')
  return [
    ...(undeclared && tools.length > 0 ? ['the server does not declare the capability tools'] : []),
    ...malformed.map((problem) => `tools/list: ${problem}`),
    ...tools.flatMap((tool) => {
      const problems = [...strict.tool(tool), ...brokenPatterns(tool)]
      return problems.map((problem) => `${tool.name}: ${problem}`)
    }),
  ]
}

/** What a strict client already rejected at the last release, which is not a reason to stop this one. */
export function refusedBefore(client: Client, baseline: Baseline | undefined): ReadonlySet<string> {
  if (baseline === undefined) return new Set()
  return new Set([
    ...baseline.refused,
    ...refusedInList(client, { tools: baseline.tools, notes: [] }, baseline.capabilities),
  ])
}

/** Evaluates what a client that follows the protocol rejects: its users see a broken tool, or none at all. */
export function protocolGate(refused: readonly string[], before: ReadonlySet<string>): GateResult {
  const say = (verdict: GateResult['verdict'], message: string): GateResult => ({
    gate: 'protocol',
    verdict,
    message,
  })
  const all = [...new Set(refused)]
  const added = all.filter((problem) => !before.has(problem))
  if (added.length > 0) return say('failed', `validating clients reject this: ${listed(added)}`)
  if (all.length === 0) return say('passed', 'validating clients accept the tools and their answers')
  const count = pluralize(all.length, 'problem that was', 'problems that were')
  return say('passed', `warning: ${count} there at the last release: ${listed(all)}`)
}

const mostShown = 5

function listed(problems: readonly string[]): string {
  const shown = problems.slice(0, mostShown).join('; ')
  return problems.length > mostShown ? `${shown}; and ${problems.length - mostShown} more` : shown
}
