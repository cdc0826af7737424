import { formatDistanceStrict } from 'date-fns/formatDistanceStrict'
import type { HourlyCheckAges } from '../store/hourly-checks.ts'
import type { Probe } from './probes.ts'

/** Each repository is checked once an hour; a limit of GitHub or a restart may add as much. */
const late = 2 * 60 * 60_000

/** How old the oldest check of a repository is: for how long the hourly check could have missed a change without an event. */
export function hourlyCheckProbe(
  read: () => Promise<HourlyCheckAges | { unknown: string }>,
  now: () => Date,
): Probe {
  return {
    name: 'hourly check',
    run: async () => {
      const ages = await read()
      return 'unknown' in ages ? ages : sentence(ages, now())
    },
  }
}

function sentence(ages: HourlyCheckAges, now: Date): string | { failed: string; fix: string } {
  const { repositories, oldest, never, unseen } = ages
  if (repositories === 0) return 'The bot has not checked any repository yet.'
  const missing = never > 0 ? ` ${never} of ${repositories} repositories have not been checked yet.` : ''
  const text = oldest
    ? `The repository checked least recently was checked ${formatDistanceStrict(oldest, now)} ago.${missing}`
    : missing.trim()
  const isLate = oldest !== undefined && now.getTime() - oldest.getTime() > late
  if (unseen === 0 && !isLate) return text
  const failed = unseen > 0 ? `${text} ${unseen} could not be checked the last time.` : text
  const fix = 'The log of the bot says why: search it for "could not be checked" and "The hourly check".'
  return { failed, fix }
}
