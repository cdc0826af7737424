/** GitHub itself gives up on a request after 10 s. */
const patience = 10_000

/** A `fetch` in which each request, its body included, has a time limit of its own; the caller's signal ends it too. */
export function boundedFetch(base: typeof fetch = fetch, milliseconds = patience): typeof fetch {
  return async (input, init) => {
    const late = AbortSignal.timeout(milliseconds)
    const signal = init?.signal ? AbortSignal.any([init.signal, late]) : late
    try {
      return await base(input, { ...init, signal })
    } catch (error) {
      if (!late.aborted) throw error
      const { pathname } = new URL(String(input))
      const what = `${init?.method ?? 'GET'} ${pathname}`
      throw new Error(`GitHub did not answer ${what} within ${milliseconds / 1000} s`)
    }
  }
}
