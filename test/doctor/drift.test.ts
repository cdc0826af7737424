import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { digestOf, drift } from '../../src/doctor/drift.ts'

const a = (wish: Partial<Diagnosis> = {}): Diagnosis => ({
  severity: 'error',
  repository: 'acme/shop',
  rule: 'check-unpinned',
  about: 'main',
  what: 'It is not pinned.',
  fix: 'Pin it.',
  ...wish,
})

const unreadable = a({ rule: 'repository-unreadable', about: '' })

describe('drift is announced once', () => {
  it('the first time it is seen', () => {
    expect(drift([], [a()])).toMatchObject({ appeared: [a()], fixed: [] })
  })

  it('and not the second time, whatever the words', () => {
    expect(drift([a()], [a({ what: 'Still not.', fix: 'Do.' })])).toMatchObject({ appeared: [], fixed: [] })
  })

  it('its end too', () => {
    expect(drift([a()], [])).toMatchObject({ appeared: [], fixed: [a()] })
  })

  it('again when a warning has become an error, and not when an error has become a warning', () => {
    const mild = a({ severity: 'warning' })
    expect(drift([mild], [a()]).appeared).toEqual([a()])
    expect(drift([a()], [mild])).toMatchObject({ appeared: [], fixed: [] })
  })

  it('as fixed when it is only information now', () => {
    expect(drift([a()], [a({ severity: 'information' })]).fixed).toEqual([a()])
  })

  it.each(['information', 'unknown'] as const)('and what is only %s never', (severity) => {
    expect(drift([], [a({ severity })])).toMatchObject({ appeared: [], fixed: [] })
    expect(drift([a({ severity })], [])).toMatchObject({ appeared: [], fixed: [] })
  })

  it('apart for each repository, rule and branch', () => {
    const others = [a({ repository: 'acme/blog' }), a({ rule: 'check-not-required' }), a({ about: 'next' })]
    expect(drift([a()], [a(), ...others]).appeared).toEqual(others)
  })
})

describe('what cannot be read has fixed nothing', () => {
  it('a repository: its drift is remembered, and neither fixed nor announced again later', () => {
    const blind = drift([a()], [unreadable])
    expect(blind).toMatchObject({ appeared: [unreadable], fixed: [] })
    expect(drift(blind.remember, [a()])).toMatchObject({ appeared: [], fixed: [unreadable] })
  })

  it('a branch of it', () => {
    const branch = a({ rule: 'branch-unreadable', about: 'main' })
    expect(drift([a()], [branch]).fixed).toEqual([])
  })

  it.each(['installation-unreadable', 'installation-suspended'])('a whole account (%s)', (rule) => {
    expect(drift([a()], [a({ rule, repository: 'acme', about: '' })]).fixed).toEqual([])
  })

  it('but another repository that can be read has fixed its own', () => {
    const other = a({ repository: 'acme/blog' })
    expect(drift([a(), other], [unreadable]).fixed).toEqual([other])
  })
})

describe('the digest', () => {
  it('is equal for the same drift in another order and other words', () => {
    const other = a({ about: 'next' })
    expect(digestOf([a(), other])).toBe(digestOf([other, a({ what: 'In other words.' })]))
  })

  it('does not look at information', () => {
    expect(digestOf([a(), a({ severity: 'information', about: 'x' })])).toBe(digestOf([a()]))
  })

  it.each([
    ['a drift more', [a(), a({ about: 'next' })]],
    ['another severity', [a({ severity: 'warning' as const })]],
    ['none', []],
  ])('differs with %s', (_, diagnoses) => {
    expect(digestOf(diagnoses)).not.toBe(digestOf([a()]))
  })
})
