import type { Snapshot } from './snapshot.ts'
import { type WindowSettings, windowSettings } from './window-settings.ts'

/** Whether someone froze releases and the freeze has not ended yet. */
export function isFrozen({ frozen: ordered, takenAt }: Pick<Snapshot, 'frozen' | 'takenAt'>): boolean {
  return ordered !== undefined && (!ordered.until || Date.parse(takenAt) < Date.parse(ordered.until))
}

/**
 * The window of a policy that names none: always open, so that only a freeze that someone started, and what lifts it, are
 * left of the rule. Times are in UTC, since there is no zone of a window.
 */
export const noWindow: WindowSettings = windowSettings.parse({
  time_zone: 'UTC',
  windows: [
    { opens: 'Monday 00:00', closes: 'Thursday 00:00' },
    { opens: 'Thursday 00:00', closes: 'Monday 00:00' },
  ],
})
