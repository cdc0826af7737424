import type { IncomingMessage } from 'node:http'
import { Gauge, Registry } from 'prom-client'
import { metrics } from '../services/metrics.ts'
import { isSameSecret } from '../settings/same-secret.ts'
import type { Queryable } from '../store/database.ts'
import { givenUp, queueDepths } from '../store/queue/inspect.ts'
import { isFromThisMachine } from './from-this-machine.ts'
import type { Handler } from './server.ts'

export const metricsPath = '/metrics'

/**
 * Metrics in the format of Prometheus, without names of repositories or people. Available on the bot's machine, and elsewhere
 * with METRICS_TOKEN as a bearer token.
 */
export function metricsHandler(options: { database: Queryable; token?: string | undefined }): Handler {
  return async (request, response) => {
    if (!mayRead(request, options.token)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer', connection: 'close' })
      return void response.end('Send METRICS_TOKEN as a bearer token.\n')
    }
    const stored = await storedMetrics(options.database)
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
    response.end(`${await metrics.metrics()}\n${await stored.metrics()}`)
  }
}

function mayRead(request: IncomingMessage, token: string | undefined): boolean {
  const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token && given) return isSameSecret(given, token)
  return isFromThisMachine(request)
}

type Counts = {
  green: number
  open: number
  pending: number
  stale: number
  changes: number
  exceptions: number
  overdue: number
  dead: number
  anchored: number
  looked: number
}

/** Metrics from the database, which are the same for every process. */
export async function storedMetrics(db: Queryable): Promise<Registry> {
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `release_gate_${name}`, help, labelNames, registers: [registry] })
  const [counts] = await db.query<Counts>(`
    SELECT (SELECT count(*) FROM release_gate.check_runs WHERE outstanding)::int AS green,
      (SELECT count(*) FROM release_gate.verdicts WHERE counts)::int AS open,
      (SELECT count(*) FROM release_gate.unjudged)::int AS pending,
      (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(changed_at)), 0) FROM release_gate.verdicts
       WHERE changed_at IS NOT NULL AND counts)::float AS stale,
      (SELECT count(*) FROM release_gate.landings)::int AS changes,
      (SELECT count(*) FROM release_gate.landings WHERE exception)::int AS exceptions,
      (SELECT count(*) FROM release_gate.landings
       WHERE review IS NOT NULL AND issue_closed_at IS NULL AND due_at < now())::int AS overdue,
      (SELECT count(*) FROM release_gate_jobs.job WHERE ${givenUp})::int AS dead,
      (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(waiting.at)), 0)
       FROM (SELECT DISTINCT installation_id FROM release_gate.policies WHERE standing <> 'out of reach') chain
       CROSS JOIN LATERAL (
         SELECT r.at FROM release_gate.audit_records r
         WHERE r.installation_id = chain.installation_id AND r.seq >
           coalesce((SELECT max(seq) FROM release_gate.anchors a WHERE a.installation_id = chain.installation_id), 0)
         ORDER BY r.seq LIMIT 1) waiting)::float AS anchored,
      (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(looked_at)), 0) FROM release_gate.looks)::float AS looked`)
  if (!counts) return registry
  gauge('green_checks', 'Green checks that can still let a merge through.').set(counts.green)
  gauge('open_pull_requests', 'Open pull requests under a policy.').set(counts.open)
  gauge('pending_pull_requests', 'Open pull requests without a verdict yet.').set(counts.pending)
  gauge('oldest_change_seconds', 'How long the oldest change waits for its evaluation.').set(counts.stale)
  gauge('merged_changes', 'Recorded merges and pushes to covered branches.').set(counts.changes)
  gauge('exceptions', 'Those of them that bypassed the gate.').set(counts.exceptions)
  gauge('overdue_reviews', 'Deferred reviews that are past their time.').set(counts.overdue)
  gauge('dead_letters', 'Jobs that were given up in the last 30 days and not started again.').set(counts.dead)
  gauge(
    'anchor_age_seconds',
    'How long the oldest record waits to be anchored outside, of the chains whose App is installed.',
  ).set(counts.anchored)
  gauge(
    'oldest_look_seconds',
    'How long ago the hourly check last covered the repository that it covered least recently.',
  ).set(counts.looked)
  const runs = gauge('regression_runs', 'Staging regressions by verdict.', ['verdict'])
  const found = await db.query<{ verdict: string; n: number }>(
    'SELECT verdict, count(*)::int AS n FROM release_gate.evidence GROUP BY verdict',
  )
  for (const { verdict, n } of found) runs.set({ verdict }, n)
  await setQueues(
    db,
    gauge('queue_jobs', 'Jobs by queue and state.', ['queue', 'state']),
    gauge('queue_oldest_due_seconds', 'How long the oldest due job of a queue waits.', ['queue']),
  )
  return registry
}

async function setQueues(db: Queryable, jobs: Gauge, oldest: Gauge): Promise<void> {
  for (const { queue, due, running, later, oldestSeconds } of await queueDepths(db)) {
    for (const [state, n] of Object.entries({ due, running, later })) jobs.set({ queue, state }, n)
    oldest.set({ queue }, oldestSeconds)
  }
}
