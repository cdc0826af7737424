import { expect, test } from 'vitest'
import { type AlertedMonitor, monitorNotes } from '../../../src/decision/incidents/monitor-notes.ts'

const at = (minute: number) => new Date(Date.parse('2026-10-19T16:00:00Z') + minute * 60_000)
const alerted = (states: [number, string][], more: Partial<AlertedMonitor> = {}): AlertedMonitor => ({
  id: 42,
  startedAt: at(0),
  states: states.map(([minute, state]) => ({ at: at(minute), state })),
  state: states.at(-1)?.[1] ?? 'OK',
  readAt: at(30),
  toldAt: [],
  ...more,
})
const notes = (monitor: AlertedMonitor, names: Record<string, string> = { 42: 'Error rate' }) =>
  monitorNotes([monitor], (id) => names[String(id)], 'America/Los_Angeles').map(({ text }) => text)
const again = (time: string) => expect.stringContaining(`\`Error rate\` has been OK again since ${time}`)

test('one that is OK again is told once, by its name and the time, whatever lies between', () => {
  expect(
    notes(
      alerted([
        [1, 'Alert'],
        [5, 'No Data'],
        [9, 'OK'],
      ]),
    ),
  ).toEqual([again('Mon, Oct 19, 9:09 AM PDT')])
})

test('the same history gives the same keys, so that none is written twice', () => {
  const first = monitorNotes([alerted([[1, 'Alert'], [9, 'OK']])], () => 'x', 'UTC') // biome-ignore format: one history
  const later = monitorNotes(
    [alerted([[1, 'Alert'], [9, 'OK'], [12, 'Alert']], { readAt: at(40) })], // biome-ignore format: one history
    () => 'renamed',
    'UTC',
  )
  expect(later.map(({ key }) => key).slice(0, 1)).toEqual(first.map(({ key }) => key))
  expect(new Set(later.map(({ key }) => key)).size).toBe(2)
})

test('one that alerts again is told too, unless its alert has said so', () => {
  const states: [number, string][] = [
    [1, 'Alert'],
    [9, 'OK'],
    [12, 'Alert'],
    [15, 'OK'],
  ]
  expect(notes(alerted(states))).toEqual([
    again('Mon, Oct 19, 9:09 AM PDT'),
    expect.stringContaining('`Error rate` has been alerting again since Mon, Oct 19, 9:12 AM PDT'),
    again('Mon, Oct 19, 9:15 AM PDT'),
  ])
  expect(notes(alerted(states, { toldAt: [at(11)] }))).toHaveLength(2)
  expect(notes(alerted(states, { toldAt: [at(8)] }))).toHaveLength(3)
})

test('one whose alert was over before anyone read it is told a minute after it', () => {
  expect(notes(alerted([], { readAt: at(1) }))).toEqual([again('Mon, Oct 19, 9:01 AM PDT')])
  expect(notes(alerted([], { readAt: at(0.9) }))).toEqual([])
})

test('one whose alert was over before, and that alerts then, is told of its next recovery', () => {
  const [over] = monitorNotes([alerted([], { readAt: at(1) })], () => 'x', 'UTC')
  const all = monitorNotes([alerted([[12, 'Alert'], [15, 'OK']])], () => 'x', 'UTC') // biome-ignore format: one history
  expect(all).toMatchObject([{ text: expect.stringContaining('4:15 PM') }])
  expect(all.map(({ key }) => key)).not.toContain(over?.key)
})

test.each([
  ['alerts', [[1, 'Alert']]],
  ['has no data', [[1, 'Alert'], [3, 'No Data']]], // biome-ignore format: one history a line
  ['cannot be read', [[1, 'Alert'], [3, 'Unreachable'], [4, 'Alert']]], // biome-ignore format: one history a line
  ['is muted', [[3, 'Muted']]],
] as [string, [number, string][]][])('one that %s is not told', (_, states) => {
  expect(notes(alerted(states))).toEqual([])
})

test('one that no policy names is told by its number', () => {
  expect(notes(alerted([[1, 'Alert'], [9, 'OK']]), {})).toEqual([expect.stringContaining('monitor 42 has been OK again')]) // biome-ignore format: one history
})
