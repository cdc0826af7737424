/** What should become of an incident, said anew: it shares no code with the bot. All times are milliseconds since 1970. */

export type Severity = 'P0' | 'P1' | 'P2' | 'P3'
type Clock = 'First response' | 'Resolution'
type Span = { from: number; to: number }
/** Service hours are from nine to nine on each day, business days from Monday to Friday, all in Los Angeles. */
type Target = { kind: 'elapsed' | 'service' | 'business'; length: number }
/** A deadline is the earliest of those that count from some time on under some severity. */
type Count = { from: number; severity: Severity }
type Part = { from: number; severity: Severity; counts: Count[] }
/** A time from which the steps of the escalation begin: an opening, another severity or a reopening. */
type Episode = { from: number; part: Part; isFirstPaged: boolean; to: number }

const hour = 3_600_000
const elapsed = (hours: number): Target => ({ kind: 'elapsed', length: hours * hour })
const service = (hours: number): Target => ({ kind: 'service', length: hours * hour })
const never = elapsed(Number.POSITIVE_INFINITY)
const targets: Record<Severity, Record<Clock, Target>> = {
  P0: { 'First response': elapsed(0.25), Resolution: elapsed(4) },
  P1: { 'First response': elapsed(1), Resolution: { kind: 'business', length: 24 * hour } },
  P2: { 'First response': service(2), Resolution: service(6) },
  P3: { 'First response': service(4), Resolution: never },
}
/** The same for the policy. */
export const clocksInPolicy = `  clocks:
    P0: { response: 15m, resolution: 4h }
    P1: { response: 1h, resolution: 1 business day }
    P2: { response: 2 service hours, resolution: 6 service hours }
    P3: { response: 4 service hours, resolution: none }
`

const order: Severity[] = ['P0', 'P1', 'P2', 'P3']
export const isHigher = (one: Severity, other: Severity) => order.indexOf(one) < order.indexOf(other)
const clocks: Clock[] = ['First response', 'Resolution']

export type Kind =
  | 'opened'
  | 'responded'
  | 'acknowledged'
  | 'mitigated'
  | 'resolved'
  | 'reopened'
  | 'severity'
  | 'proposed'
  | 'waiting'
  | 'resumed'

export class ExpectedIncident {
  readonly happened: Kind[] = ['opened']
  private readonly parts: Part[]
  private readonly episodes: Episode[]
  private readonly waits: Span[] = []
  private respondedAt = Number.POSITIVE_INFINITY
  private readonly closings: { from: number; to: number }[] = []
  private isAcknowledged = false
  private isMitigated = false

  readonly startedAt: number

  constructor(startedAt: number, severity: Severity) {
    this.startedAt = startedAt
    this.parts = [{ from: startedAt, severity, counts: [{ from: startedAt, severity }] }]
    this.episodes = [this.episode(startedAt, true)]
  }

  get severity(): Severity {
    return this.last.severity
  }

