import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { digestOf, drift } from '../../src/doctor/drift.ts'

const a = (wish: Partial<Diagnosis> = {}): Diagnosis => ({
  severity: 'error',
  repository: 'acme/shop',
  rule: 'check-unpinned',
  about: 'main',
  what: 'It is not pinned.',
  mend: 'Pin it.',
  ...wish,
})

const unreadable = a({ rule: 'repository-unreadable', about: '' })

describe('drift is announced once', () => {
  it('the first time it is seen', () => {
    expect(drift([], [a()])).toMatchObject({ appeared: [a()], mended: [] })
  })

  it('and not the second time, whatever the words', () => {
    expect(drift([a()], [a({ what: 'Still not.', mend: 'Do.' })])).toMatchObject({ appeared: [], mended: [] })
  })

  it('its end too', () => {
    expect(drift([a()], [])).toMatchObject({ appeared: [], mended: [a()] })
  })

  it('again when a warning has become an error, and not when an error has become a warning', () => {
    const mild = a({ severity: 'warning' })
    expect(drift([mild], [a()]).appeared).toEqual([a()])
    expect(drift([a()], [mild])).toMatchObject({ appeared: [], mended: [] })
  })

  it('as mended when it is only information now', () => {
    expect(drift([a()], [a({ severity: 'information' })]).mended).toEqual([a()])
  })

  it.each(['information', 'unknown'] as const)('and what is only %s never', (severity) => {
    expect(drift([], [a({ severity })])).toMatchObject({ appeared: [], mended: [] })
    expect(drift([a({ severity })], [])).toMatchObject({ appeared: [], mended: [] })
  })

  it('apart for each repository, rule and branch', () => {
    const others = [a({ repository: 'acme/blog' }), a({ rule: 'check-not-required' }), a({ about: 'next' })]
    expect(drift([a()], [a(), ...others]).appeared).toEqual(others)
  })
})

describe('what cannot be read has mended nothing', () => {
  it('a repository: its drift is remembered, and neither mended nor announced again later', () => {
    const blind = drift([a()], [unreadable])
    expect(blind).toMatchObject({ appeared: [unreadable], mended: [] })
    expect(drift(blind.remember, [a()])).toMatchObject({ appeared: [], mended: [unreadable] })
  })

  it('a branch of it', () => {
    const branch = a({ rule: 'branch-unreadable', about: 'main' })
    expect(drift([a()], [branch]).mended).toEqual([])
  })

  it.each(['installation-unreadable', 'installation-suspended'])('a whole account (%s)', (rule) => {
    expect(drift([a()], [a({ rule, repository: 'acme', about: '' })]).mended).toEqual([])
  })

  it('but another repository that can be read has mended its own', () => {
    const other = a({ repository: 'acme/blog' })
    expect(drift([a(), other], [unreadable]).mended).toEqual([other])
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
