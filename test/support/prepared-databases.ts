import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import type { PostgresAnswer } from './postgres-process.ts'
import { pgliteTemplate } from './templates.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a test file asks for the databases that the whole run shares. */
    preparedDatabases: string
  }
}

let postgres: ChildProcess | undefined
const made = new Map<string, Promise<string>>()

/** What a test file may ask for. Each is made once for the run, at the first request: most runs need neither. */
const makers: Record<string, () => Promise<string>> = {
  '/postgres': startPostgres,
  '/pglite': pgliteTemplate,
}

const server = createServer(async ({ url = '' }, response) => {
  // A worker asks again after minutes, and a connection that is kept may be closed at that moment.
  response.setHeader('connection', 'close')
  try {
    const making =
      made.get(url) ?? makers[url]?.() ?? Promise.reject(new Error(`Nothing is prepared at ${url}`))
    made.set(url, making)
    response.end(await making)
  } catch (error) {
    response.writeHead(500).end(String(error))
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
  if (!postgres?.connected) return
  postgres.disconnect()
  await once(postgres, 'exit')
}

async function startPostgres(): Promise<string> {
  postgres = fork(new URL('postgres-process.ts', import.meta.url), { execArgv: [] })
  const ended = once(postgres, 'exit').then(([code]) => ({ problem: `Postgres ended with ${code}` }))
  const answered = once(postgres, 'message').then(([answer]) => answer)
  const answer: PostgresAnswer = await Promise.race([answered, ended])
  if ('problem' in answer) throw new Error(answer.problem)
  return answer.url
}
