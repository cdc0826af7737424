import { oneLine } from '../decision/markdown.ts'
import type { Bypass } from '../services/github/enforcement/bypass.ts'
import type { Source } from '../services/github/enforcement/sources.ts'
import { type Found, listed } from './diagnosis.ts'
import { type Gate, pins, requires, titleOf } from './required-check.ts'

/**
 * Who may go round the gate on a branch. Where another rule requires the same check and nobody may pass that one over,
 * a bypass opens nothing and is only told.
 */
export function judgeBypass(sources: Source[], gate: Gate): Found[] {
  const binding = sources.filter((source) => requires(source, gate))
  const closed = binding.some(
    (source) => pins(source, gate) && source.bypass !== 'hidden' && source.bypass.length === 0,
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
    what: `Who may bypass ${titleOf(source)} cannot be read: the bypass list is shown only to those who may edit the ruleset.`,
    mend: 'Run `doctor --token …` with the token of an administrator.',
  }
}

function shown(source: Source, bypass: Bypass[]): Found[] {
  const title = titleOf(source)
  const remaining = (test: (one: Bypass) => boolean) => bypass.filter(test)
  const isExempt = ({ mode }: Bypass) => mode === 'exempt'
  const isWriters = (one: Bypass) => !isExempt(one) && one.reach === 'writers'
  const isChosen = (one: Bypass) => !isExempt(one) && !isWriters(one)
  return [
    ...say(remaining(isExempt), source, {
      severity: 'error',
      rule: 'bypass-exempt',
      what: (who) =>
        `${who} are exempt from ${title}: what they merge or push leaves no trace in GitHub's audit log.`,
      mend: 'Set the bypass to "For pull requests only", or take it out.',
    }),
    ...say(remaining(isWriters), source, {
      severity: 'error',
      rule: 'bypass-writers',
      what: (who) => `${who} may bypass ${title}: the gate binds nobody.`,
      mend: 'Take that role out of the bypass list.',
    }),
    ...say(
      remaining((one) => isChosen(one) && one.mode === 'always'),
      source,
      {
        severity: 'warning',
        rule: 'bypass-always',
        what: (who) => `${who} may bypass ${title}, also by pushing without a pull request.`,
        mend:
          source.kind === 'classic'
            ? 'Turn on "Do not allow bypassing the above settings".'
            : 'Take them out, or allow it "For pull requests only".',
      },
    ),
    ...say(
      remaining((one) => isChosen(one) && one.mode === 'pull_request'),
      source,
      {
        severity: 'information',
        rule: 'bypass-pull-request',
        what: (who) =>
          `${who} may merge a pull request past ${title}; such a merge is recorded as an exception.`,
        mend: '',
      },
    ),
  ]
}

type Saying = Pick<Found, 'severity' | 'rule' | 'mend'> & { what: (who: string) => string }

function say(bypass: Bypass[], source: Source, { severity, rule, mend, what }: Saying): Found[] {
  if (bypass.length === 0) return []
  const who = listed(bypass.map((one) => oneLine(one.who, 80)))
  return [
    {
      severity,
      rule,
      // Somebody who is new in the list is a new finding.
      about: `${source.id}: ${bypass
        .map((one) => one.who)
        .sort()
        .join(', ')}`,
      what: what(`${who.charAt(0).toUpperCase()}${who.slice(1)}`),
      mend,
    },
  ]
}
