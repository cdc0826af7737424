import { createHash } from 'node:crypto'
import { isDrift } from './diagnose.ts'
import type { Diagnosis } from './diagnosis.ts'

export type Drift = {
  /** Errors and warnings that were not there before, or only as something milder. */
  appeared: Diagnosis[]
  /** Errors and warnings of before that are gone. */
  mended: Diagnosis[]
  /** What to keep, and to give as `before` the next time. */
  remember: Diagnosis[]
}

/**
 * What has changed between two runs, so that each drift is announced once and its end too. A repository that cannot be
 * read this time has mended nothing: what was known of it is remembered until it can be read again.
 */
export function drift(before: Diagnosis[], after: Diagnosis[]): Drift {
  const now = new Map(after.map((one) => [keyOf(one), one]))
  const carried = before.filter((one) => isDrift(one) && !now.has(keyOf(one)) && isBlind(one, after))
  const remember = [...after, ...carried]
  const was = new Map(before.map((one) => [keyOf(one), one]))
  const kept = new Set(carried)
  return {
    appeared: after.filter((one) => isDrift(one) && !isKnown(one, was.get(keyOf(one)))),
    mended: before.filter((one) => isDrift(one) && !kept.has(one) && !stillDrift(now.get(keyOf(one)))),
    remember,
  }
}

/** Equal for runs that found the same drift, in whatever order and words. */
export function digestOf(diagnoses: Diagnosis[]): string {
  const keys = diagnoses.filter(isDrift).map((one) => `${one.severity} ${keyOf(one)}`)
  return createHash('sha256').update(JSON.stringify(keys.sort())).digest('hex')
}

/** The words may change, and with them nothing. */
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

/** Whether the place of a finding, or the account that it belongs to, could not be read now. */
function isBlind({ repository }: Diagnosis, after: Diagnosis[]): boolean {
  const [account] = repository.split('/')
  return after.some(({ rule, repository: place }) =>
    rule === 'repository-unreadable' || rule === 'branch-unreadable'
      ? place === repository
      : (rule === 'installation-unreadable' || rule === 'installation-suspended') && place === account,
  )
}
