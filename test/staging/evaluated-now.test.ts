import { describe, expect, test } from 'vitest'
import { type RegressionSettings, regressionSettings } from '../../src/decision/regression-settings.ts'
import type { Baseline } from '../../src/regression/contract-check.ts'
import { settingsOfRun } from '../../src/regression/evaluate-again.ts'
import { tighten } from '../../src/regression/limits.ts'
import { limitsOfPolicy } from '../../src/regression/policy-limits.ts'
import { readSuite } from '../../src/regression/suite-file.ts'
import { evaluatedNow } from '../../src/staging/evaluated-now.ts'
import type { StoredEvidence } from '../../src/store/evidence.ts'
import { aTool, textResult } from '../support/mcp-server.ts'
import { runAgainst } from '../support/regression-run.ts'

/** A run against a real server, kept, and evaluated again by other standards. */

const at = new Date('2026-11-25T18:00:00Z')
const few = { per_tool: 4, total: 4 }
const settingsOf = (more: object = {}): RegressionSettings =>
  regressionSettings.parse({ limits: few, ...more })
let count = 0

const suiteWith = (more = '') => `version: 1\n${more}cases:\n  - { name: it reads, tool: read }\n`

async function aRun(
  settings = settingsOf(),
  { text = suiteWith(), wait = 0, tools = [aTool('read'), aTool('idle')] } = {},
): Promise<{ run: StoredEvidence; recorded: Baseline }> {
  const suite = readSuite(text, 'suite.yml')
  if (!suite.ok) throw new Error('the suite of the test is invalid')
  const call = async () => {
    await new Promise((resolve) => setTimeout(resolve, wait))
    return textResult('ok')
  }
  const runId = `run-${++count}`
  const { limits } = tighten(limitsOfPolicy(settings), suite.value.gates)
  const { report, recorded } = await runAgainst({ tools, call }, suite.value, { limits, runId })
  if (!recorded) throw new Error('the list of tools was not read')
  const run = {
    ...{ runId, headSha: 'a'.repeat(40), tree: null, server: 'staging', environment: 'staging' },
    ...{ suite: 'suite.yml', suiteText: text, deploymentId: 1, serverName: 's', serverVersion: '1' },
    ...{ verdict: report.verdict, summary: report.summary, startedAt: report.startedAt, hash: 'x' },
    ...{ report: JSON.stringify(report), recorded: JSON.stringify(recorded), baselineId: null },
    ...{ requestedBy: null, settings: settingsOfRun(settings) },
  }
  return { run, recorded }
}
const none = { baseline: undefined, at }

