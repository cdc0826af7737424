import { describe, expect, it } from 'vitest'
import type { Finding, Gate } from '../../src/decision/gate.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { aliveIn } from './rendered.ts'

type Texts = string | string[]

/** One case of a gate. `says` are parts of the title, reason, who, when or details; `saysNot` must not occur there. */
export type GateCase = {
  name: string
  snapshot: Snapshot
  settings?: unknown
  title?: string
  says?: Texts
  saysNot?: Texts
  next?: Finding['next']
}

export type InvalidCase = GateCase & { state: 'waiting' | 'failed' }

/** Two lists are the whole test of a gate: what it lets through, and what it holds back and how it says so. */
export function testGate(
  title: string,
  gate: Gate,
  cases: { valid: GateCase[]; invalid: InvalidCase[] },
): void {
  const lists = [
    ['passes', cases.valid.map((each) => ({ ...each, state: 'passed' as const }))],
    ['does not pass', cases.invalid],
  ] as const
  describe(title, () => {
    for (const [what, list] of lists) {
      if (list.length > 0)
        describe(what, () => list.forEach((each) => void it(each.name, () => expectFinding(gate, each))))
    }
  })
}

function expectFinding(gate: Gate, each: GateCase & { state: Finding['state'] }): void {
  const finding = gate.evaluate(each.snapshot, gate.settings.parse(each.settings ?? {}))
  const text = textOf(finding)
  expect({ state: finding.state, text }).toMatchObject({ state: each.state })
  if (each.title !== undefined) expect(finding.title).toBe(each.title)
  for (const part of [each.says ?? []].flat()) expect(text).toContain(part)
  for (const part of [each.saysNot ?? []].flat()) expect(text).not.toContain(part)
  if (each.next !== undefined) expect(finding.next ?? []).toEqual(each.next)
  expectReadable(finding)
}

function textOf({ title, reason, who, when, details }: Finding): string {
  return [title, reason, who, when, ...(details ?? [])].filter((part) => part !== undefined).join('\n')
}

/** The title is one short line, the reason is made of sentences on one line, and nothing that people wrote is alive. */
function expectReadable(finding: Finding): void {
  const { title, reason, who = '', when = '', details = [] } = finding
  expect(title).toMatch(/^[A-Z0-9][^\n]{2,119}$/)
  expect(reason).toMatch(/^[A-Z`][^\n]*[.]$/)
  expect(reason).not.toMatch(/ {2}|\.\.|undefined|null|NaN|\[object/)
  expect(aliveIn(`| a | b | c |\n|---|---|---|\n| ${reason} | ${who} | ${when} |`)).toEqual([])
  for (const line of details) expect(aliveIn(`- ${line}`)).toEqual([])
  if (finding.state !== 'passed') expect(who, 'who can do it').not.toBe('')
}
