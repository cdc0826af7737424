/** The states of the monitors at one time, by their ids. */
export type MonitorStates = Record<string, string>

/** One check after a release. `requests` null: the traffic was not asked for, or could not be read. `missed`: nothing was read in time. */
export type WatchCheck = { at: string; states: MonitorStates; requests: number | null; missed?: true }

export type WatchVerdict = { verdict: 'passed' | 'failed' | 'inconclusive'; why: string }

/**
 * What the checks after a release say. A monitor that was alerting before it is not blamed on it: it has to be OK at every check, or
 * the watch is inconclusive. So it is with a monitor that says nothing, with too little traffic, and where a check was missed.
 */
export function watchVerdict(
  baseline: MonitorStates,
  looks: WatchCheck[],
  monitors: { id: number; name: string }[],
  minimum: number | undefined,
): WatchVerdict {
  const stateOf = (states: MonitorStates, id: number) => states[String(id)] ?? 'Unknown'
  const worse = monitors.find(
    ({ id }) => stateOf(baseline, id) === 'OK' && looks.some(({ states }) => stateOf(states, id) === 'Alert'),
  )
  if (worse) return { verdict: 'failed', why: `${worse.name} has been alerting since the release` }
  if (looks.some(({ missed }) => missed))
    return { verdict: 'inconclusive', why: 'production was not watched in time' }
  const silent = monitors.find(({ id }) => looks.some(({ states }) => stateOf(states, id) !== 'OK'))
  if (silent) return { verdict: 'inconclusive', why: `${silent.name} was not OK at every check` }
  const isQuiet = ({ requests }: WatchCheck) => minimum !== undefined && (requests ?? 0) < minimum
  if (looks.some(isQuiet))
    return { verdict: 'inconclusive', why: `a check saw fewer than ${minimum} requests` }
  return { verdict: 'passed', why: `every monitor was OK at all ${looks.length} checks` }
}
