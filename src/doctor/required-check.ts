import { oneLine } from '../decision/markdown.ts'
import type { Ruleset, Source } from '../services/github/enforcement/sources.ts'
import type { Branch } from '../services/github/enforcement.ts'
import { type Found, listed, quoted } from './diagnosis.ts'

/** The check's name, the App that reports it, and the repository. */
export type RequiredCheck = { check: string; appId: number; repository: string }

export function sourceTitle(source: Source): string {
  if (source.kind === 'classic') return `the ${source.id}`
  return source.name === null ? `the ${source.id}` : `the ruleset ${quoted(source.name)}`
}

export function requires(source: Source, { check }: RequiredCheck): boolean {
  return source.checks.some(({ name }) => name === check)
}

/** Whether a rule requires the check and accepts it only from our App. */
export function requiresFromApp(source: Source, { check, appId }: RequiredCheck): boolean {
  return source.checks.some((one) => one.name === check && one.appId === appId)
}

/** The command that fixes most of these. */
export function setupHint({ repository }: RequiredCheck): string {
  return `Run \`release-gate setup --repository ${repository}\` to see what is missing, and add \`--apply\` to fix it`
}

/**
 * Whether a covered branch requires the check and accepts it only from our App. An unpinned check is an error: anyone
 * with write access can post a green check with that name.
 */
export function requirementFindings(
  branch: string,
  sources: Source[],
  rulesets: Ruleset[],
  gate: RequiredCheck,
): Found[] {
  const about = branch
  const shown = oneLine(branch, 100)
  const entries = sources.flatMap((source) =>
    source.checks.filter(({ name }) => name === gate.check).map(({ appId }) => ({ source, appId })),
  )
  if (entries.length === 0) return [absent(branch, sources, rulesets, gate)]
  const found: Found[] = sources
    .filter((source) => requiresFromApp(source, gate))
    .slice(0, 1)
    .map((source) => ({
      severity: 'information',
      rule: 'check-required',
      about,
      what: `${shown} requires ${quoted(gate.check)} from this App (${sourceTitle(source)}).`,
      fix: '',
    }))
  const foreign = entries.filter(({ appId }) => appId !== null && appId !== gate.appId)
  for (const { source, appId } of foreign) {
    found.push({
      severity: 'error',
      rule: 'check-of-another-app',
      about,
      what: `On ${shown}, ${sourceTitle(source)} expects ${quoted(gate.check)} from App ${appId}, but this is App ${gate.appId}, so no pull request can be merged.`,
      fix: `Pin the check to App ${gate.appId} in that rule.`,
    })
  }
  const unpinned = entries.filter(({ appId }) => appId === null)
  if (unpinned.length > 0 && !sources.some((source) => requiresFromApp(source, gate))) {
    found.push({
      severity: 'error',
      rule: 'check-unpinned',
      about,
      what: `On ${shown}, ${listed(unpinned.map(({ source }) => sourceTitle(source)))} accepts ${quoted(gate.check)} from any source, so anyone with write access can post a green one.`,
      fix: `Select App ${gate.appId} as the source of the check in that rule. ${setupHint(gate)}.`,
    })
  }
  return found
}

function absent(branch: string, sources: Source[], rulesets: Ruleset[], gate: RequiredCheck): Found {
  const similar = sources
    .flatMap(({ checks }) => checks.map(({ name }) => name))
    .find((name) => plain(name) === plain(gate.check))
  const asleep = rulesets.filter((one) => one.enforcement !== 'active' && requiresCheck(one, gate))
  const hints = [
    similar === undefined ? '' : ` It requires ${quoted(similar)}, which is a different name.`,
    ...asleep.map(
      ({ name, enforcement }) =>
        ` The ruleset ${quoted(name)} requires it but is ${enforcementText(enforcement)}.`,
    ),
  ]
  return {
    severity: 'error',
    rule: 'check-not-required',
    about: branch,
    what: `${oneLine(branch, 100)} does not require ${quoted(gate.check)}, so pull requests can be merged without it.${hints.join('')}`,
    fix: `${setupHint(gate)}.`,
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function enforcementText(enforcement: string): string {
  return enforcement === 'evaluate' ? 'in evaluate mode' : enforcement
}

/** Whether a ruleset, active or not, requires the check. */
export function requiresCheck({ rules }: Ruleset, { check }: RequiredCheck): boolean {
  return rules.some(({ type, parameters }) => {
    const checks = type === 'required_status_checks' ? parameters?.required_status_checks : undefined
    return Array.isArray(checks) && checks.some(({ context }) => context === check)
  })
}

/** The check is required on a branch where the gate never reports it, so every pull request there waits forever. */
export function uncoveredFindings({ name, state }: Branch, gate: RequiredCheck): Found[] {
  const source = state.readable ? state.sources.find((one) => requires(one, gate)) : undefined
  if (!source) return []
  return [
    {
      severity: 'error',
      rule: 'check-required-uncovered',
      about: name,
      what: `On ${oneLine(name, 100)}, ${sourceTitle(source)} requires ${quoted(gate.check)}, but the policy does not cover this branch, so nothing can be merged into it.`,
      fix: 'Add the branch to `branches` in the policy, or remove it from that rule.',
    },
  ]
}
