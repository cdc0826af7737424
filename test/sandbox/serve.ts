import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { onTestFinished } from 'vitest'

type Fetchable = { fetch(request: Request, env: object): Response | Promise<Response> }

/** Serves the app on a free port of 127.0.0.1 until the test is over; returns its origin. */
export async function serve(app: Fetchable): Promise<string> {
  const server = createAdaptorServer({ fetch: (request, env) => app.fetch(request, env) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
