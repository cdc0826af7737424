import { createHash } from 'node:crypto'
import { isDrift } from './diagnose.ts'
import type { Diagnosis } from './diagnosis.ts'

export type Drift = {
  /** Errors and warnings that are new or more severe. */
  appeared: Diagnosis[]
  /** Earlier errors and warnings that are gone. */
  fixed: Diagnosis[]
  /** To be stored and passed as `before` next time. */
  remember: Diagnosis[]
}

/**
 * What changed between two runs, so that each drift and its end are announced once. A repository that cannot be read this
 * time counts as unchanged: its findings are remembered until it can be read again.
 */
export function compareRuns(before: Diagnosis[], after: Diagnosis[]): Drift {
  const now = new Map(after.map((one) => [keyOf(one), one]))
  const carried = before.filter((one) => isDrift(one) && !now.has(keyOf(one)) && isBlind(one, after))
  const remember = [...after, ...carried]
  const was = new Map(before.map((one) => [keyOf(one), one]))
  const kept = new Set(carried)
  return {
    appeared: after.filter((one) => isDrift(one) && !isKnown(one, was.get(keyOf(one)))),
    fixed: before.filter((one) => isDrift(one) && !kept.has(one) && !stillDrift(now.get(keyOf(one)))),
    remember,
  }
}

/** Equal for two runs with the same drift, whatever the order and the wording. */
export function driftDigest(diagnoses: Diagnosis[]): string {
  const keys = diagnoses.filter(isDrift).map((one) => `${one.severity} ${keyOf(one)}`)
  return createHash('sha256').update(JSON.stringify(keys.sort())).digest('hex')
}

/** Wording is not part of a finding's identity. */
function keyOf({ repository, rule, about }: Diagnosis): string {
  return JSON.stringify([repository, rule, about])
}

function isKnown(one: Diagnosis, before: Diagnosis | undefined): boolean {
  return (
    before !== undefined && isDrift(before) && !(one.severity === 'error' && before.severity === 'warning')
  )
}

function stillDrift(one: Diagnosis | undefined): boolean {
  return one !== undefined && isDrift(one)
}

/** Whether the place of a finding, or its account, could not be read this time. */
function isBlind({ repository }: Diagnosis, after: Diagnosis[]): boolean {
  const [account] = repository.split('/')
  return after.some(({ rule, repository: place }) =>
    rule === 'repository-unreadable' || rule === 'branch-unreadable'
      ? place === repository
      : (rule === 'installation-unreadable' || rule === 'installation-suspended') && place === account,
  )
}
