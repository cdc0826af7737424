import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

type Kept = { etag: string; status: number; headers: [string, string][]; body: string }

/**
 * A `fetch` that keeps what GitHub answered with an ETag and asks again with `If-None-Match`: an answer of 304
 * costs nothing of the hourly limit and is turned back into the kept answer. Kept in memory only, since an ETag
 * differs with the token, a token lives an hour, and no token outlives the process.
 */
export function conditionalFetch(base: typeof fetch = fetch, maximumBytes = 64 * 1024 * 1024): typeof fetch {
  const kept = new LRUCache<string, Kept>({
    maxSize: maximumBytes,
    sizeCalculation: ({ body }) => body.length + 512,
  })
  return async (input, init) => {
    if ((init?.method ?? 'GET').toUpperCase() !== 'GET') return base(input, init)
    const headers = new Headers(init?.headers)
    const key = keyOf(String(input), headers)
    const known = kept.get(key)
    if (known) headers.set('if-none-match', known.etag)
    const answer = await base(input, { ...init, headers })
    if (answer.status === 304 && known) return revive(known, answer)
    return keep(kept, key, answer)
  }
}

/** The token is part of the key, hashed so that no cache key is a secret. */
function keyOf(url: string, headers: Headers): string {
  const token = headers.get('authorization') ?? ''
  const hashed = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  return `${hashed} ${headers.get('accept') ?? ''} ${url}`
}

/** The limits' headers are the fresh ones; everything else is as it was kept. */
function revive(known: Kept, fresh: Response): Response {
  const headers = new Headers(known.headers)
  for (const [name, value] of fresh.headers) if (name.startsWith('x-ratelimit-')) headers.set(name, value)
  return answerOf(known.body, known.status, headers, fresh.url)
}

async function keep(kept: LRUCache<string, Kept>, key: string, answer: Response): Promise<Response> {
  const etag = answer.headers.get('etag')
  if (answer.status !== 200 || !etag) return answer
  const body = await answer.text()
  const headers = [...answer.headers].filter(
    ([name]) => name !== 'content-encoding' && name !== 'content-length',
  )
  kept.set(key, { etag, status: answer.status, headers, body })
  return answerOf(body, answer.status, headers, answer.url)
}

/** Octokit reads the address of an answer to follow its pages, and a `Response` that one makes has none. */
function answerOf(
  body: string,
  status: number,
  headers: Headers | [string, string][],
  url: string,
): Response {
  return Object.defineProperty(new Response(body, { status, headers }), 'url', { value: url })
}
