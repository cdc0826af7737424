import { asRetry, statusOfError } from '../services/github/client.ts'
import { retryTime } from '../store/retry-later.ts'

/**
 * Why GitHub gave no answer that anything could be judged by, in a line that says how to mend it; undefined for any other
 * error. Octokit calls a request that got no answer a 500 without a response.
 */
export function whyUnreachable(error: unknown): string | undefined {
  const again = asRetry(error, new Date())
  if (retryTime(again)) return `${(again as Error).message}.`
  const { request, response } = error as { request?: { url?: string }; response?: object }
  const status = statusOfError(error) ?? 0
  if (!request?.url || status < 500) return undefined
  const where = `GitHub cannot be reached at ${new URL(request.url).origin} (GITHUB_API_URL)`
  const why = response ? `it answers HTTP ${status}` : deepest(error)
  return `${where}: ${why}. See that the address is right, or try again later.`
}

/** The reason that the network gave; of several addresses that were tried, the first one's. */
function deepest(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return deepest(error.errors[0])
  if (error instanceof Error && error.cause !== undefined) return deepest(error.cause)
  return error instanceof Error ? error.message : String(error)
}

/** Does a command's work; where GitHub cannot be reached, says so with exit code 3: it could not be judged. */
export async function orUnreachable(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = whyUnreachable(error)
    if (why === undefined) throw error
    process.stderr.write(`${why}\n`)
    process.exitCode = 3
  }
}
