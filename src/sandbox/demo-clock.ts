import { formatTime, windowStateAt } from '../decision/calendar.ts'
import { defaultPolicy } from '../decision/policy.ts'
import type { Stage } from './stage.ts'

/** The demo's repository has the default window. */
const window = defaultPolicy.gates.release_window
const zone = window?.time_zone ?? 'UTC'

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** How the clock of a demo that keeps running is moved, with the next opening and closing as examples. */
export function clockHelp(now: Date): string[] {
  const next = window && windowStateAt(window, now)
  const opens = next?.open ? undefined : next?.opensAt
  return [
    `It is ${formatTime(now, zone)}. To move the clock,`,
    'type a time or a step here and press Enter, for example:',
    '',
    ...(opens ? [`  ${opens.toISOString()}   the release window opens`] : []),
    ...(next?.closesAt ? [`  ${next.closesAt.toISOString()}   it closes, and green checks are revoked`] : []),
    '  +30m                       half an hour later (also +2h, +1d)',
  ]
}

/** Where a line moves the clock to; undefined for a line that is neither a time nor a step. */
export function timeOf(line: string, now: Date): Date | undefined {
  const [, count, unit] = /^\+(\d{1,4})([mhd])$/.exec(line) ?? []
  if (count && unit) return new Date(now.getTime() + Number(count) * units[unit as keyof typeof units])
  const at = new Date(line)
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/i.test(line) && !Number.isNaN(at.getTime()) ? at : undefined
}

/** Moves the clock of GitHub and the bot, and waits until everything that became due is done. */
export async function moveClock(stage: Stage, line: string, print: (text: string) => void): Promise<void> {
  const wanted = line.trim()
  if (wanted === '') return
  const at = timeOf(wanted, stage.now())
  if (!at) return print(`"${wanted}" is neither a time like 2026-12-16T18:00:00Z nor a step like +30m.\n`)
  if (at < stage.now())
    return print(`The clock only moves forward. It is ${formatTime(stage.now(), zone)}.\n`)
  await stage.moveTo(at)
  print(`It is ${formatTime(at, zone)}.\n`)
}
