import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { isLoopback } from '../settings/settings.ts'
import { type PagesOptions, type SetupHandler, setupPages } from './probot-pages.ts'

/**
 * Serves Probot's setup page (manifest flow from `app.yml`), which writes the new App's credentials to `.env`. It listens
 * on loopback only and requires the one-time token in the printed URL; otherwise any web page could make it overwrite
 * `.env`.
 *
 * @throws when the working folder holds no `app.yml`, and when the port is taken.
 */
export async function serveSetupPage(
  options: PagesOptions & { port: number; log: Pick<Logger, 'error'> },
): Promise<{ url: string; server: Server }> {
  const token = randomBytes(24).toString('base64url')
  const pages = await setupPages(options)
  const server = createServer((request, response) => {
    const refusal = rejection(request, token)
    if (refusal) return refuse(response, refusal)
    answer(pages, request, response).catch((error: unknown) => {
      options.log.error({ problem: String(error) }, 'The setup page failed')
      refuse(response, { status: 500, why: 'The setup page failed. See the log.' })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/${token}/probot`, server }
}

type Refusal = { status: number; why: string }

/**
 * Accepts a request that names this machine, comes from our own page and carries the token: in the path, as in the printed
 * URL and in GitHub's redirect, or in the cookie that the first page sets. The redirect with a code needs the token in the
 * path, since any page's link would send the cookie.
 */
function rejection(request: IncomingMessage, token: string): Refusal | undefined {
  const { host = '', origin } = request.headers
  if (!URL.canParse(`http://${host}`) || !isLoopback(`http://${host}`)) {
    return { status: 403, why: 'The setup page is only available on this machine.' }
  }
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, why: 'Requests from other pages are not allowed.' }
  const path = request.url ?? '/'
  const inPath = same(path.split('/')[1] ?? '', token)
  if (inPath) request.url = path.slice(token.length + 1)
  const inCookie = (request.headers.cookie ?? '')
    .split(/;\s*/)
    .some((cookie) => same(cookie, `setup=${token}`))
  const comesBack = path.startsWith('/probot/setup')
  if (!inPath && (!inCookie || comesBack))
    return { status: 404, why: 'Not found. Open the URL that was printed at startup.' }
  delete request.headers['x-forwarded-proto']
  // Probot builds the way back from GitHub out of this header, so the token comes to stand in it.
  request.headers['x-forwarded-host'] = `${host}/${token}`
  return undefined
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

async function answer(
  pages: SetupHandler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = String(request.headers['x-forwarded-host']).split('/')[1]
  response.setHeader('set-cookie', `setup=${token}; HttpOnly; SameSite=Strict; Path=/`)
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-frame-options', 'DENY')
  for (const page of pages) if (await page(request, response)) return
  refuse(response, { status: 404, why: 'Not found.' })
}

function refuse(response: ServerResponse, { status, why }: Refusal): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' })
  response.end(`${why}\n`)
}
