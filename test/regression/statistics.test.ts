import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRatios, isMultiple, ratio } from '../../src/regression/ratio.ts'
import type { RunVerdict } from '../../src/regression/report-schema.ts'
import {
  errorRate,
  evaluateErrors,
  evaluateLatency,
  percentile,
  wilson,
} from '../../src/regression/statistics.ts'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

describe('percentile by nearest rank', () => {
  it.each([
    ['the 95th of 20 is the 19th', upTo(20), 95, 19],
    ['the 95th of 21 is the 20th', upTo(21), 95, 20],
    ['the median of an even number is the lower one', [4, 1, 3, 2], 50, 2],
    ['the 99th of few is the greatest', [5, 9, 7], 99, 9],
    ['the 0th is the least', [5, 9, 7], 0, 5],
    ['the 100th is the greatest', [5, 9, 7], 100, 9],
    ['values are ordered as numbers', [100, 9, 20], 50, 20],
    ['tenths of a per cent are exact', upTo(1000), 99.9, 999],
    ['the 7th of 100 is the 7th', upTo(100), 7, 7],
  ])('%s', (_row, values, p, expected) => {
    expect(percentile(values, p)).toBe(expected)
  })

  it('of nothing is nothing', () => {
    expect(percentile([], 95)).toBeUndefined()
  })

  it('leaves the measured values in their order', () => {
    const values = [3, 1, 2]
    percentile(values, 50)
    expect(values).toEqual([3, 1, 2])
  })

  it('refuses what is not a percentile and no measurement', () => {
    expect(() => percentile([1], 101)).toThrow(RangeError)
    expect(() => percentile([1], Number.NaN)).toThrow(RangeError)
    expect(() => percentile([1, Number.NaN], 50)).toThrow(RangeError)
  })

  it('is a measured value that at least p per cent do not exceed, and the least such', () => {
    const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (measured, p) => {
        const found = percentile(measured, p) ?? Number.NaN
        const share = (limit: number): number => measured.filter((value) => value <= limit).length * 100
        expect(measured).toContain(found)
        expect(share(found)).toBeGreaterThanOrEqual(p * measured.length)
        expect(share(found - 1)).toBeLessThan(p * measured.length)
      }),
    )
  })
})

describe('the Wilson interval', () => {
  it.each([
    [0, 50, 0, 0.07135],
    [1, 50, 0.0035, 0.105],
    [5, 100, 0.0215, 0.1118],
    [10, 10, 0.7225, 1],
  ])('of %i failures in %i is %f to %f', (failures, n, low, high) => {
    expect(wilson(failures, n).low).toBeCloseTo(low, 4)
    expect(wilson(failures, n).high).toBeCloseTo(high, 4)
  })

  it('without a sample is everything', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
    expect(errorRate(0, 0)).toEqual({ failures: 0, n: 0, rate: undefined, low: 0, high: 1 })
  })

  it('holds the measured rate, and is wider for a greater z', () => {
    expect(errorRate(1, 50)).toMatchObject({ rate: 0.02 })
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (failures, passes) => {
        const n = failures + passes + 1
        const { low, high } = wilson(failures, n)
        expect(low).toBeLessThanOrEqual(failures / n)
        expect(high).toBeGreaterThanOrEqual(failures / n)
        expect(wilson(failures, n, 2.58).high).toBeGreaterThanOrEqual(high)
      }),
    )
  })

  it.each([
    [-1, 5],
    [6, 5],
    [1.5, 5],
  ])('refuses %d failures of %d', (failures, n) => {
    expect(() => wilson(failures, n)).toThrow(RangeError)
    expect(() => evaluateErrors({ failures, n, limit: 0.02 })).toThrow(RangeError)
  })
})

describe('the error rate is evaluated exactly', () => {
  it.each<[string, number, number, number | string, RunVerdict]>([
    ['1 of 49 is 2.04% and fails', 1, 49, 0.02, 'failed'],
    ['1 of 50 passes', 1, 50, 0.02, 'passed'],
    ['3 of 150 passes', 3, 150, 0.02, 'passed'],
    ['4 of 150 fails', 4, 150, 0.02, 'failed'],
    ['7 of 1000 is 0.7% and passes, which 0.7 / 100 in binary would not', 7, 1000, '0.7%', 'passed'],
    ['29 of 100 is 29%', 29, 100, '29 %', 'passed'],
    ['a limit of nothing lets nothing fail', 1, 1000, 0, 'failed'],
    ['a limit of nothing is kept by no failure', 0, 20, 0, 'passed'],
    ['zero samples is never success', 0, 0, 1, 'inconclusive'],
  ])('%s', (_row, failures, n, limit, verdict) => {
    expect(evaluateErrors({ failures, n, limit })).toBe(verdict)
  })

  it('below the floor is inconclusive, whatever the rate', () => {
    expect(evaluateErrors({ failures: 0, n: 59, limit: 0.02, floor: 60 })).toBe('inconclusive')
    expect(evaluateErrors({ failures: 30, n: 59, limit: 0.02, floor: 60 })).toBe('inconclusive')
    expect(evaluateErrors({ failures: 0, n: 60, limit: 0.02, floor: 60 })).toBe('passed')
  })
})

