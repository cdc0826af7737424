import { type Context, Hono } from 'hono'
import { jwtOnly } from './auth.ts'
import type { GitHubContext } from './context.ts'
import type { Delivery, Hook } from './hookshot.ts'

type Options = {
  log: readonly Delivery[]
  hook: () => Hook | undefined
  configure: (changes: Partial<Hook>) => void
  redeliver: (delivery: Delivery) => void
}

const DOCS = 'https://docs.github.com/rest/apps/webhooks'

/**
 * The App's own view of its webhook: configuration, delivery log and redelivery, for the App's JWT alone.
 * https://docs.github.com/en/rest/apps/webhooks
 */
export function deliveryRoutes({ log, hook, configure, redeliver }: Options): Hono<GitHubContext> {
  const routes = new Hono<GitHubContext>()
  const find = (c: Context) => log.find(({ id }) => id === Number(c.req.param('id')))

  routes.use('/app/hook/*', jwtOnly())
  routes.get('/app/hook/config', (c) => c.json(configOf(hook())))
  routes.patch('/app/hook/config', async (c) => {
    const { url, secret } = await c.req.json<Partial<Hook>>()
    configure({ ...(url !== undefined && { url }), ...(secret !== undefined && { secret }) })
    return c.json(configOf(hook()))
  })
  routes.get('/app/hook/deliveries', (c) => listDeliveries(c, log))
  routes.get('/app/hook/deliveries/:id', (c) => {
    const delivery = find(c)
    return delivery ? c.json(detailOf(delivery)) : notFound(c)
  })
  routes.post('/app/hook/deliveries/:id/attempts', (c) => {
    const delivery = find(c)
    if (!delivery) return notFound(c)
    redeliver(delivery)
    return c.json({}, 202)
  })
  return routes
}

/** Newest first. The cursor names the last delivery of the page before; `Link` carries it for as long as there are more. */
function listDeliveries(c: Context, log: readonly Delivery[]) {
  const cursor = c.req.query('cursor')
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(/^v1_(\d+)$/.exec(cursor)?.[1])
  if (Number.isNaN(before)) return c.json({ message: 'Invalid cursor', documentation_url: DOCS }, 422)
  const perPage = Math.min(100, Math.max(1, Number(c.req.query('per_page')) || 30))
  const older = log.filter((delivery) => delivery.id < before && hasOutcome(delivery, c.req.query('status')))
  const page = older.slice(-perPage).reverse()
  const last = page.at(-1)
  if (last && older.length > page.length) {
    const next = new URL(c.req.url)
    next.searchParams.set('cursor', `v1_${last.id}`)
    c.header('link', `<${next}>; rel="next"`)
  }
  return c.json(page.map(({ url, request, response, ...summary }) => summary))
}

function hasOutcome({ status_code }: Delivery, wanted: string | undefined): boolean {
  const good = status_code >= 200 && status_code < 400
  return wanted === undefined || good === (wanted === 'success')
}

function detailOf({ request, ...delivery }: Delivery) {
  return { ...delivery, request: { headers: request.headers, payload: JSON.parse(request.payload) } }
}

function configOf(hook: Hook | undefined) {
  return { content_type: 'json', insecure_ssl: '0', secret: '********', url: hook?.url ?? '' }
}

function notFound(c: Context) {
  return c.json({ message: 'Not Found', documentation_url: DOCS, status: '404' }, 404)
}
