export function statusOfError(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined
}

const FOR_PEOPLE = Symbol.for('release-gate.error for people')

/** An error whose message may be shown to whoever caused it. All others may name what only the operator should know. */
export function errorForPeople(message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), { [FOR_PEOPLE]: true as const })
}

export function isForPeople(error: unknown): error is Error {
  return error instanceof Error && FOR_PEOPLE in error
}

/**
 * What GitHub answered to a request of one of our clients, or that it gave no answer. Undefined: the error is not of such a request,
 * whatever status it carries.
 */
export function failureOfGitHub(error: unknown): { status: number | undefined } | undefined {
  const { request, response } = (error ?? {}) as { request?: unknown; response?: unknown }
  if (!(error instanceof Error) || error.name !== 'HttpError' || !request) return undefined
  return { status: response ? statusOfError(error) : undefined }
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
