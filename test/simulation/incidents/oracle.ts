/** What should become of an incident, said anew: it shares no code with the bot. All times are milliseconds since 1970. */

export type Severity = 'P0' | 'P1' | 'P2' | 'P3'
type Clock = 'First response' | 'Resolution'
type Part = { from: number; severity: Severity; due: Record<Clock, number> }
/** A time from which the steps of the escalation begin: an opening, another severity or a reopening. */
type Episode = { from: number; severity: Severity; due: number; isFirstPaged: boolean; to: number }

const minute = 60_000
export const targets: Record<Severity, Record<Clock, number>> = {
  P0: { 'First response': 15 * minute, Resolution: 240 * minute },
  P1: { 'First response': 60 * minute, Resolution: 480 * minute },
  P2: { 'First response': 240 * minute, Resolution: 1_440 * minute },
  P3: { 'First response': 1_440 * minute, Resolution: Number.POSITIVE_INFINITY },
}
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

export class ExpectedIncident {
  readonly happened: Kind[] = ['opened']
  private readonly parts: Part[]
  private readonly episodes: Episode[]
  private respondedAt = Number.POSITIVE_INFINITY
  private closed = 0
  private readonly closings: { from: number; to: number }[] = []
  private isAcknowledged = false
  private isMitigated = false

  readonly startedAt: number

  constructor(startedAt: number, severity: Severity) {
    this.startedAt = startedAt
    const due = (clock: Clock) => startedAt + targets[severity][clock]
    const dues = { 'First response': due('First response'), Resolution: due('Resolution') }
    this.parts = [{ from: startedAt, severity, due: dues }]
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
    const dueOf = (clock: Clock) =>
      raises
        ? Math.min(this.last.due[clock], at + targets[severity][clock])
        : this.startedAt + targets[severity][clock] + this.closed
    const due = { 'First response': dueOf('First response'), Resolution: dueOf('Resolution') }
    this.happened.push('severity')
    this.end(at)
    this.parts.push({ from: at, severity, due })
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
    const { due, severity } = this.last
    this.closed += at - closing.from
    const resumed = (clock: Clock) => due[clock] + (due[clock] <= closing.from ? 0 : at - closing.from)
    const dues = { 'First response': resumed('First response'), Resolution: resumed('Resolution') }
    this.parts.push({ from: at, severity, due: dues })
    this.episodes.push(this.episode(at, true))
  }

  /** The clocks that ran out by a time, each with the severity that it had. The same deadline runs out once, whatever the severity is then. */
  breached(now: number): string[] {
    return clocks.flatMap((clock) => this.breachedOf(clock, now)).sort()
  }

  private breachedOf(clock: Clock, now: number): string[] {
    const found: string[] = []
    let last: number | undefined
    for (const [index, { from, severity, due }] of this.parts.entries()) {
      const closing = this.closings.find((one) => one.from >= from)?.from ?? Number.POSITIVE_INFINITY
      const next = this.parts[index + 1]?.from ?? Number.POSITIVE_INFINITY
      const met = clock === 'First response' ? Math.min(this.respondedAt, closing) : closing
      const isOver = Math.max(due[clock], from) < Math.min(now, next, met)
      if (!isOver || due[clock] === last) continue
      last = due[clock]
      found.push(`${clock} for a ${severity}`)
    }
    return found
  }

  /** Who was paged by a time, once for each page. */
  paged(now: number): string[] {
    return this.episodes
      .flatMap(({ from, severity, due, isFirstPaged, to }) => {
        if (severity !== 'P0' && severity !== 'P1') return []
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
    const { severity, due } = this.last
    return { from, severity, due: due['First response'], isFirstPaged, to: Number.POSITIVE_INFINITY }
  }

  private end(at: number): void {
    const last = this.episodes.at(-1)
    if (last && last.to > at) last.to = at
  }
}
