import { setTimeout as wait } from 'node:timers/promises'
import type { StagingSession } from '../services/mcp.ts'
import type { RunInput } from './run-input.ts'

const PAUSES_MS = [0, 200, 400]

/** Reopens a broken session, with retries for a server that restarts; undefined if it stays unreachable. */
export function createSessionReopener(
  { open, signal }: Pick<RunInput, 'open' | 'signal'>,
  onOpened: (session: StagingSession) => void,
): () => Promise<StagingSession | undefined> {
  return async () => {
    for (const pause of PAUSES_MS) {
      await wait(pause, undefined, signal ? { signal } : {})
      const opened = await open(signal)
      if (!opened.ok) continue
      onOpened(opened.session)
      return opened.session
    }
    return undefined
  }
}
