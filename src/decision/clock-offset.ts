import { durationInWords } from './duration.ts'
import { type Finding, failed } from './gate.ts'

/** In seconds. Closing begins a minute before its time unless the policy says otherwise, so a smaller difference does no harm. */
const tolerance = 30

/** Whether a clock is too wrong to decide by: it is so many seconds ahead of GitHub's, or behind if negative. */
export function isClockWrong(ahead: number): boolean {
  return Math.abs(ahead) > tolerance
}

/** The finding of a snapshot that was read by such a clock. */
export function wrongClock(ahead: number): Finding {
  return failed(
    "The bot's clock is wrong",
    `It is ${roughly(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} GitHub's, so nobody knows whether the release window is open, or how old an approval or a run is.`,
    { who: "The operator: synchronize the clock of the bot's machine" },
  )
}

/** In whole minutes, so that the check is not written again for each second. */
function roughly(seconds: number): string {
  return seconds < 90 ? 'about a minute' : `about ${durationInWords(Math.round(seconds / 60) * 60_000)}`
}
