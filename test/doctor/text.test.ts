import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { diagnosisJson, diagnosisTable } from '../../src/doctor/text.ts'

const one = (severity: Diagnosis['severity'], wish: Partial<Diagnosis> = {}): Diagnosis => ({
  severity,
  repository: 'acme/shop',
  rule: 'check-unpinned',
  about: 'main',
  what: 'It is not pinned.',
  fix: 'Pin it.',
  ...wish,
})

describe('the table', () => {
  it('shows where, what and how to fix it, and counts at the end', () => {
    const text = diagnosisTable([one('error'), one('warning'), one('unknown'), one('information')])
    for (const words of [
      'acme/shop',
      'It is not pinned.',
      'Pin it.',
      'ERROR',
      'warning',
      'not known',
      'note',
    ])
      expect(text).toContain(words)
    expect(text).toContain('Drift: 1 error, 1 warning. 1 setting could not be read from here.')
  })

  it('says that there is no drift, and still what could not be read', () => {
    expect(diagnosisTable([])).toBe('No drift.\n')
    expect(diagnosisTable([one('unknown')])).toContain('No drift. 1 setting could not be read from here.')
  })

  it('never cuts the name of a repository, and keeps within the terminal', () => {
    const repository = 'a-long-organisation/a-rather-long-repository'
    const text = diagnosisTable([one('error', { repository, what: 'word '.repeat(60) })], 120)
    expect(text).toContain(repository)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })
})

describe('the JSON', () => {
  it('is not ok with drift, is ok without, and carries the findings and the digest', () => {
    const bad = JSON.parse(diagnosisJson([one('warning')]))
    expect(bad).toMatchObject({ ok: false, diagnoses: [one('warning')] })
    const well = JSON.parse(diagnosisJson([one('unknown'), one('information')]))
    expect(well.ok).toBe(true)
    expect(well.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(well.digest).not.toBe(bad.digest)
  })
})
