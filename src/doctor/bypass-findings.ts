import { oneLine } from '../decision/markdown.ts'
import type { Bypass } from '../services/github/enforcement/bypass.ts'
import type { Source } from '../services/github/enforcement/sources.ts'
import { type Found, listed } from './diagnosis.ts'
import { type RequiredCheck, requires, requiresFromApp, sourceTitle } from './required-check.ts'

/**
 * Who can bypass the gate on a branch. Where another rule requires the same check and nobody can bypass that rule, a
 * bypass has no effect and is only reported as a note.
 */
export function bypassFindings(sources: Source[], gate: RequiredCheck): Found[] {
  const binding = sources.filter((source) => requires(source, gate))
  const closed = binding.some(
    (source) => requiresFromApp(source, gate) && source.bypass !== 'hidden' && source.bypass.length === 0,
  )
  return binding.flatMap((source) => {
    const found = source.bypass === 'hidden' ? [hidden(source)] : shown(source, source.bypass)
    return closed ? found.map((one) => ({ ...one, severity: 'information' as const })) : found
  })
}

function hidden(source: Source): Found {
  return {
    severity: 'unknown',
    rule: 'bypass-hidden',
    about: source.id,
    what: `Cannot read who can bypass ${sourceTitle(source)}. GitHub shows the bypass list only to people who can edit the ruleset.`,
    fix: "Run `doctor --token …` with an administrator's token.",
  }
}

function shown(source: Source, bypass: Bypass[]): Found[] {
  const title = sourceTitle(source)
  const remaining = (test: (one: Bypass) => boolean) => bypass.filter(test)
  const isUnknown = ({ mode, reach }: Bypass) => mode === 'unknown' || reach === 'unknown'
  const isExempt = ({ mode }: Bypass) => mode === 'exempt'
  const isWriters = (one: Bypass) => !isExempt(one) && one.reach === 'writers'
  const isChosen = (one: Bypass) => !isExempt(one) && !isWriters(one) && !isUnknown(one)
  return [
    ...bypassFinding(remaining(isUnknown), source, {
      severity: 'unknown',
      rule: 'bypass-unknown',
      what: (who) =>
        `${who} can bypass ${title} in a way that this version does not know, so it cannot tell whether the gate is enforced.`,
      fix: 'Check the bypass list of the ruleset, or update release-gate.',
    }),
    ...bypassFinding(remaining(isExempt), source, {
      severity: 'error',
      rule: 'bypass-exempt',
      what: (who) =>
        `${who} can bypass ${title} without a trace ("Exempt"): GitHub's audit log does not show what they merge or push.`,
      fix: 'Set the bypass to "For pull requests only", or remove it.',
    }),
    ...bypassFinding(remaining(isWriters), source, {
      severity: 'error',
      rule: 'bypass-writers',
      what: (who) => `${who} can bypass ${title}, so the gate is not enforced.`,
      fix: 'Remove that role from the bypass list.',
    }),
    ...bypassFinding(
      remaining((one) => isChosen(one) && one.mode === 'always'),
      source,
      {
        severity: 'warning',
        rule: 'bypass-always',
        what: (who) => `${who} can always bypass ${title}, even by pushing without a pull request.`,
        fix:
          source.kind === 'classic'
            ? 'Turn on "Do not allow bypassing the above settings".'
            : 'Remove them, or set the bypass to "For pull requests only".',
      },
    ),
    ...bypassFinding(
      remaining((one) => isChosen(one) && one.mode === 'pull_request'),
      source,
      {
        severity: 'information',
        rule: 'bypass-pull-request',
        what: (who) =>
          `${who} can merge a pull request despite ${title}. Such a merge is recorded as an exception.`,
        fix: '',
      },
    ),
  ]
}

type BypassWording = Pick<Found, 'severity' | 'rule' | 'fix'> & { what: (who: string) => string }

function bypassFinding(
  bypass: Bypass[],
  source: Source,
  { severity, rule, fix, what }: BypassWording,
): Found[] {
  if (bypass.length === 0) return []
  const who = listed(bypass.map((one) => oneLine(one.who, 80)))
  return [
    {
      severity,
      rule,
      // A new person on the list makes a new finding.
      about: `${source.id}: ${bypass
        .map((one) => one.who)
        .sort()
        .join(', ')}`,
      what: what(`${who.charAt(0).toUpperCase()}${who.slice(1)}`),
      fix,
    },
  ]
}
