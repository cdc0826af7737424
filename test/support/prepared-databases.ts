import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { pgliteTemplate } from './pglite-template.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a test file asks for the databases that the whole run shares. */
    preparedDatabases: string
  }
}

let postgres: Promise<PostgresServer> | undefined
let pglite: Promise<string> | undefined

/** What a test file may ask for. Each is made once for the run, at the first request: most runs need neither. */
const prepare: Record<string, () => Promise<string>> = {
  '/postgres': async () => {
    postgres ??= startPostgres()
    return (await postgres).url
  },
  '/pglite': () => {
    pglite ??= pgliteTemplate()
    return pglite
  },
}

const server = createServer(async (request, response) => {
  try {
    response.end(await prepare[request.url ?? '']?.())
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.stack : String(error))
  }
})

/** Vitest's global setup. It only listens; a test file waits for what it asks for as long as that takes. */
export async function setup(project: TestProject): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('preparedDatabases', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

export async function teardown(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await (await postgres?.catch(() => undefined))?.stop()
}
