import { statusOfError } from '../services/github/errors.ts'
import { isLimit } from '../services/github/limits.ts'

/**
 * Why GitHub did not answer, in one line that says how to fix it; undefined for any other error. Octokit reports a request
 * without an answer as a 500 without a response.
 */
export function whyUnreachable(error: unknown): string | undefined {
  if (isLimit(error)) return `${(error as Error).message}.`
  const { request, response } = error as { request?: { url?: string }; response?: object }
  const status = statusOfError(error) ?? 0
  if (!request?.url || status < 500) return undefined
  const where = `GitHub cannot be reached at ${new URL(request.url).origin} (GITHUB_API_URL)`
  const why = response ? `it answered HTTP ${status}` : deepest(error)
  return `${where}: ${why}. Check the address, or try again later.`
}

/** The network error; of several addresses that were tried, the first one's. */
function deepest(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return deepest(error.errors[0])
  if (error instanceof Error && error.cause !== undefined) return deepest(error.cause)
  return error instanceof Error ? error.message : String(error)
}

/** Runs a command's work. Where GitHub cannot be reached, it says so and sets exit code 3. */
export async function exitIfUnreachable(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = whyUnreachable(error)
    if (why === undefined) throw error
    process.stderr.write(`${why}\n`)
    process.exitCode = 3
  }
}