  get isResolved(): boolean {
    return this.closings.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  get hasResponse(): boolean {
    return this.respondedAt !== Number.POSITIVE_INFINITY
  }

  respond(at: number): void {
    if (this.hasResponse) return
    this.respondedAt = at
    this.happened.push('responded')
  }

  acknowledge(): void {
    if (!this.isAcknowledged) this.happened.push('acknowledged')
    this.isAcknowledged = true
  }

  mitigate(): void {
    if (!this.isMitigated) this.happened.push('mitigated')
    this.isMitigated = true
  }

  propose(): void {
    this.happened.push('proposed')
  }

  change(at: number, severity: Severity): void {
    if (severity === this.severity) return
    const raises = isHigher(severity, this.severity)
    const counts = raises
      ? [...this.last.counts, { from: at, severity }]
      : [{ from: this.startedAt, severity }]
    this.happened.push('severity')
    this.end(at)
    this.parts.push({ from: at, severity, counts })
    this.episodes.push(this.episode(at, raises))
  }

  resolve(at: number): void {
    this.happened.push('resolved')
    this.closings.push({ from: at, to: Number.POSITIVE_INFINITY })
    this.end(at)
  }

  reopen(at: number): void {
    const closing = this.closings.at(-1)
    if (!closing) throw new Error('It was never closed')
    closing.to = at
    this.happened.push('reopened')
    this.isMitigated = false
    this.parts.push({ ...this.last, from: at })
    this.episodes.push(this.episode(at, true))
  }

  get isWaiting(): boolean {
    return this.waits.at(-1)?.to === Number.POSITIVE_INFINITY
  }

  /** The label `waiting-for-customer` is set, or taken off. */
  wait(at: number): void {
    const last = this.waits.at(-1)
    this.happened.push(this.isWaiting ? 'resumed' : 'waiting')
    if (last && this.isWaiting) last.to = at
    else this.waits.push({ from: at, to: Number.POSITIVE_INFINITY })
  }

  /** The clocks that ran out by a time, each with the severity that it had. The same deadline runs out once, whatever the severity is then. */
  breached(now: number): string[] {
    return clocks.flatMap((clock) => this.breachedOf(clock, now)).sort()
  }

  private breachedOf(clock: Clock, now: number): string[] {
    const found: string[] = []
    const stopped = this.stopped(clock, now)
    let last: number | undefined
    for (const [index, part] of this.parts.entries()) {
      const due = this.due(clock, part, now)
      const next = this.parts[index + 1]?.from ?? Number.POSITIVE_INFINITY
      if (part.from > stopped || due >= Math.min(next, stopped) || due === last) continue
      last = due
      found.push(`${clock} for a ${part.severity}`)
    }
    return found
  }

  /** When a clock stopped, or now. */
  private stopped(clock: Clock, now: number): number {
    const closing = this.isResolved ? (this.closings.at(-1)?.from ?? now) : now
    const met = clock === 'First response' ? this.respondedAt : now
    return Math.min(now, closing, met)
  }

  private due(clock: Clock, { counts }: Part, now: number): number {
    const stopped = this.stopped(clock, now)
    const until = (spans: Span[], end: number) =>
      spans.filter(({ from }) => from < end).map(({ from, to }) => ({ from, to: Math.min(to, end) }))
    const dues = counts.map(({ from, severity }, index) => {
      const target = targets[severity][clock]
      const elapsed = counts.slice(index).find((later) => targets[later.severity][clock].kind === 'elapsed')
      const pauses = until(this.waits, Math.min(stopped, elapsed?.from ?? stopped))
      return usedUp(from, target, [...until(this.closings, stopped), ...pauses])
    })
    return Math.min(...dues)
  }

  /** Who was paged by a time, once for each page. */
  paged(now: number): string[] {
    return this.episodes
      .flatMap(({ from, part, isFirstPaged, to }) => {
        if (part.severity !== 'P0' && part.severity !== 'P1') return []
        const due = this.due('First response', part, Math.min(now, to))
        const isOn = (at: number) => at <= now && at < to && this.respondedAt > at
        const half = from + Math.max(0, due - from) / 2
        const over = from + Math.max(0, due - from) + 1
        return [
          ...(isFirstPaged ? ['on_call'] : []),
          ...(isOn(half) ? ['lead'] : []),
          ...(isOn(over) ? ['lead', 'on_call'] : []),
        ]
      })
      .sort()
  }

  private get last(): Part {
    const last = this.parts.at(-1)
    if (!last) throw new Error('It has no severity')
    return last
  }

  private episode(from: number, isFirstPaged: boolean): Episode {
    return { from, part: this.last, isFirstPaged, to: Number.POSITIVE_INFINITY }
  }

  private end(at: number): void {
    const last = this.episodes.at(-1)
    if (last && last.to > at) last.to = at
  }
}

/** Goes from one time to the next at which it may begin or cease to count. */
function usedUp(start: number, { kind, length }: Target, excluded: Span[]): number {
  if (length === Number.POSITIVE_INFINITY) return length
  let [at, left] = [start, length]
  for (;;) {
    const edges = [nextEdge(at), ...excluded.flatMap(({ from, to }) => [from, to])]
    const next = Math.min(...edges.filter((edge) => edge > at))
    if (counts(kind, at) && !excluded.some(({ from, to }) => from <= at && at < to)) {
      if (at + left <= next) return at + left
      left -= next - at
    }
    at = next
  }
}

const inLosAngeles = (at: number) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO('America/Los_Angeles')

function counts(kind: Target['kind'], at: number): boolean {
  if (kind === 'elapsed') return true
  const { hour, dayOfWeek } = inLosAngeles(at)
  return kind === 'service' ? hour >= 9 && hour < 21 : dayOfWeek <= 5
}

function nextEdge(at: number): number {
  const today = inLosAngeles(at).startOfDay()
  const edges = [9, 21, 24].map((hours) => today.add({ hours }).epochMilliseconds)
  return edges.find((edge) => edge > at) ?? at + hour
}