describe('fractions', () => {
  it.each([
    [0.1, 1n, 10n],
    ['2%', 2n, 100n],
    [1e-7, 1n, 10_000_000n],
    [1e21, 10n ** 21n, 1n],
    [-0.5, -5n, 10n],
    ['.5', 5n, 10n],
  ])('%s is %d / %d', (value, numerator, denominator) => {
    expect(compareRatios(ratio(value), { numerator, denominator })).toBe(0)
  })

  it('0.3 is a multiple of 0.1, and 0.1 is none of 0.3', () => {
    expect(isMultiple(ratio(0.3), ratio(0.1))).toBe(true)
    expect(isMultiple(ratio(0.1), ratio(0.3))).toBe(false)
    expect(isMultiple(ratio(0.1), ratio(0))).toBe(false)
  })

  it.each(['', '%', 'two', Number.NaN, Number.POSITIVE_INFINITY, '1/2'])('%s is not a fraction', (value) => {
    expect(() => ratio(value)).toThrow(RangeError)
  })
})

describe('latency is evaluated for each tool', () => {
  const floors = { perTool: 20, total: 40 }
  const calls = (n: number, ms: number, slow = 0): number[] =>
    Array.from({ length: n }, (_, index) => (index < slow ? 9000 : ms))
  const judge = (durationsMs: Record<string, number[]>) =>
    evaluateLatency({ durationsMs, limitMs: 3000, warnMs: 2000, floors })

  it.each<[string, Record<string, number[]>, RunVerdict]>([
    ['all within the limit', { a: calls(20, 100), b: calls(20, 200) }, 'passed'],
    ['p95 at the limit itself', { a: calls(20, 3000), b: calls(20, 200) }, 'passed'],
    ['one call of twenty is slow', { a: calls(20, 100, 1), b: calls(20, 200) }, 'passed'],
    ['two calls of twenty are slow', { a: calls(20, 100, 2), b: calls(20, 200) }, 'failed'],
    ['one tool is slow, another has too few samples', { a: calls(40, 4000), b: calls(1, 200) }, 'failed'],
    ['one tool below its floor', { a: calls(40, 100), b: calls(19, 100) }, 'inconclusive'],
    ['a slow tool below its floor', { a: calls(40, 100), b: calls(19, 9000) }, 'inconclusive'],
    ['below the total floor', { a: calls(39, 100) }, 'inconclusive'],
    ['a tool without a sample', { a: calls(40, 100), b: [] }, 'inconclusive'],
    ['no tool at all', {}, 'inconclusive'],
  ])('%s: %s', (_row, durations, verdict) => {
    expect(judge(durations).verdict).toBe(verdict)
  })

  it('zero samples is never success, even without floors', () => {
    const none = { limitMs: 3000, floors: { perTool: 0, total: 0 } }
    expect(evaluateLatency({ ...none, durationsMs: {} }).verdict).toBe('inconclusive')
    expect(evaluateLatency({ ...none, durationsMs: { a: [] } }).verdict).toBe('inconclusive')
  })

  it('warns between the warning and the limit, and not beyond it', () => {
    const { tools } = judge({ fine: calls(20, 2000), slow: calls(20, 2500), failed: calls(20, 3500) })
    expect(tools.map(({ tool, warned }) => [tool, warned])).toEqual([
      ['fine', false],
      ['slow', true],
      ['failed', false],
    ])
  })

  it('shows p50, p95, p99 and n of each tool, by map or by record', () => {
    const durationsMs = new Map([['__proto__', upTo(100)]])
    const { tools, n } = evaluateLatency({ durationsMs, limitMs: 3000, floors })
    expect(n).toBe(100)
    expect(tools).toEqual([
      { tool: '__proto__', n: 100, p50: 50, p95: 95, p99: 99, verdict: 'passed', warned: false },
    ])
  })
})
