type Answer = (request: Request) => Promise<Response>

const answers = new Map<string, Answer>()
const overSockets = globalThis.fetch

/** A request to an address that is answered in this process goes straight to whoever answers there; all others go their way. */
globalThis.fetch = async (input, init = {}) => {
  const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input)
  const answer = answers.get(origin)
  if (!answer) return overSockets(input, init)
  const { signal = input instanceof Request ? input.signal : undefined, ...rest } = init
  signal?.throwIfAborted()
  const request = new Request(input instanceof Request ? input : origin + pathname + search, rest)
  // https://fetch.spec.whatwg.org/#fetching, step 12: an answer may depend on it.
  if (!request.headers.has('accept')) request.headers.set('accept', '*/*')
  const response = await unlessAborted(answer(request), signal)
  // Whoever made the answer by hand knows no address of it, and Octokit pages by it.
  Object.defineProperty(response, 'url', { value: request.url })
  return response.headers.has('location') ? redirected(request, response) : response
}

/**
 * Lets requests to an address reach `answer` without a socket, until the function that is returned is called. Whoever cuts a
 * connection there rejects as `fetch` does.
 */
export function answerWithoutSockets(address: string, answer: Answer): () => void {
  const { origin } = new URL(address)
  answers.set(origin, answer)
  return () => void answers.delete(origin)
}

async function unlessAborted(response: Promise<Response>, signal?: AbortSignal | null): Promise<Response> {
  if (!signal) return response
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([response, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** https://fetch.spec.whatwg.org/#http-redirect-fetch, for what is only read. */
async function redirected(
  { method, headers, redirect, url }: Request,
  response: Response,
): Promise<Response> {
  const isRedirect = response.status >= 301 && response.status <= 308
  if (!isRedirect || redirect === 'manual') return response
  if (redirect === 'error' || method !== 'GET') throw new TypeError('fetch failed')
  return fetch(new URL(response.headers.get('location') ?? '', url), { headers })
}
