import pino from 'pino'
import { type SandboxGitHub, startGitHub } from '../../src/sandbox/github/start.ts'
import { boardApp } from '../../src/server/board/board.ts'
import type { BoardShell } from '../../src/server/board/shell.ts'
import { createAppProbot } from '../../src/services/github/app-client.ts'
import { openDatabase } from '../../src/store/database/open.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { aPostgresUrl } from './databases.ts'

export type BoardWorld = Awaited<ReturnType<typeof aBoard>>

const base = 'https://gate.example'

/** The board behind its HTTP interface, without a server: a GitHub, a database, and people's browsers. */
export async function aBoard(more: Partial<BoardShell> = {}) {
  const github = await startGitHub()
  const database = await openDatabase({ url: await aPostgresUrl() })
  const { app, signIn } = github
  signIn.callbackUrls = [`${base}/sign-in/callback`]
  signIn.interval = 0
  const settings = {
    appId: app.id,
    privateKey: app.privateKey,
    webhookSecrets: [app.webhookSecret],
    apiUrl: github.url,
  }
  const log = pino({ level: 'silent' })
  const probot = createAppProbot(settings, log)
  const transitions: Date[] = []
  const shell: BoardShell = {
    database,
    queue: {
      enqueueTransition: async (at) => void transitions.push(at),
      enqueueNotice: async () => undefined,
    },
    now: () => new Date(github.clock()),
    github: (installationId) => probot.auth(installationId),
    log,
    base: () => base,
    signIn: { clientId: signIn.clientId, clientSecret: signIn.clientSecret, apiUrl: github.url },
    freezeTeams: [],
    ...more,
  }
  const board = boardApp(shell)
  let browsers = 0
  return {
    github,
    database,
    shell,
    base,
    transitions,
    /** Each has an address of its own on the network, unless one is given. */
    browser: (address = `192.0.2.${++browsers}`) => {
      const socket = { remoteAddress: address }
      const browser = aBrowser(github, async (request) => board.fetch(request, { incoming: { socket } }))
      return { ...browser, address }
    },
    close: async () => {
      await github.close()
      await database.close()
    },
  }
}

/** A repository of an organization, with a policy that the bot has read. */
export async function aGatedRepository(
  { github, database }: Pick<BoardWorld, 'github' | 'database'>,
  installationId: number,
  { owner, name, isPrivate = true }: { owner: string; name: string; isPrivate?: boolean },
): Promise<number> {
  const { id } = await github.addRepository({ owner, name, private: isPrivate })
  const repository = { installationId, repositoryId: id, owner, repo: name }
  await keepValidPolicy(database, repository, { text: 'gates: { approvals: {} }\n', blob: 'b'.repeat(40) })
  return id
}

type Send = (request: Request) => Promise<Response>
export type Browser = ReturnType<typeof aBrowser>

/** A browser with a jar of cookies, as far as the board needs one. It follows no redirect. */
function aBrowser(github: SandboxGitHub, send: Send) {
  const jar = new Map<string, string>()
  const request = async (path: string, options: RequestInit & { headers?: Record<string, string> } = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...options.headers }
    const response = await send(new Request(new URL(path, base), { ...options, headers }))
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  const get = (path: string, headers: Record<string, string> = {}) => request(path, { headers })
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    request(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: base, 'sec-fetch-site': 'same-origin', ...headers },
    })
  /** Goes to GitHub and back: gives the address that GitHub sends the browser to. */
  const comeBack = async (login: string | undefined, returnTo?: string): Promise<string> => {
    const query = returnTo === undefined ? '' : `?${new URLSearchParams({ return_to: returnTo })}`
    const to = (await get(`/sign-in/github${query}`)).headers.get('location') ?? ''
    return pickPerson(github, to, login)
  }
  return {
    jar,
    get,
    post,
    comeBack,
    /** Signs in, and gives the last answer. */
    signIn: async (login: string, returnTo?: string) => get(await comeBack(login, returnTo)),
    /** The token in the forms of a page. */
    csrf: async (path = '/') => /name="csrf" value="([^"]+)"/.exec(await (await get(path)).text())?.[1] ?? '',
  }
}

/** Chooses somebody on GitHub's page (or cancels), and gives where GitHub sends the browser. */
export async function pickPerson(
  github: SandboxGitHub,
  address: string,
  login: string | undefined,
): Promise<string> {
  const asked = Object.fromEntries(new URL(address).searchParams)
  const response = await fetch(`${github.url}/login/oauth/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ ...asked, ...(login === undefined ? {} : { login }) }),
    redirect: 'manual',
  })
  return response.headers.get('location') ?? ''
}
