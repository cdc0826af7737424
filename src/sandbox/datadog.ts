import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { createFaults, type LocalFault } from './local-faults.ts'

/** `downtimes`: those that the API lists for it; `forbidden`: the application key has no permission to read them. */
type LocalMonitor = {
  name: string
  state: string
  silenced?: boolean
  downtimes?: { start?: string; end?: string | null }[] | 'forbidden'
}

export type LocalDatadog = {
  url: string
  apiKey: string
  appKey: string
  webhookSecret: string
  /** The monitors by their ids; a story changes their states. */
  monitors: Map<number, LocalMonitor>
  /** What the next queries of a metric count. */
  requests: { count: number }
  /** How often a monitor was read. */
  reads: () => number
  fail: (fault: LocalFault, times?: number) => void
  /** A monitor alerts: its state changes, and its webhook goes out. Gives the status of the answer. */
  alert: (webhookUrl: string, id: number, tags: string) => Promise<number>
  close: () => Promise<void>
}

/** A local Datadog: monitors, a metric, and a webhook with our template. https://docs.datadoghq.com/api/latest/monitors/ */
export async function startDatadog({
  clock = Date.now,
}: {
  clock?: () => number
} = {}): Promise<LocalDatadog> {
  const [apiKey, appKey] = ['sandbox-datadog-api-key', 'sandbox-datadog-app-key']
  const webhookSecret = 'sandbox-datadog-webhooks'
  const monitors: LocalDatadog['monitors'] = new Map()
  const requests = { count: 500 }
  const faults = createFaults()
  let reads = 0
  let events = 0
  const app = new Hono()
  app.use('*', async (c, next) => {
    if (c.req.header('dd-api-key') !== apiKey || c.req.header('dd-application-key') !== appKey)
      return c.json({ errors: ['Forbidden'] }, 403)
    const fault = faults.next()
    if (fault) return faults.answer(c, fault)
    return next()
  })
  app.get('/api/v1/monitor/:id', (c) => {
    reads += 1
    const id = Number(c.req.param('id'))
    const monitor = monitors.get(id)
    if (!monitor) return c.json({ errors: ['Monitor not found'] }, 404)
    const silenced = monitor.silenced ? { '*': null } : {}
    return c.json({
      id,
      name: monitor.name,
      overall_state: monitor.state,
      options: { silenced },
      state: { groups: {} },
    })
  })
  app.get('/api/v2/monitor/:id/downtime_matches', (c) => {
    const { downtimes = [] } = monitors.get(Number(c.req.param('id'))) ?? {}
    if (downtimes === 'forbidden') return c.json({ errors: ['Forbidden'] }, 403)
    const data = downtimes.map((one, index) => ({
      type: 'downtime_match',
      id: `00000000-0000-1234-0000-00000000000${index}`,
      attributes: { groups: [], scope: '*', ...one },
    }))
    return c.json({ data, meta: { page: { total_filtered_count: data.length } } })
  })
  app.get('/api/v1/query', (c) =>
    c.json({ status: 'ok', series: [{ pointlist: [[clock(), requests.count]] }] }),
  )
  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    apiKey,
    appKey,
    webhookSecret,
    monitors,
    requests,
    reads: () => reads,
    fail: faults.add,
    alert: async (webhookUrl, id, tags) => {
      const monitor = monitors.get(id)
      if (!monitor) throw new Error(`There is no monitor ${id}`)
      monitor.state = 'Alert'
      events += 1
      const body = JSON.stringify({
        monitor: String(id),
        scope: '',
        transition: 'Triggered',
        event: String(9_000 + events),
        title: monitor.name,
        date: String(clock()),
        link: `${url}/monitors/${id}`,
        tags,
      })
      const headers = { 'content-type': 'application/json', 'x-release-gate-secret': webhookSecret }
      const response = await fetch(webhookUrl, { method: 'POST', body, headers })
      await response.text()
      return response.status
    },
    close: async () => {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
