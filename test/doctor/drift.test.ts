import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { compareRuns, driftDigest } from '../../src/doctor/drift.ts'

const a = (overrides: Partial<Diagnosis> = {}): Diagnosis => ({
  severity: 'error',
  repository: 'acme/shop',
  rule: 'check-unpinned',
  about: 'main',
  what: 'It is not pinned.',
  fix: 'Pin it.',
  ...overrides,
})

const unreadable = a({ rule: 'repository-unreadable', about: '' })

describe('drift is announced once', () => {
  it('the first time it is seen', () => {
    expect(compareRuns([], [a()])).toMatchObject({ appeared: [a()], fixed: [] })
  })

  it('and not the second time, whatever the words', () => {
    expect(compareRuns([a()], [a({ what: 'Still not.', fix: 'Do.' })])).toMatchObject({
      appeared: [],
      fixed: [],
    })
  })

  it('its end too', () => {
    expect(compareRuns([a()], [])).toMatchObject({ appeared: [], fixed: [a()] })
  })

  it('again when a warning has become an error, and not when an error has become a warning', () => {
    const mild = a({ severity: 'warning' })
    expect(compareRuns([mild], [a()]).appeared).toEqual([a()])
    expect(compareRuns([a()], [mild])).toMatchObject({ appeared: [], fixed: [] })
  })

  it('as fixed when it is only information now', () => {
    expect(compareRuns([a()], [a({ severity: 'information' })]).fixed).toEqual([a()])
  })

  it.each(['information', 'unknown'] as const)('and what is only %s never', (severity) => {
    expect(compareRuns([], [a({ severity })])).toMatchObject({ appeared: [], fixed: [] })
    expect(compareRuns([a({ severity })], [])).toMatchObject({ appeared: [], fixed: [] })
  })

  it('apart for each repository, rule and branch', () => {
    const others = [a({ repository: 'acme/blog' }), a({ rule: 'check-not-required' }), a({ about: 'next' })]
    expect(compareRuns([a()], [a(), ...others]).appeared).toEqual(others)
  })
})

describe('what cannot be read has fixed nothing', () => {
  it('a repository: its drift is remembered, and neither fixed nor announced again later', () => {
    const blind = compareRuns([a()], [unreadable])
    expect(blind).toMatchObject({ appeared: [unreadable], fixed: [] })
    expect(compareRuns(blind.remember, [a()])).toMatchObject({ appeared: [], fixed: [unreadable] })
  })

  it('a branch of it', () => {
    const branch = a({ rule: 'branch-unreadable', about: 'main' })
    expect(compareRuns([a()], [branch]).fixed).toEqual([])
  })

  it.each(['installation-unreadable', 'installation-suspended'])('a whole account (%s)', (rule) => {
    expect(compareRuns([a()], [a({ rule, repository: 'acme', about: '' })]).fixed).toEqual([])
  })

  it('but another repository that can be read has fixed its own', () => {
    const other = a({ repository: 'acme/blog' })
    expect(compareRuns([a(), other], [unreadable]).fixed).toEqual([other])
  })
})

describe('the digest', () => {
  it('is equal for the same drift in another order and other words', () => {
    const other = a({ about: 'next' })
    expect(driftDigest([a(), other])).toBe(driftDigest([other, a({ what: 'In other words.' })]))
  })

  it('does not look at information', () => {
    expect(driftDigest([a(), a({ severity: 'information', about: 'x' })])).toBe(driftDigest([a()]))
  })

  it.each([
    ['a drift more', [a(), a({ about: 'next' })]],
    ['another severity', [a({ severity: 'warning' as const })]],
    ['none', []],
  ])('differs with %s', (_, diagnoses) => {
    expect(driftDigest(diagnoses)).not.toBe(driftDigest([a()]))
  })
})
