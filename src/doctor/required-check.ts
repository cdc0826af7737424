import { oneLine } from '../decision/markdown.ts'
import type { Ruleset, Source } from '../services/github/enforcement/sources.ts'
import type { Branch } from '../services/github/enforcement.ts'
import { type Found, listed, quoted } from './diagnosis.ts'

/** What the check is called, which App may report it, and how to set all of it up. */
export type Gate = { check: string; appId: number; repository: string }

export function titleOf(source: Source): string {
  if (source.kind === 'classic') return `the ${source.id}`
  return source.name === null ? `the ${source.id}` : `the ruleset ${quoted(source.name)}`
}

export function requires(source: Source, { check }: Gate): boolean {
  return source.checks.some(({ name }) => name === check)
}

/** Required, and no other App or person can report it. */
export function pins(source: Source, { check, appId }: Gate): boolean {
  return source.checks.some((one) => one.name === check && one.appId === appId)
}

/** The command that mends most of it. */
export function setUp({ repository }: Gate): string {
  return `Run \`release-gate setup --repository ${repository}\` to see how, and with \`--apply\` to do it`
}

/**
 * Whether a covered branch requires the check of our App and of nobody else. Unpinned is an error: anyone with write
 * permission can post a green check of that name (shared/rules/ingest.md, "Limits of GitHub").
 */
export function judgeRequirement(
  branch: string,
  sources: Source[],
  rulesets: Ruleset[],
  gate: Gate,
): Found[] {
  const about = branch
  const shown = oneLine(branch, 100)
  const entries = sources.flatMap((source) =>
    source.checks.filter(({ name }) => name === gate.check).map(({ appId }) => ({ source, appId })),
  )
  if (entries.length === 0) return [absent(branch, sources, rulesets, gate)]
  const found: Found[] = sources
    .filter((source) => pins(source, gate))
    .slice(0, 1)
    .map((source) => ({
      severity: 'information',
      rule: 'check-required',
      about,
      what: `${shown} requires ${quoted(gate.check)}, which only the App can report (${titleOf(source)}).`,
      mend: '',
    }))
  const foreign = entries.filter(({ appId }) => appId !== null && appId !== gate.appId)
  for (const { source, appId } of foreign) {
    found.push({
      severity: 'error',
      rule: 'check-of-another-app',
      about,
      what: `On ${shown}, ${titleOf(source)} waits for ${quoted(gate.check)} from the App ${appId}, and this one is ${gate.appId}: no pull request can be merged.`,
      mend: `Pin the check to the App ${gate.appId} there.`,
    })
  }
  const unpinned = entries.filter(({ appId }) => appId === null)
  if (unpinned.length > 0 && !sources.some((source) => pins(source, gate))) {
    found.push({
      severity: 'error',
      rule: 'check-unpinned',
      about,
      what: `On ${shown}, ${listed(unpinned.map(({ source }) => titleOf(source)))} takes ${quoted(gate.check)} from anybody: everyone who may write can post a green one.`,
      mend: `Choose the App ${gate.appId} as the source of the check there. ${setUp(gate)}.`,
    })
  }
  return found
}

function absent(branch: string, sources: Source[], rulesets: Ruleset[], gate: Gate): Found {
  const similar = sources
    .flatMap(({ checks }) => checks.map(({ name }) => name))
    .find((name) => plain(name) === plain(gate.check))
  const asleep = rulesets.filter((one) => one.enforcement !== 'active' && names(one, gate))
  const hints = [
    similar === undefined ? '' : ` A check ${quoted(similar)} is required, which is another name.`,
    ...asleep.map(
      ({ name, enforcement }) => ` The ruleset ${quoted(name)} asks for it but is ${standing(enforcement)}.`,
    ),
  ]
  return {
    severity: 'error',
    rule: 'check-not-required',
    about: branch,
    what: `${oneLine(branch, 100)} does not require ${quoted(gate.check)}: pull requests can be merged whatever it says.${hints.join('')}`,
    mend: `${setUp(gate)}.`,
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

function standing(enforcement: string): string {
  return enforcement === 'evaluate' ? 'only evaluated' : enforcement
}

/** Whether a ruleset, in force or not, requires the check. */
export function names({ rules }: Ruleset, { check }: Gate): boolean {
  return rules.some(({ type, parameters }) => {
    const checks = type === 'required_status_checks' ? parameters?.required_status_checks : undefined
    return Array.isArray(checks) && checks.some(({ context }) => context === check)
  })
}

/** The check is asked for where the gate never reports it: every pull request there waits for ever. */
export function judgeUncovered({ name, state }: Branch, gate: Gate): Found[] {
  const source = state.readable ? state.sources.find((one) => requires(one, gate)) : undefined
  if (!source) return []
  return [
    {
      severity: 'error',
      rule: 'check-required-uncovered',
      about: name,
      what: `On ${oneLine(name, 100)}, ${titleOf(source)} requires ${quoted(gate.check)}, but the policy does not cover this branch: nothing can be merged to it.`,
      mend: 'Add the branch to `branches` in the policy, or take it out of that rule.',
    },
  ]
}
