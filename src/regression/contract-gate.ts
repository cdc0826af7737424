import { isDeepStrictEqual } from 'node:util'
import { duplicateNames, type StagingSession, type ToolListing } from '../services/mcp.ts'
import { applyWaivers, diffContracts } from './contract/index.ts'
import { type Baseline, type Versions, versionsOf } from './contract-check.ts'
import { pluralize } from './pluralize.ts'
import type { GateResult, RunReport } from './report-schema.ts'
import type { Suite } from './suite-schema.ts'

type Changes = RunReport['contract']['changes']
/** `asked` may omit the supported versions. Unset: only the supported ones were asked for. */
export type ContractContext = { now: Date; spoken: Versions['spoken']; asked?: Versions['asked'] }
export type ContractResult = { gate: GateResult; changes: Changes; notes: string[] }

/**
 * Compares the list of tools with the last release. Passes with a note if there is no baseline. A baseline recorded with other
 * capabilities or another login may differ for that reason alone, so differences from it are inconclusive. A stored run that is
 * evaluated again brings the protocol versions that it asked for and that were supported.
 */
export function contractGate(
  { suite, baseline }: { suite: Suite; baseline?: Baseline },
  session: Pick<StagingSession, 'pinned' | 'capabilities'>,
  listing: ToolListing,
  when: ContractContext,
): ContractResult {
  const notes = [...listing.notes]
  const say = (verdict: GateResult['verdict'], message: string, changes: Changes = []): ContractResult => ({
    gate: { gate: 'contract', verdict, message },
    changes,
    notes,
  })
  const duplicates = duplicateNames(listing.tools)
  if (duplicates.length > 0)
    return say('failed', `tools/list contains these tools twice: ${duplicates.join(', ')}`)
  if (!baseline) return say('passed', 'there is no list of an earlier release yet; this one can be recorded')
  const { changes, problems: stale } = evaluated(suite, baseline, session, listing, when)
  const open = changes.filter(({ waived }) => waived === undefined)
  if (
    open.some(({ severity }) => severity !== 'info') &&
    !isDeepStrictEqual(baseline.pinned, session.pinned)
  ) {
    notes.push('the list was recorded with different client capabilities or a different login')
    return say(
      'inconclusive',
      'the lists were read under different conditions; record the baseline again',
      changes,
    )
  }
  const severities = suite.contract.fail_on === 'warning' ? ['breaking', 'warning'] : ['breaking']
  const failing = open.filter(({ severity }) => severities.includes(severity))
  const problems = [
    ...(failing.length > 0 ? [pluralize(failing.length, 'breaking change', 'breaking changes')] : []),
    ...stale,
  ]
  if (problems.length > 0) return say('failed', problems.join('; '), changes)
  return say(
    'passed',
    open.length === 0
      ? 'unchanged'
      : `${pluralize(open.length, 'change', 'changes')}, none of which breaks callers`,
    changes,
  )
}

function evaluated(
  suite: Suite,
  baseline: Baseline,
  session: Pick<StagingSession, 'capabilities'>,
  listing: ToolListing,
  { now, spoken, asked = [] }: ContractContext,
) {
  const versions = versionsOf(baseline)
  const before = {
    tools: baseline.tools,
    capabilities: baseline.capabilities,
    ...(versions.length > 0 ? { protocolVersions: versions } : {}),
  }
  const after = {
    tools: listing.tools,
    capabilities: session.capabilities,
    protocolVersions: spoken,
    askedVersions: asked,
  }
  return applyWaivers(diffContracts(before, after), suite.contract.waivers, now.toISOString())
}