describe('a run that passed', () => {
  test('is left as it is under equal settings', async () => {
    const { run } = await aRun()
    expect(run.verdict).toBe('passed')
    expect(await evaluatedNow(run, { settings: settingsOf(), ...none })).toEqual({})
    const otherwise = settingsOf({ freshness: '1d', deployers: ['ana'], identity: 'server' })
    expect(await evaluatedNow(run, { settings: otherwise, ...none })).toEqual({})
  })

  test.each<[string, object, object]>([
    ['passes by looser limits', { limits: { ...few, errors: '50%', p95: '9s' } }, { verdict: 'passed' }],
    ['passes by tighter limits that it meets', { limits: { ...few, errors: '0%' } }, { verdict: 'passed' }],
    [
      'fails by a latency that it exceeds',
      { limits: { ...few, p95: '0.001ms' } },
      { verdict: 'failed', summary: expect.stringContaining('p95 above') },
    ],
    [
      'fails where every tool needs a case',
      { coverage: 'required' },
      { verdict: 'failed', summary: expect.stringContaining('no case for idle') },
    ],
    [
      'lacks the calls that limits of more samples need',
      { limits: { per_tool: 40, total: 80 } },
      { verdict: 'inconclusive', lacking: expect.stringContaining('too few samples') },
    ],
  ])('%s', async (_, more, expected) => {
    const { run } = await aRun()
    const found = await evaluatedNow(run, { settings: settingsOf(more), ...none })
    expect(found).toMatchObject(expected)
    expect('lacking' in expected || found.lacking === undefined).toBe(true)
  })

  test('of an earlier version, which kept no settings, is evaluated by those of the policy', async () => {
    const { run } = await aRun()
    const strict = settingsOf({ limits: { ...few, p95: '0.001ms' } })
    const old = { ...run, settings: null }
    expect(await evaluatedNow(old, { settings: settingsOf(), ...none })).toMatchObject({ verdict: 'passed' })
    expect(await evaluatedNow(old, { settings: strict, ...none })).toMatchObject({ verdict: 'failed' })
  })

  test.each<[string, Partial<StoredEvidence>]>([
    ['suite', { suiteText: null }],
    ['suite', { suiteText: 'version: 99\n' }],
    ['list of tools', { recorded: null }],
    ['report', { report: '{}' }],
  ])('without a %s that can be read does not count under other settings', async (_, what) => {
    const { run } = await aRun()
    const other = settingsOf({ limits: { ...few, errors: '0%' } })
    expect((await evaluatedNow({ ...run, ...what }, { settings: other, ...none })).lacking).toBeDefined()
    expect(
      (await evaluatedNow({ ...run, ...what }, { settings: settingsOf(), ...none })).lacking,
    ).toBeUndefined()
  })

  test.each<[string, Partial<StoredEvidence>]>([
    ['another release has another list', { baselineId: null }],
    ['its waivers may have expired', { baselineId: 1 }],
  ])('with a suite that can no longer be read does not count where %s', async (_, what) => {
    const { run, recorded } = await aRun()
    const baseline = { id: 1, headSha: 'b'.repeat(40), recorded: JSON.stringify(recorded) }
    const standards = { settings: settingsOf(), baseline, at }
    expect((await evaluatedNow({ ...run, ...what }, standards)).lacking).toBeUndefined()
    const unread = { ...run, ...what, runId: `unread-${run.runId}`, suiteText: 'version: 99\n' }
    expect(await evaluatedNow(unread, standards)).toMatchObject({ lacking: 'its suite cannot be read' })
  })

  test.each<[string, Partial<StoredEvidence>, object]>([
    ['whose report cannot be read', { report: '{}' }, { coverage: 'required' }],
    ['whose report has too few calls for these limits', {}, { limits: { per_tool: 40, total: 80 } }],
  ])('that failed stays failed %s, so that no older one counts in its place', async (_, what, more) => {
    const { run } = await aRun()
    const failed: StoredEvidence = { ...run, verdict: 'failed', summary: 'errors: 3 of 4', ...what }
    const found = await evaluatedNow(failed, { settings: settingsOf(more), ...none })
    expect(found.lacking).toBeUndefined()
    expect(found.verdict ?? failed.verdict).toBe('failed')
  })

  test('is held to the limits of its suite, which a looser policy does not lift', async () => {
    const text = suiteWith('gates: { latency: { p95: 100ms } }\n')
    const { run } = await aRun(settingsOf(), { text, wait: 130 })
    expect(run.verdict).toBe('failed')
    const loose = settingsOf({ limits: { ...few, p95: '9s' } })
    expect(await evaluatedNow(run, { settings: loose, ...none })).toMatchObject({ verdict: 'failed' })
  })
})

describe('a run that did not pass', () => {
  test('passes by limits that it meets', async () => {
    const { run } = await aRun(settingsOf({ limits: { ...few, p95: '0.001ms' } }))
    expect(run.verdict).toBe('failed')
    expect(await evaluatedNow(run, { settings: settingsOf(), ...none })).toMatchObject({ verdict: 'passed' })
  })

  test('for another reason than its limits says the same under any', async () => {
    const { run } = await aRun(settingsOf(), {
      text: suiteWith().replace('read }', 'read, expect: { text: other } }'),
    })
    expect(run.verdict).toBe('failed')
    const loose = settingsOf({ limits: { ...few, errors: '50%' } })
    const found = await evaluatedNow(run, { settings: loose, ...none })
    expect(found).toMatchObject({ verdict: 'failed', summary: run.summary })
    expect(found.lacking).toBeUndefined()
  })
})

