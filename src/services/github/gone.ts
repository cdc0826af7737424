import { statusOfError } from './errors.ts'

const MARK = Symbol.for('release-gate.gone')

/** The App no longer has access there, now or later: not a failure to try again, and not one to raise an alert for. */
export function gone(why: string, cause: unknown): Error {
  return Object.assign(new Error(why, { cause }), { [MARK]: true as const })
}

/** Whether the installation was removed or suspended, or the repository archived. */
export function isGone(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (MARK in at) return true
  return false
}

/** The answer, or undefined where the App has no access there anymore. */
export async function unlessGone<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Whether nothing can be written to a commit: as `isGone`, or the repository or the commit no longer exists. */
export function isUnwritable(error: unknown): boolean {
  return isGone(error) || [404, 410, 451].includes(statusOfError(error) ?? 0)
}
