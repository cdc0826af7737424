import { requestOf } from '../services/github/errors.ts'
import { isGone } from '../services/github/gone.ts'
import type { Parts } from './parts.ts'

/** Where the App was removed or suspended, or the repository archived, a later attempt helps nobody. */
export async function endQuietlyIfGone(task: Promise<void>, log: Parts['log']): Promise<void> {
  try {
    await task
  } catch (error) {
    if (!isGone(error)) throw error
    const { cause } = error as Error
    log.warn({ request: requestOf(cause), problem: String(error) }, 'The App no longer has access there')
  }
}
