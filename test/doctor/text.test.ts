import { describe, expect, it } from 'vitest'
import type { Diagnosis } from '../../src/doctor/diagnosis.ts'
import { diagnosisJson, diagnosisText } from '../../src/doctor/text.ts'

const one = (severity: Diagnosis['severity'], overrides: Partial<Diagnosis> = {}): Diagnosis => ({
  severity,
  repository: 'acme/shop',
  rule: 'check-unpinned',
  about: 'main',
  what: 'It is not pinned.',
  fix: 'Pin it.',
  ...overrides,
})

describe('the list', () => {
  it('shows where, what and how to fix it, and counts at the end', () => {
    const text = diagnosisText([one('error'), one('warning'), one('unknown'), one('information')])
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
    expect(diagnosisText([])).toBe('No drift.\n')
    expect(diagnosisText([one('unknown')])).toContain('No drift. 1 setting could not be read from here.')
  })

  it('shows names that others wrote on lines of its own, without what moves the cursor', () => {
    const hostile = 'The branch x\u001b[2K\r\nNo drift.\u202e is not covered.'
    const text = diagnosisText([one('error', { repository: 'a\u009b2J', what: hostile, fix: hostile })])
    expect(text.split('\n').slice(0, 3)).toEqual([
      'ERROR: a 2J',
      '  The branch x [2K No drift. is not covered.',
      '  Fix: The branch x [2K No drift. is not covered.',
    ])
  })

  it('never cuts the name of a repository, and fits 80 columns unless the terminal is wider', () => {
    const repository = 'a-long-organisation/a-rather-long-repository'
    const findings = [
      one('error', { repository, what: 'word '.repeat(60).trim(), fix: 'Do it. '.repeat(30).trim() }),
    ]
    const longest = (columns?: number) =>
      Math.max(
        ...diagnosisText(findings, columns)
          .split('\n')
          .map((line) => line.length),
      )
    expect(diagnosisText(findings)).toContain(repository)
    expect(longest()).toBeLessThanOrEqual(80)
    expect(longest(120)).toBeGreaterThan(80)
    expect(longest(120)).toBeLessThanOrEqual(120)
    expect(diagnosisText(findings).match(/word/g)).toHaveLength(60)
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
