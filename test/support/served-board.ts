import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { pino } from 'pino'
import { boardHeaders } from '../../src/server/board/headers.ts'
import { assetRoutes } from '../../src/server/board/layout.ts'
import { boardPages } from '../../src/server/board/pages.ts'
import type { BoardContext, Viewer } from '../../src/server/board/session.ts'
import type { BoardShell } from '../../src/server/board/shell.ts'
import { createServer } from '../../src/server/server.ts'
import type { Database } from '../../src/store/database.ts'
import { boardNow, shop } from './board-world.ts'

export const eva = { id: 5, login: 'eva', session: { csrf: 'token-of-the-form' } } as unknown as Viewer

/** The pages of the board for one signed-in person who can read some repositories. The sign-in has tests of its own. */
export function pagesFor(
  database: Database,
  {
    readable = [shop.repositoryId],
    viewer = eva,
    ...more
  }: Partial<BoardShell> & { readable?: number[]; viewer?: Viewer } = {},
): Hono<BoardContext> {
  const shell: BoardShell = {
    database,
    queue: { enqueueTransition: async () => undefined, enqueueNotice: async () => undefined },
    now: () => boardNow,
    github: () => Promise.reject(new Error('A page asked GitHub.')),
    log: pino({ level: 'silent' }),
    base: () => 'https://gate.example',
    signIn: { clientId: 'c', clientSecret: 's', apiUrl: 'https://api.github.com' },
    freezeTeams: [],
    ...more,
  }
  const app = new Hono<BoardContext>()
  app.use(async (context, next) => {
    context.set('viewer', viewer)
    context.set('readable', new Set(readable))
    await next()
  })
  app.route('/', assetRoutes())
  app.route('/', boardPages(shell))
  return app
}

/** The same pages behind a server of Node, with the headers of the board. */
export async function serveBoard(
  database: Database,
  more: Parameters<typeof pagesFor>[1] = {},
): Promise<{ url: string; close: () => Promise<void> }> {
  const ending = new AbortController()
  const app = new Hono<BoardContext>()
  app.use(boardHeaders(false))
  app.route('/', pagesFor(database, { ending: ending.signal, ...more }))
  const server = createServer({
    secrets: ['a-webhook-secret-of-32-characters'],
    isHandled: () => false,
    ready: async () => ({ ok: true, checks: {} }),
    routes: () => getRequestListener(app.fetch, { overrideGlobalObjects: false }),
    log: pino({ level: 'silent' }),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      ending.abort()
      server.closeIdleConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
