import type { Readiness } from '../server/server.ts'
import type { Queryable } from '../store/database.ts'
import { hourlyCheckAges } from '../store/hourly-checks.ts'
import { refusedChannels } from '../store/notices.ts'
import type { Queue } from '../store/queue.ts'

/**
 * Whether the bot can do its work. It writes: a full disk and a standby that only reads still answer every question, and would
 * look well while each delivery is refused.
 */
export async function readiness(
  database: Queryable,
  queue: Pick<Queue, 'ping'>,
  now = new Date(),
): Promise<Readiness> {
  const [answers, writes, jobs, looks, refused] = await Promise.allSettled([
    database.query('SELECT 1'),
    database.query(
      `INSERT INTO release_gate.facts (key, value, last_used_at) VALUES ('readyz', 'true', now())
       ON CONFLICT (key) DO UPDATE SET last_used_at = excluded.last_used_at`,
    ),
    queue.ping(),
    hourlyCheckAges(database),
    refusedChannels(database, now),
  ])
  const stateOf = (result: PromiseSettledResult<unknown>, problem: string) =>
    result.status === 'fulfilled' ? 'ok' : problem
  const checks = {
    database: stateOf(answers, 'does not answer'),
    writes: stateOf(writes, 'cannot be written: is the disk full, or the database read-only?'),
    queue: stateOf(jobs, 'does not answer'),
  }
  const ok = Object.values(checks).every((check) => check === 'ok')
  return {
    ok,
    checks,
    ...(looks.status === 'fulfilled' && { looks: looks.value }),
    ...(refused.status === 'fulfilled' && { refusedChannels: refused.value.length }),
  }
}
