import { formatTime } from '../calendar.ts'
import { code } from '../markdown.ts'
import type { Note } from './severity.ts'

/** A monitor whose alert opened an incident, and what was read of it since. */
export type AlertedMonitor = {
  id: number
  startedAt: Date
  /** Each change that was read since then, in the order of time. */
  states: { at: Date; state: string }[]
  /** What it says now, and when that was read. */
  state: string
  readAt: Date
  /** When its alert fired again: a comment has said so. */
  toldAt: Date[]
}

/** Within this time after an alert a monitor may not say yet that it alerts. */
const settles = 60_000

/**
 * What the comments in the incident of an alert say of its monitor: each recovery, which no webhook reports after a time without data, and each
 * alert that follows one. Equal histories give equal keys.
 */
export function monitorNotes(
  monitors: AlertedMonitor[],
  nameOf: (id: number) => string | undefined,
  zone: string,
): Note[] {
  return monitors.flatMap((monitor) => {
    const name = nameOf(monitor.id)
    const called = name === undefined ? `monitor ${monitor.id}` : `monitor ${code(name)}`
    return turnsOf(monitor).flatMap(({ at, alerts, isTold }) => {
      const key = `monitor/${monitor.id}/${monitor.states.length === 0 ? 'over' : at.toISOString()}`
      const since = formatTime(at, zone)
      const text = alerts
        ? `The ${called} has been alerting again since ${since}.`
        : `The ${called} has been OK again since ${since}. Close this issue as completed to resolve the incident.`
      return isTold ? [] : [{ key, text }]
    })
  })
}

type Turn = { at: Date; alerts: boolean; isTold: boolean }

/** Whenever it turned from alerting to OK and back; what says nothing of it changes nothing. */
function turnsOf({ startedAt, states, state, readAt, toldAt }: AlertedMonitor): Turn[] {
  const isOver = states.length === 0 && readAt.getTime() - startedAt.getTime() >= settles
  const known = isOver ? [{ at: readAt, state }] : states
  const turns: Turn[] = []
  for (const { at, state: now } of known) {
    const last = turns.at(-1)
    const alerting = last?.alerts ?? true
    const isTurn = now === (alerting ? 'OK' : 'Alert')
    const isTold = last !== undefined && !alerting && toldAt.some((told) => told >= last.at && told <= at)
    if (isTurn) turns.push({ at, alerts: !alerting, isTold })
  }
  return turns
}
