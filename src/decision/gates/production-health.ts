import { formatTime } from '../calendar.ts'
import { defineGate, type Finding, failed, passed, waiting } from '../gate.ts'
import { healthSettings } from '../health-settings.ts'
import { isNamedIn } from '../incidents/naming.ts'
import { passForUrgentFix } from '../incidents/urgent-fix.ts'
import { code, list } from '../markdown.ts'
import { isRecent } from '../recent.ts'
import type { HealthFact, Snapshot } from '../snapshot.ts'
import { timeZoneOf } from '../window-settings.ts'

type Monitor = HealthFact['monitors'][number]
type Known = { id: number; name: string; fact: Monitor | undefined }

/** The bot reads a monitor every minute. Twice that is too old: it missed one, and nobody knows how production is now. */
export const readingFreshFor = 2 * 60_000

/** No check turns green on a reading of a monitor that is older than this. */
export const readingFreshForGreen = 60_000

/** The state of every monitor while the operator has not set the keys of Datadog. */
export const datadogKeysUnset = 'Unreachable: DATADOG_API_KEY and DATADOG_APP_KEY are not set'

/**
 * Every monitor of production that the policy names is OK. One that alerts fails; one that says nothing, or was not read, waits. It
 * yields to the urgent change that names the incident which the alert opened.
 */
export const productionHealth = defineGate({
  title: 'Production health',
  settings: healthSettings,
  tightens: (after, than) => than.monitors.every(({ id }) => after.monitors.some((one) => one.id === id)),
  evaluate(snapshot, { monitors }, gates = {}) {
    const { health } = snapshot
    if (monitors.length === 0) return unnamed()
    const known = monitors.map(({ id, name }) => ({
      id,
      name,
      fact: health?.monitors.find((one) => one.id === id),
    }))
    const alerting = known.filter(({ fact }) => fact?.state === 'Alert' && isFresh(fact, snapshot))
    const silent = known.filter(
      ({ fact }) => !fact || !isFresh(fact, snapshot) || (fact.state !== 'OK' && fact.state !== 'Alert'),
    )
    const zone = timeZoneOf(gates)
    const details = known.map((one) => `${code(one.name)}: ${wordsOf(one, snapshot, zone)}`)
    if (alerting.length > 0)
      return (silent.length === 0 && yielded(snapshot, alerting, gates)) || alerts(alerting, details)
    if (silent.length > 0) return unknown(silent, snapshot, { details, zone })
    return passed(
      'Production is healthy',
      `Every monitor is OK: ${list(known.map(({ name }) => code(name)))}.`,
    )
  },
})

function isFresh({ readAt }: Monitor, { takenAt }: Snapshot): boolean {
  return readAt !== null && isRecent(Date.parse(readAt), Date.parse(takenAt), readingFreshFor)
}

function unnamed(): Finding {
  return failed('No monitors configured', 'The policy turns on this gate but lists no monitors.', {
    who: 'Anyone with write access: add `monitors` to the gate, or remove it',
  })
}

function wordsOf({ fact }: Known, snapshot: Snapshot, zone: string): string {
  if (!fact || fact.readAt === null) return 'not read yet'
  if (!isFresh(fact, snapshot)) return `last read ${formatTime(new Date(fact.readAt), zone)}`
  return code(fact.state, 100)
}

function alerts(alerting: Known[], details: string[]): Finding {
  return failed(
    `Production alert${alerting.length > 1 ? 's' : ''}: ${alerting[0]?.name}${alerting.length > 1 ? ` (+${alerting.length - 1} more)` : ''}`,
    `${list(alerting.map(({ name }) => code(name)))} ${alerting.length === 1 ? 'is' : 'are'} alerting. A merge now could make it worse or hide the cause.`,
    {
      who: 'Whoever works on the alert: mark its fix as urgent and name the incident in the description',
      details,
    },
  )
}

function unknown(
  silent: Known[],
  snapshot: Snapshot,
  { details, zone }: { details: string[]; zone: string },
): Finding {
  const [first] = silent
  const needsKeys = silent.some(({ fact }) => fact?.state === datadogKeysUnset && isFresh(fact, snapshot))
  return waiting(
    `Waiting for the monitor ${first?.name}`,
    `These monitors must be OK first: ${list(silent.map((one) => `${code(one.name)} is ${wordsOf(one, snapshot, zone)}`))}.`,
    needsKeys
      ? { who: 'The operator of release-gate: set DATADOG_API_KEY and DATADOG_APP_KEY', details }
      : { who: 'Whoever owns the monitor in Datadog', automatic: true, details },
  )
}

function yielded(
  snapshot: Snapshot,
  alerting: Known[],
  gates: Readonly<Record<string, unknown>>,
): Finding | undefined {
  const isNamed =
    (body: string) =>
    ({ fact }: Known) =>
      fact?.incidents.some((names) => isNamedIn(body, names)) === true
  return passForUrgentFix(snapshot, gates, {
    title: 'Urgent fix for an alert',
    named: (body) => (alerting.every(isNamed(body)) ? 'the incident that the alert opened' : undefined),
  })
}
