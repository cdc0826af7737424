export function statusOfError(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

/** The answer, or undefined where GitHub answers 404: absent, or not to be seen by us. */
export async function orAbsent<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if (statusOfError(error) === 404) return undefined
    throw error
  }
}

/** As `orAbsent`, and for what was there: a deleted issue answers 410. */
export async function orGone<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    if ([404, 410].includes(statusOfError(error) ?? 0)) return undefined
    throw error
  }
}

/** Method and path of the request that failed, without the host and the query. */
export function requestOf(error: unknown): string | undefined {
  const { method, url } =
    (error as { request?: { method?: string; url?: string } } | undefined)?.request ?? {}
  return method && url && URL.canParse(url) ? `${method} ${new URL(url).pathname}` : undefined
}
