import type { Context } from 'hono'
import type { GitHubContext } from './context.ts'

type Body = Uint8Array<ArrayBuffer>

const read = new WeakMap<Response, Body>()

/**
 * The body of the answer, which is still to be sent. It is read once for all who look at it, and the server is given bytes instead of a
 * stream: a stream that is copied costs more than most routes do.
 */
export async function answered(c: Context<GitHubContext>): Promise<Body> {
  const known = read.get(c.res)
  if (known) return known
  const { status, headers } = c.res
  const bytes = new Uint8Array(await c.res.arrayBuffer())
  c.res = undefined // or Hono would carry the old headers over
  c.res = new Response(bytes.length > 0 ? bytes : null, { status, headers })
  read.set(c.res, bytes)
  return bytes
}
