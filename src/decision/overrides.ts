import type { GateName } from './gates/index.ts'
import { list } from './markdown.ts'
import {
  type Condition,
  type ConditionResult,
  conditionsOfLoosening,
  conditionsOfTightening,
} from './override-conditions.ts'
import type { Override } from './override-settings.ts'
import type { Policy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'
import { suiteGlobs } from './suite-places.ts'
import { loosens } from './tightening.ts'

/** The override that applies to a pull request. */
export type AppliedOverride = {
  name: string
  loosens: boolean
  /** The gates that it turns off, and those that it gives other settings. */
  off: GateName[]
  changes: GateName[]
  /** What was unknown, where it applies because of that. */
  doubt?: string
}

/** An override that loosens and would apply but for one fact. */
export type RefusedOverride = { name: string; why: string }

export type Resolved = { policy: Policy; override?: AppliedOverride; refused: RefusedOverride[] }

/**
 * The policy that applies to one pull request: the gates with the settings of the first override that matches, and without
 * overrides. Pure. An override that loosens applies only if its conditions are met without doubt; one that only tightens applies
 * on doubt too, so a fact that is missing never makes the policy more lenient than the one without overrides.
 */
export function resolvePolicy(policy: Policy, snapshot: Snapshot): Resolved {
  const { overrides = [], ...base } = policy
  const guarded = suitesOf(policy)
  const refused: RefusedOverride[] = []
  for (const override of overrides) {
    const isLoosening = loosens(policy, override)
    const answers = answersOf(override, snapshot, isLoosening, guarded)
    if (answers.includes('no')) continue
    const doubts = answers.flatMap((answer) => (typeof answer === 'object' ? [answer.doubt] : []))
    if (doubts.length === 0 || !isLoosening)
      return {
        policy: { ...base, gates: gatesUnder(policy, override) },
        override: applied(policy, override, doubts),
        refused,
      }
    refused.push({ name: override.name, why: list(doubts) })
  }
  return { policy: base, refused }
}

/** The policy that applies to one pull request. */
export function effectivePolicy(policy: Policy, snapshot: Snapshot): Policy {
  return resolvePolicy(policy, snapshot).policy
}

/** The gates that apply to one pull request; none without a policy. */
export function effectiveGates({ policy, snapshot }: Evaluated): Policy['gates'] {
  return policy ? effectivePolicy(policy, snapshot).gates : {}
}

type Evaluated = { snapshot: Snapshot; policy: Policy | undefined }

/** Facts with the policy that applies to them. */
export function withEffectivePolicy<Facts extends Evaluated>(facts: Facts): Facts {
  return { ...facts, policy: facts.policy && effectivePolicy(facts.policy, facts.snapshot) }
}

/** Every set of gates that the policy may ask for, its own first. */
export function allGates(policy: Pick<Policy, 'gates' | 'overrides'>): Policy['gates'][] {
  return [policy.gates, ...(policy.overrides ?? []).map((override) => gatesUnder(policy, override))]
}

export function gatesUnder(
  { gates: own }: Pick<Policy, 'gates'>,
  { gates: over }: Override,
): Policy['gates'] {
  const on = Object.entries({ ...own, ...over }).filter(([, settings]) => settings !== 'off')
  return Object.fromEntries(on)
}

function answersOf(
  { when }: Override,
  snapshot: Snapshot,
  isLoosening: boolean,
  guarded: string[],
): ConditionResult[] {
  const conditions = isLoosening ? conditionsOfLoosening : conditionsOfTightening
  const named = Object.entries(when) as [Condition, string[] | undefined][]
  return named.flatMap(([name, listed]) => (listed ? [conditions[name](listed, snapshot, guarded)] : []))
}

function applied(policy: Policy, override: Override, doubts: string[]): AppliedOverride {
  const named = Object.entries(override.gates) as [GateName, unknown][]
  const names = (isOff: boolean) =>
    named
      .filter(([, settings]) => settings !== undefined && (settings === 'off') === isOff)
      .map(([name]) => name)
  return {
    name: override.name,
    loosens: loosens(policy, override),
    off: names(true).filter((name) => policy.gates[name] !== undefined),
    changes: names(false),
    ...(doubts.length > 0 ? { doubt: list(doubts) } : {}),
  }
}

/** Globs of the regression's suites, of all overrides too: a change of the suite must not decide whether it is run. */
export function suitesOf(policy: Policy): string[] {
  const suites = allGates(policy).flatMap(({ staging_regression: regression }) =>
    regression ? suiteGlobs(regression.suite) : [],
  )
  return [...new Set(suites)]
}
