import type { Context } from 'hono'
import type { GitHubContext } from './context.ts'

type Body = Uint8Array<ArrayBuffer>

const read = new WeakMap<Response, Body>()

/**
 * The body of the answer, which is still to be sent. It is read once, and what the server is given then is no stream: a copy of one for
 * everybody who looks at it costs more than most routes do.
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
