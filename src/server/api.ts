import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { recordFreezeOrder } from '../gate/calendar/freeze-order.ts'
import { recordExemptionOrder } from '../gate/exemption-order.ts'
import { acceptShared } from '../policy/accept-shared.ts'
import type { Queue } from '../store/queue.ts'
import {
  exemptPath,
  freezePath,
  incidentEndPath,
  incidentPath,
  logoutPath,
  organizationPolicyPath,
  statusPath,
} from './api-paths.ts'
import { isAccessRevoked, readableRepositories } from './board/access.ts'
import { endViewerSession } from './board/session.ts'
import type { BoardShell } from './board/shell.ts'
import { signOut } from './board/sign-out.ts'
import { type Caller, callerOf } from './callers.ts'
import { clockProblem, oneLineOfText, refuse, repositoryName, sentAt } from './command-requests.ts'
import { endIncident, type IncidentOrders, openIncident } from './incident-orders.ts'
import { loginRoutes } from './login.ts'
import { maintainedBy, ordererOf, ownedBy } from './orders.ts'
import type { Handler } from './server.ts'
import { statusOf } from './status-report.ts'
import { whyFailed } from './why-failed.ts'

export type ApiShell = BoardShell & {
  queue: Pick<Queue, 'enqueueAll'>
  operatorToken: string | undefined
  incidents: IncidentOrders
}

type ApiContext = { Variables: { caller: Caller } }

const organizationName = z.string().regex(/^[\w-]+$/, 'is not the name of an organization')

const freezeOrder = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  action: z.enum(['freeze', 'unfreeze']),
  repository: repositoryName.optional(),
  organization: organizationName.optional(),
  reason: oneLineOfText.optional(),
  until: z.iso.datetime({ offset: true }).optional(),
})

/** Serves the requests of the command line to Node's HTTP server. */
export function apiHandler(shell: ApiShell): Handler {
  return getRequestListener(apiApp(shell).fetch, { overrideGlobalObjects: false })
}

/** The requests of the command line: JSON, with a bearer token from `release-gate login` or the operator's. */
export function apiApp(shell: ApiShell): Hono<ApiContext> {
  const app = new Hono<ApiContext>()
  app.use(bodyLimit({ maxSize: 64 * 1024, onError: () => refuse(413, 'The request is too large.') }))
  app.route('/', loginRoutes(shell))
  app.use(async (context, next) => {
    const caller = await callerOf(shell, context.req.raw)
    if (!caller) return refuse(401, notKnown)
    context.set('caller', caller)
    return next()
  })
  app.post(statusPath, (context) => status(shell, context))
  app.post(freezePath, (context) => freeze(shell, context))
  app.post(exemptPath, (context) => exempt(shell, context))
  app.post(organizationPolicyPath, (context) => acceptPolicy(shell, context))
  app.post(incidentPath, async (context) => openIncident(shell, context.var.caller, await bodyOf(context)))
  app.post(incidentEndPath, async (context) => endIncident(shell, context.var.caller, await bodyOf(context)))
  app.post(logoutPath, (context) => logOut(shell, context))
  app.notFound(() => refuse(404, 'Not found.'))
  app.onError((error, context) => failed(shell, error, context))
  return app
}

const notKnown =
  'The bot does not know who you are. Run `release-gate login`; a script sets OPERATOR_TOKEN to the same value as the bot.'

/** Undefined where it is not JSON. */
function bodyOf(context: Context<ApiContext>): Promise<unknown> {
  return context.req.json().catch(() => undefined)
}

/** A person sees the repositories that they can read on GitHub. */
async function status(shell: ApiShell, context: Context<ApiContext>): Promise<Response> {
  const { caller } = context.var
  const readable = caller.kind === 'person' ? await readableRepositories(shell, caller.viewer) : undefined
  return context.json(await statusOf(shell, readable))
}

