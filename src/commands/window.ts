import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { instantOfMoment, parseMoment } from '../decision/calendar/written-times.ts'
import { type CalendarState, formatTime, windowStateAt } from '../decision/calendar.ts'
import { terminalLines } from '../decision/markdown.ts'
import { defaultPolicy } from '../decision/policy.ts'
import type { WindowSettings } from '../decision/window-settings.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { formatProblem } from '../yaml/yaml-file.ts'

type Options = { at?: string; policy?: string; json?: boolean }

/** A usage error, one line per mistake. */
type Mistake = { mistake: string[] }

/**
 * `window`: whether the release window is open at a given time, by the policy alone. It ignores `urgent`, the closing
 * margin and freezes from the command line; `status` shows those. Prints the times of the current window, or the next one.
 * Exit codes: 0 open, 1 closed, 2 usage error.
 */
export function windowCommand(): Command {
  return new Command('window')
    .option('--at <time>', "ISO date and time; without an offset, in the window's time zone (default: now)")
    .option('--policy <file>', 'a release-gate.yml (default: the default settings)')
    .option('--json', 'print {"open","opensAt","closesAt","zone"} as JSON')
    .addHelpText('after', '\nExit codes: 0 open, 1 closed, 2 usage error.')
    .action((options: Options) => {
      const answer = ask(options)
      if ('mistake' in answer) {
        process.stderr.write(`${terminalLines(answer.mistake.join('\n'))}\n`)
        process.exitCode = 2
        return
      }
      const { state, settings, at } = answer
      process.stdout.write(`${options.json ? asJson(state, settings) : asText(state, settings, at)}\n`)
      process.exitCode = isOpen(state, settings) ? 0 : 1
    })
}

/** `frozen` in the policy overrides every window. */
function isOpen({ open }: CalendarState, { frozen }: WindowSettings): boolean {
  return open && frozen === undefined
}

function ask(options: Options): { state: CalendarState; settings: WindowSettings; at: Date } | Mistake {
  const settings =
    options.policy === undefined ? defaultPolicy.gates.release_window : readWindow(options.policy)
  if (!settings) return { mistake: ['The default policy has no release window.'] }
  if ('mistake' in settings) return settings
  const at = options.at === undefined ? new Date() : readTime(options.at, settings.time_zone)
  if ('mistake' in at) return at
  return { state: windowStateAt(settings, at), settings, at }
}

function readWindow(file: string): WindowSettings | Mistake {
  const text = readText(file)
  if (typeof text !== 'string') return text
  const read = parsePolicy(text, file)
  if (!read.ok) return { mistake: read.problems.map(formatProblem) }
  const settings = read.policy.gates.release_window
  return (
    settings ?? {
      mistake: [
        `${file}: the policy has no \`release_window\` under \`gates\`. Add one to use this command.`,
      ],
    }
  )
}

function readText(file: string): string | Mistake {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { mistake: [`--policy: cannot read ${file} (${why}). Expected a release-gate.yml.`] }
  }
}

function readTime(text: string, zone: string): Date | Mistake {
  const moment = parseMoment(text)
  if (moment) return new Date(instantOfMoment(moment, zone, 'first'))
  const how = 'Example: "2026-11-25T18:00:00Z" or "2026-11-25T10:00-08:00"'
  return { mistake: [`--at: ${JSON.stringify(text)} is not an ISO date and time. ${how}.`] }
}

function asJson(state: CalendarState, settings: WindowSettings): string {
  const { opensAt, closesAt } = state
  const { time_zone: zone, frozen } = settings
  return JSON.stringify({
    open: isOpen(state, settings),
    opensAt: opensAt?.toISOString() ?? null,
    closesAt: closesAt?.toISOString() ?? null,
    zone,
    ...(frozen === undefined ? {} : { frozen }),
  })
}

function asText(state: CalendarState, settings: WindowSettings, at: Date): string {
  const { time_zone: zone, frozen } = settings
  if (frozen !== undefined)
    return `Closed at ${formatTime(at, zone)}.\nFrozen by the policy until that line is removed: ${oneLine(frozen)}`
  const time = (instant: Date | undefined, never: string) => (instant ? formatTime(instant, zone) : never)
  const opens = time(state.opensAt, 'not in the next years')
  const closes = time(state.closesAt, 'not in the next years')
  const lines = state.open
    ? [`Open at ${formatTime(at, zone)}.`, `Opened ${opens}.`, `Closes ${closes}.`]
    : [`Closed at ${formatTime(at, zone)}.`, `Opens  ${opens}.`, `Closes ${closes}.`]
  if (state.freeze)
    lines.push(`Frozen until ${formatTime(state.freeze.to, zone)}: ${oneLine(state.freeze.reason)}`)
  if (state.holiday) lines.push(`Holiday: ${state.holiday}`)
  return lines.join('\n')
}

/** Removes line breaks and control characters from user-supplied text before it reaches the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, ' ')
}
