import { z } from 'zod'
import type { Alert } from '../../decision/incidents/alert.ts'
import { oneLine } from '../../decision/markdown.ts'

/**
 * A line of Postgres's log with SQLSTATE 42501, as a log drain of Supabase sends it. `violation`: a row that a policy refused;
 * `grant`: a role without a privilege, which is a mistake of ours and no attack. Refused reads, updates and deletes log nothing.
 */
export type Denial = {
  kind: 'violation' | 'grant'
  /** Undefined where the message names none. */
  table: string | undefined
  role: string | undefined
  at: string
}

/** `parsed` and its parent are objects or lists of one, depending on the version of the drain. */
const one = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((value) => (Array.isArray(value) ? value[0] : value), shape)

const parsed = z.object({
  sql_state_code: z.string().nullish(),
  user_name: z.string().nullish(),
})
const event = z.object({
  event_message: z.string(),
  timestamp: z.union([z.string(), z.number()]).nullish(),
  metadata: one(z.object({ parsed: one(parsed.nullish()) }).nullish()),
})

/** The denials of a batch. Other lines are none of ours, whatever they look like; a batch that is not a list throws. */
export function readDrain(body: unknown, now: Date): Denial[] {
  return z
    .array(z.unknown())
    .parse(body)
    .flatMap((line) => {
      const read = event.safeParse(line)
      if (!read.success) return []
      const { event_message: message, timestamp, metadata } = read.data
      const { sql_state_code: code, user_name: role } = metadata?.parsed ?? {}
      const violates = /violates row-level security policy/.test(message)
      const isDenial = code == null ? isUncodedViolation(read.data) : code === '42501'
      if (!isDenial) return []
      return [
        {
          kind: violates ? ('violation' as const) : ('grant' as const),
          table: tableIn(message),
          role: role ?? undefined,
          at: timeOf(timestamp) ?? now.toISOString(),
        },
      ]
    })
}

/** Only Postgres's own lines are parsed. Those of other services quote their callers: a user agent, or what a function prints. */
function isUncodedViolation({ event_message: message, metadata }: z.infer<typeof event>): boolean {
  return metadata?.parsed != null && /^new row violates row-level security policy\b/.test(message)
}

/** `… for table "rewards"`, or `permission denied for table rewards`. */
function tableIn(message: string): string | undefined {
  const [, quoted, bare] =
    /for (?:table|relation|view|sequence) (?:"((?:[^"]|"")+)"|([\w.]+))/.exec(message) ?? []
  return quoted ?? bare
}

/** ISO text, or seconds, milliseconds or microseconds since 1970. */
function timeOf(timestamp: string | number | null | undefined): string | undefined {
  if (timestamp == null) return undefined
  const number =
    typeof timestamp === 'number' ? timestamp : /^\d+$/.test(timestamp) ? Number(timestamp) : undefined
  const scale = number === undefined ? 1 : number > 1e14 ? 1e-3 : number > 1e11 ? 1 : 1e3
  const at = new Date(number === undefined ? timestamp : number * scale)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}

/** The alerts of the violations, one for each table and minute: under attack there are thousands in a batch. */
export function alertsOf(denials: readonly Denial[]): { alert: Alert; delivery: string }[] {
  const violations = denials.filter(({ kind }) => kind === 'violation')
  const groups = Map.groupBy(
    violations,
    ({ table, at }) => `${table ?? 'an unnamed table'}\n${at.slice(0, 16)}`,
  )
  return [...groups].flatMap(([key, [first]]) => {
    if (!first) return []
    const table = first.table ?? 'an unnamed table'
    const role = first.role === undefined ? '' : ` by the role ${first.role}`
    const alert: Alert = {
      source: 'supabase',
      id: `row-level security ${table}`.slice(0, 200),
      title: oneLine(`Row-level security refused a write to ${table}${role}`, 200),
      severity: 'P1',
      component: null,
      at: first.at,
      url: null,
      by: null,
    }
    return [{ alert, delivery: key.replace('\n', ' ').slice(0, 300) }]
  })
}
