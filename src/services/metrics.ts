import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What this process has done since it started, for Prometheus. What is stored is read at each scrape: see `server/metrics.ts`. */
export const metrics = new Registry()

const registers = [metrics]

export const deliveriesReceived = new Counter({
  name: 'release_gate_deliveries_total',
  help: 'Webhook deliveries by the HTTP status of the answer.',
  labelNames: ['status'],
  registers,
})

export const processRole = new Gauge({
  name: 'release_gate_process',
  help: '1 for each process that runs, by its role.',
  labelNames: ['role'],
  registers,
})

export const periodicTasks = new Gauge({
  name: 'release_gate_periodic_tasks',
  help: '1 in the process that runs the periodic tasks, 0 in the others.',
  registers,
})

export const verdictsChanged = new Counter({
  name: 'release_gate_verdicts_changed_total',
  help: 'Verdicts that changed, by the state that they changed to.',
  labelNames: ['state'],
  registers,
})

export const changeToCheck = new Histogram({
  name: 'release_gate_change_to_check_seconds',
  help: 'From a stored delivery to the published check of a pull request that it changed.',
  buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
  registers,
})

const githubAnswers = new Counter({
  name: 'release_gate_github_requests_total',
  help: 'Requests to GitHub by the status of the answer; 304 costs nothing of the limit.',
  labelNames: ['status'],
  registers,
})

export const githubPoints = new Counter({
  name: 'release_gate_github_points_total',
  help: 'Points of the hourly limit of GraphQL that the queries of the hourly check cost.',
  registers,
})

const githubRemaining = new Gauge({
  name: 'release_gate_github_remaining',
  help: 'What the last answer said was left of an hourly limit of GitHub.',
  labelNames: ['resource'],
  registers,
})

type Fetch = typeof globalThis.fetch

/** Counts the requests that reach GitHub, and the remaining limit that it reports. */
export function countedFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    githubAnswers.inc({ status: response.status })
    const left = response.headers.get('x-ratelimit-remaining')
    const resource = response.headers.get('x-ratelimit-resource') ?? 'core'
    if (left !== null && /^\d+$/.test(left) && /^\w+$/.test(resource))
      githubRemaining.set({ resource }, Number(left))
    return response
  }
}