async function freeze(shell: ApiShell, context: Context<ApiContext>): Promise<Response> {
  const parsed = freezeOrder.safeParse(await bodyOf(context))
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const order = parsed.data
  if (order.repository !== undefined && order.organization !== undefined)
    return refuse(400, 'A request names a repository or an organization, not both.')
  if (order.action === 'freeze' && !order.reason)
    return refuse(400, 'A freeze needs a reason. The check shows it.')
  // Whatever the clock of a machine shows, an emergency does not wait for it.
  const untimely = order.action === 'freeze' ? undefined : clockProblem(order.at)
  if (untimely) return refuse(400, untimely)
  const allowed = await ordererOf(shell, context.var.caller, order)
  if ('refused' in allowed) return refuse(allowed.status, allowed.refused)
  const outcome = await recordFreezeOrder(shell, { ...order, ...allowed, at: sentAt(order.at) })
  if ('refused' in outcome) return refuse(outcome.status, outcome.refused)
  return context.json({ ok: true, ...outcome })
}

const exemption = {
  at: z.iso.datetime({ offset: true }),
  repository: repositoryName,
  number: z.int().positive(),
}

const exemptionOrder = z.discriminatedUnion('action', [
  z.strictObject({
    ...exemption,
    action: z.literal('order'),
    reason: oneLineOfText,
    until: z.iso.datetime({ offset: true }),
  }),
  z.strictObject({ ...exemption, action: z.literal('confirm'), order: z.int().positive() }),
  z.strictObject({ ...exemption, action: z.literal('revoke') }),
])

/** It takes two people, and the operator's token names none: whoever holds it could be the second one as well. */
async function exempt(shell: ApiShell, context: Context<ApiContext>): Promise<Response> {
  const parsed = exemptionOrder.safeParse(await bodyOf(context))
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const { at, ...order } = parsed.data
  const untimely = clockProblem(at)
  if (untimely) return refuse(400, untimely)
  const { caller } = context.var
  if (caller.kind === 'operator')
    return refuse(403, 'An exemption takes two people. Run `release-gate login` first.')
  const { id, login } = caller.viewer
  const found = await maintainedBy(shell, caller.viewer, order.repository)
  if ('refused' in found) return refuse(found.status, found.refused)
  const { installationId, repositoryId, role: authority } = found
  const by = { id, login, authority }
  const outcome = await recordExemptionOrder(shell, { ...order, installationId, repositoryId, by })
  if ('refused' in outcome) return refuse(outcome.status, outcome.refused)
  return context.json({ ok: true, ...outcome })
}

const acceptance = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  organization: organizationName,
  id: z.int().positive().optional(),
})

/** Whoever may create repositories could take the name, so only an owner accepts one that has it. */
async function acceptPolicy(shell: ApiShell, context: Context<ApiContext>): Promise<Response> {
  const parsed = acceptance.safeParse(await bodyOf(context))
  if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
  const { at, organization, id } = parsed.data
  const untimely = clockProblem(at)
  if (untimely) return refuse(400, untimely)
  const { caller } = context.var
  if (caller.kind === 'operator')
    return refuse(403, 'Only an owner of the organization can accept it. Run `release-gate login` first.')
  const { viewer } = caller
  const owned = await ownedBy(shell, viewer, organization)
  if ('refused' in owned) return refuse(owned.status, owned.refused)
  const { authority, ...account } = owned
  const by = { id: viewer.id, login: viewer.login, authority }
  const github = await shell.github(owned.installationId)
  const outcome = await acceptShared(shell, github, { organization: account, id, by })
  if ('refused' in outcome) return refuse(outcome.status, outcome.refused)
  return context.json({ ok: true, ...outcome })
}

async function logOut(shell: ApiShell, context: Context<ApiContext>): Promise<Response> {
  const { caller } = context.var
  if (caller.kind === 'person') await signOut(shell, caller.viewer)
  return context.json({ ok: true })
}

async function failed(shell: ApiShell, error: Error, context: Context<ApiContext>): Promise<Response> {
  const { caller } = context.var
  if (isAccessRevoked(error) && caller?.kind === 'person') {
    await endViewerSession(shell, caller.viewer)
    return refuse(401, notKnown)
  }
  shell.log.error({ problem: error.message, path: context.req.path }, 'A request failed')
  return refuse(502, `${whyFailed(error)} Nothing was changed. Try again in a minute.`)
}
