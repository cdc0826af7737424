import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { endGoneIncident } from '../incidents/ending.ts'
import { alertDestination, storeIncomingAlert } from '../incidents/intake.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { alertRoutes, type TakeIn } from '../server/alerts.ts'
import { type ApiShell, apiHandler } from '../server/api.ts'
import { boardHandler } from '../server/board/board.ts'
import type { BoardShell } from '../server/board/shell.ts'
import { calendarHandler } from '../server/calendar.ts'
import type { FeedEntry } from '../server/calendar-feed.ts'
import { calendarPath } from '../server/calendar-link.ts'
import { databaseRequestHandler, databaseRequestPath } from '../server/database-requests.ts'
import { logDrainHandler, logDrainPath } from '../server/log-drain.ts'
import { metricsHandler, metricsPath } from '../server/metrics.ts'
import { createServer, type Handler } from '../server/server.ts'
import {
  type InteractionShell,
  slackInteractionsHandler,
  slackInteractionsPath,
} from '../server/slack-interactions.ts'
import { createSlack } from '../services/slack.ts'
import { respondInSlack } from '../services/slack-responses.ts'
import { addressOf, canSendBack } from '../settings/addresses.ts'
import { type Role, takesDeliveries } from '../settings/role.ts'
import type { Settings } from '../settings/settings.ts'
import { keyBesideDatabase } from '../store/database/local-key.ts'
import type { Database } from '../store/database.ts'
import { activeFreezes, frozenFact } from '../store/freezes.ts'
import { keyNamed } from '../store/keys.ts'
import { keptPolicies } from '../store/policies.ts'
import { isHandled } from './events.ts'
import type { Parts } from './parts.ts'
import { readiness } from './readiness.ts'
import { receiver } from './receive.ts'

/** Starts the HTTP server: health and metrics in every role; webhooks, the calendar feed and requests of the command line except in a worker. */
export async function startServer(
  parts: Parts,
  role: Role,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { settings, shell, log } = parts
  const { database, queue } = shell
  const pages: Record<string, Handler> = {
    [`GET ${metricsPath}`]: metricsHandler({ database, token: settings.metricsToken }),
    ...(takesDeliveries(role) && requestPages(parts)),
  }
  let url = ''
  const ending = new AbortController()
  const board = takesDeliveries(role) ? boardShell(parts, () => url, ending.signal) : undefined
  const rest = board && restOf(board, parts)
  const server = createServer({
    inbox: takesDeliveries(role) ? receiver(parts) : undefined,
    isHandled,
    secrets: settings.webhookSecrets,
    ready: () => readiness(database, queue, parts.shell.now()),
    routes: (method, path) => pages[`${method} ${path}`] ?? rest?.(path),
    log,
  })
  url = await listen(server, settings)
  const close = () => {
    // Browsers listen to the board for as long as it talks.
    ending.abort()
    return closeServer(server)
  }
  return { url, close }
}

/** Whatever has no page of its own: the requests of the command line under `/api/`, and else the board. */
function restOf(shell: BoardShell, parts: Parts): (path: string) => Handler | undefined {
  const { operatorToken } = parts.settings
  const { queue } = parts.shell
  const api = apiHandler({ ...shell, queue, operatorToken, incidents: incidentsOf(parts) })
  const board = boardHandler(shell)
  return (path) => (path.startsWith('/api/') ? api : path.startsWith('/probot/') ? undefined : board)
}

/** `own` is where the server listens, once it does. */
function boardShell(
  { settings, shell, log, budget }: Parts,
  own: () => string,
  ending: AbortSignal,
): BoardShell {
  const { publicUrl, freezeTeams, trustedProxies } = settings
  return {
    ...shell,
    log,
    base: () => publicUrl ?? own(),
    signIn: signInApp(settings),
    freezeTeams,
    trustedProxies,
    allowance: (installationId) => budget.left(installationId, 'core'),
    ending,
  }
}

function signInApp({ client, apiUrl, publicUrl, host }: Settings): BoardShell['signIn'] {
  if (!client)
    return { problem: 'Nobody can sign in: GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET are not set.' }
  if (!canSendBack({ publicUrl, host }))
    return { problem: 'Nobody can sign in: PUBLIC_URL is not set, so GitHub could not send anyone back.' }
  return { clientId: client.id, clientSecret: client.secret, apiUrl }
}

function requestPages(parts: Parts): Record<string, Handler> {
  const { settings, shell, log } = parts
  const { database, queue, now } = shell
  const key = () => keyNamed(database, 'calendar')
  const { logDrainSecret } = settings
  const { takeIn } = incidentsOf(parts)
  return {
    ...slackRoutes(parts),
    ...alertRoutes({ secrets: settings.alertSecrets, takeIn, now, log }),
    ...(logDrainSecret && {
      [`POST ${logDrainPath}`]: logDrainHandler({ secret: logDrainSecret, takeIn, now, log }),
    }),
    [`GET ${calendarPath}`]: calendarHandler({ entries: () => windows(database, now()), key, now }),
    // On a server, every command opens the database itself.
    ...('dataDir' in settings.database && {
      [`POST ${databaseRequestPath}`]: databaseRequestHandler({
        key: keyBesideDatabase(settings.database.dataDir),
        shell: { database, queue: async () => queue },
      }),
    }),
  }
}

/** Buttons in Slack, where the operator has set the secret that signs their presses. */
function slackRoutes({ settings, shell, log }: Parts): Record<string, Handler> {
  const { slack, slackSigningSecret: secret } = settings
  if (!slack || !secret) return {}
  const client = createSlack({ ...slack, now: shell.now })
  const respond: InteractionShell['respond'] = (url, answer) => respondInSlack(url, answer, slack)
  const handler = slackInteractionsHandler({ ...shell, slack: client, secret, log, respond })
  return { [`POST ${slackInteractionsPath}`]: handler }
}

function incidentsOf({ settings, shell }: Parts): ApiShell['incidents'] & { takeIn: TakeIn } {
  const { incidentRepository, paging, jira, datadog } = settings
  return {
    destination: () => alertDestination(shell, incidentRepository),
    takeIn: (alert, delivery) => storeIncomingAlert(shell, alert, delivery, incidentRepository),
    end: (incident, order) => endGoneIncident({ ...shell, paging, jira, datadog }, incident, order),
  }
}

async function closeServer(server: Server): Promise<void> {
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return addressOf(host, taken)
}

/** The release window of every repository whose policy has one, and the freeze that is in force. */
async function windows(database: Database, now: Date): Promise<FeedEntry[]> {
  const freezes = await activeFreezes(database, now)
  return (await keptPolicies(database)).flatMap((kept) => {
    const read = parsePolicy(kept.text)
    const window = read.ok ? read.policy.gates.release_window : undefined
    return window ? [{ name: `${kept.owner}/${kept.repo}`, window, ...frozenFact(freezes, kept) }] : []
  })
}
