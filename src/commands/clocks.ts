import { Command } from 'commander'
import { placeProblem } from '../decision/calendar/holidays.ts'
import { isZone } from '../decision/calendar/wall-clock.ts'
import { instantOfMoment, parseMoment } from '../decision/calendar/written-times.ts'
import { formatTime } from '../decision/calendar.ts'
import type { Place } from '../decision/clocks/business-time.ts'
import {
  defaultTargets,
  evaluateClocks,
  type IncidentClock,
  type Severity,
  severities,
} from '../decision/clocks/clocks.ts'

type Options = { since: string; at?: string; timeZone: string; holidays: string; json?: boolean }

type Question = { severity: Severity; since: number; at: number; place: Place }

/**
 * `clocks`: when the first response and the resolution of an incident are due, under the default targets. Exit codes: 0 nothing
 * is overdue, 1 something is, 2 usage error.
 */
export function clocksCommand(): Command {
  return new Command('clocks')
    .argument('<severity>', 'P0, P1, P2 or P3')
    .requiredOption(
      '--since <time>',
      'when the ticket was received or the alert fired, as ISO date and time; without an offset, in the time zone',
    )
    .option('--at <time>', 'evaluate as of this time (default: now)')
    .option('--time-zone <zone>', 'IANA zone of business days and service hours', 'America/Los_Angeles')
    .option('--holidays <place>', 'whose public holidays are not business days', 'US')
    .option('--json', 'print {"severity","since","clocks":[{"name","due","overdue"}]} as JSON')
    .addHelpText('after', '\nExit codes: 0 nothing is overdue, 1 something is, 2 usage error.')
    .action((written: string, options: Options) => {
      const question = ask(written, options)
      if (typeof question === 'string') {
        process.stderr.write(`${question}\n`)
        process.exitCode = 2
        return
      }
      const clocks = answer(question)
      process.stdout.write(`${options.json ? asJson(question, clocks) : asText(question, clocks)}\n`)
      process.exitCode = clocks.some(isOverdue) ? 1 : 0
    })
}

/** The question, or what is wrong with it. */
function ask(written: string, options: Options): Question | string {
  const severity = severities.find((one) => one === written.toUpperCase())
  if (!severity) return `${JSON.stringify(written)} is not a severity. Use ${severities.join(', ')}.`
  const { timeZone: zone, holidays } = options
  if (!isZone(zone))
    return `--time-zone: ${JSON.stringify(zone)} is not an IANA time zone. Example: America/Los_Angeles.`
  const problem = placeProblem(holidays)
  if (problem) return `--holidays: ${JSON.stringify(holidays)} ${problem}.`
  const since = readTime('--since', options.since, zone)
  if (typeof since === 'string') return since
  const at = options.at === undefined ? Date.now() : readTime('--at', options.at, zone)
  if (typeof at === 'string') return at
  if (at < since) return '--at: is before --since.'
  return { severity, since, at, place: { zone, holidays } }
}

function readTime(option: string, text: string, zone: string): number | string {
  const moment = parseMoment(text)
  if (moment) return instantOfMoment(moment, zone, 'first')
  return `${option}: ${JSON.stringify(text)} is not an ISO date and time. Example: "2026-11-25T16:00-08:00".`
}

function answer({ severity, since, at, place }: Question): IncidentClock[] {
  const severitiesSince = [{ at: since, severity }]
  const times = { takenAt: at, startedAt: since, severities: severitiesSince, resolved: [], waiting: [] }
  return evaluateClocks(times, defaultTargets, place)
}

function isOverdue({ breaches }: IncidentClock): boolean {
  return breaches.length > 0
}

function asJson({ severity, since }: Question, clocks: IncidentClock[]): string {
  const time = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString())
  return JSON.stringify({
    severity,
    since: time(since),
    clocks: clocks.map((clock) => ({ name: clock.name, due: time(clock.due), overdue: isOverdue(clock) })),
  })
}

const names = { response: 'First response:', resolution: 'Resolution:    ' }

function asText({ severity, since, place }: Question, clocks: IncidentClock[]): string {
  const time = (at: number) => formatTime(new Date(at), place.zone)
  const lines = clocks.map((clock) => {
    const due = clock.due === undefined ? 'no deadline' : `due ${time(clock.due)}`
    return `${names[clock.name]} ${due}${isOverdue(clock) ? ', overdue' : ''}`
  })
  return [`${severity} since ${time(since)}`, ...lines].join('\n')
}
