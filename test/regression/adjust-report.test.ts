import { describe, expect, it } from 'vitest'
import { reportOfSkippedRun, shownReport, withGate } from '../../src/regression/adjust-report.ts'
import { ratio } from '../../src/regression/ratio.ts'
import { type GateResult, runReportSchema } from '../../src/regression/report-schema.ts'
import { aliveIn } from '../support/rendered.ts'

const at = new Date('2026-11-25T18:00:00Z')
const gate = (name: GateResult['gate'], verdict: GateResult['verdict'], message = 'm'): GateResult => ({
  gate: name,
  verdict,
  message,
})
const aReport = (...gates: GateResult[]) =>
  gates.reduce(withGate, reportOfSkippedRun('run-1', at, ratio('2%'), gate('connection', 'passed')))

describe('a gate that is evaluated again', () => {
  it.each([
    [
      'turns a passed run into a failed one',
      [gate('contract', 'passed')],
      gate('contract', 'failed'),
      'failed',
    ],
    [
      'turns a failed run into a passed one',
      [gate('contract', 'failed')],
      gate('contract', 'passed'),
      'passed',
    ],
    ['leaves what else failed', [gate('answers', 'failed')], gate('contract', 'passed'), 'failed'],
    [
      'never makes half a run a regression',
      [gate('answers', 'failed')],
      gate('connection', 'inconclusive'),
      'inconclusive',
    ],
  ] as const)('%s', (_, before, anew, verdict) => {
    const report = withGate(aReport(...before), anew)
    expect(report.verdict).toBe(verdict)
    expect(report.gates.filter(({ gate: name }) => name === anew.gate)).toEqual([anew])
    expect(runReportSchema.parse(report)).toEqual(report)
  })
})

describe('the check of a report', () => {
  it.each([
    ['passed', gate('contract', 'passed'), 'success', 'Staging regression passed: all gates passed'],
    ['failed', gate('data', 'failed', 'too old'), 'failure', 'Staging regression failed: data: too old'],
    [
      'stopped by its own suite',
      gate('suite', 'failed', 'there is none'),
      'failure',
      'The suite cannot be run: there is none. Nothing was tested.',
    ],
    [
      'inconclusive',
      gate('connection', 'inconclusive', 'refused'),
      'failure',
      'Staging regression inconclusive: connection: refused',
    ],
  ] as const)('of a run that is %s', (_, result, conclusion, title) => {
    const shown = shownReport(aReport(result), ['suite.yml'], 3_000)
    expect(shown).toMatchObject({ status: 'completed', conclusion })
    expect(shown.title).toContain(title)
    expect(shown.summary).toContain('release-gate regress --suite suite.yml --server')
  })

  it('keeps what the pull request takes from its suite, however many tools the head lists', () => {
    const report = {
      ...aReport(gate('answers', 'passed', 'fine')),
      notCovered: Array.from({ length: 900 }, (_, index) => `tool_${index}_${'x'.repeat(60)}`),
      ...{ removedCases: ['gone'], addedWaivers: ['a waiver'], changedParts: ['mirror of t'] },
    }
    const { summary } = shownReport(report, ['suite.yml'], 3_000)
    expect(summary).toContain('truncated')
    for (const part of ['- gone', '- a waiver', '- mirror of t']) expect(summary).toContain(part)
  })

  it('is cut at a line where GitHub would refuse it, and what servers said stays dead text', () => {
    const evil = '](https://evil.example) @acme/all <b>'
    const report = aReport(gate('answers', 'failed', evil))
    const notes = Array.from({ length: 3_000 }, (_, index) => `note ${index} ${evil}`)
    const { summary, title } = shownReport({ ...report, notes }, ['suite.yml'], 3_000)
    expect(summary.length).toBeLessThanOrEqual(65_535)
    expect(summary).toContain('truncated')
    expect(title.length).toBeLessThanOrEqual(140)
    expect(aliveIn(summary).filter((each) => /evil|acme|<b>/.test(each))).toEqual([])
  })
})