describe('a waiver of the suite', () => {
  const waiver = 'rule: tool-removed, tool: gone, reason: moved, expires: "2026-11-26"'
  const waived = async () => {
    const { recorded } = await aRun(settingsOf(), { tools: [aTool('read'), aTool('gone')] })
    const baseline = { id: 1, headSha: 'b'.repeat(40), recorded: JSON.stringify(recorded) }
    const { run } = await aRun(settingsOf(), {
      text: suiteWith(`contract: { waivers: [{ ${waiver} }] }\n`),
      tools: [aTool('read')],
    })
    return { run, baseline }
  }
  const settings = settingsOf()

  test('counts until the end of its last day, and not from then on', async () => {
    const { run, baseline } = await waived()
    const then = (time: string) => evaluatedNow(run, { settings, baseline, at: new Date(time) })
    expect(await then('2026-11-26T23:59:59.999Z')).toMatchObject({
      verdict: 'passed',
      waivedUntil: '2026-11-27T00:00:00.000Z',
    })
    const known = { ...run, baselineId: 1 }
    expect(await evaluatedNow(known, { settings, baseline, at })).toEqual({
      waivedUntil: '2026-11-27T00:00:00.000Z',
    })
    expect(
      await evaluatedNow(known, { settings, baseline, at: new Date('2026-11-27T00:00:00Z') }),
    ).toMatchObject({
      verdict: 'failed',
      summary: expect.stringContaining('expired on 2026-11-26'),
    })
  })

  test('does not cover two tools with the same name, which clients cannot tell apart', async () => {
    const { recorded } = await aRun()
    const baseline = { id: 1, headSha: 'b'.repeat(40), recorded: JSON.stringify(recorded) }
    const twice = 'rule: tool-name-duplicated, tool: read, reason: soon, expires: "2026-11-26"'
    const { run } = await aRun(settingsOf(), {
      text: suiteWith(`contract: { waivers: [{ ${twice} }] }\n`),
      tools: [aTool('read'), aTool('read'), aTool('idle')],
    })
    expect(run.verdict).toBe('failed')
    expect(await evaluatedNow(run, { settings, baseline, at })).toMatchObject({
      verdict: 'failed',
      summary: expect.stringContaining('these tools twice: read'),
    })
  })

  test('says nothing where there is no release to compare with', async () => {
    const { run } = await waived()
    expect(
      await evaluatedNow(run, { settings, baseline: undefined, at: new Date('2026-12-01T00:00:00Z') }),
    ).toEqual({})
  })
})

describe('where the policy demands a drill of the runbooks', () => {
  const drill = 'docs/runbooks'
  const demanded = { settings: { ...settingsOf(), drill }, ...none }
  const drilledIn = (run: StoredEvidence, folder: string) => ({
    ...run,
    settings: settingsOfRun(settingsOf(), folder),
  })
  const lacking = { lacking: 'its runbooks were not drilled' }

  test('a run that passed without it is lacking, and one that drilled them is not', async () => {
    const { run } = await aRun()
    expect(await evaluatedNow(run, demanded)).toEqual(lacking)
    expect(await evaluatedNow({ ...run, settings: null }, demanded)).toMatchObject(lacking)
    expect(await evaluatedNow(drilledIn(run, 'other'), demanded)).toEqual(lacking)
    expect(await evaluatedNow(drilledIn(run, drill), demanded)).toEqual({})
  })

  test('a run with other limits too is evaluated by these and lacking', async () => {
    const { run } = await aRun()
    const looser = { settings: { ...settingsOf({ limits: { ...few, errors: '50%' } }), drill }, ...none }
    expect(await evaluatedNow(run, looser)).toMatchObject({ verdict: 'passed', ...lacking })
    expect(await evaluatedNow(drilledIn(run, drill), looser)).toEqual({
      verdict: 'passed',
      summary: expect.any(String),
    })
  })

  test('a run that failed or gave no result says what it said', async () => {
    const { run } = await aRun()
    for (const verdict of ['failed', 'inconclusive'] as const)
      expect(await evaluatedNow({ ...run, verdict }, demanded)).toEqual({})
  })

  test('a run that drilled them counts where no drill is demanded', async () => {
    const { run } = await aRun()
    expect(await evaluatedNow(drilledIn(run, drill), { settings: settingsOf(), ...none })).toEqual({})
  })
})
