import { type Block, openSpans, type Schedule, type Span } from './open-spans.ts'
import { week } from './wall-clock.ts'

/** An answer in milliseconds, and the span in which every instant has the same one. */
export type CalendarAnswer = {
  valid: Span
  open: boolean
  opensAt: number | undefined
  closesAt: number | undefined
  freeze: Block | undefined
  holiday: Block | undefined
}

/** How far to look on either side, in weeks; the next window is nearly always within the first. */
const reaches = [2, 12, 60, Number.POSITIVE_INFINITY]

/**
 * Looks ever further until the answer does not touch the edge of the range. The last range depends on
 * the calendar year alone, so that the answer is the same whichever instant of a span is asked about first.
 */
export function findWindowAround(schedule: Schedule, at: number): CalendarAnswer {
  const year = new Date(at).getUTCFullYear()
  const sameYear = { from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) }
  const farthest = { from: Date.UTC(year - 2, 0, 1), to: Date.UTC(year + 3, 0, 1) }
  for (const weeks of reaches) {
    const from = Math.max(at - weeks * week, farthest.from)
    const to = Math.min(at + weeks * week, farthest.to)
    const { answer, settled } = look(schedule, at, { from, to }, sameYear)
    if (settled || !Number.isFinite(weeks)) return answer
  }
  throw new Error('unreachable: the last reach is infinite')
}

function look(
  schedule: Schedule,
  at: number,
  range: Span,
  sameYear: Span,
): { answer: CalendarAnswer; settled: boolean } {
  const { stretches, blocks } = openSpans(schedule, range)
  const shown = stretches.find((stretch) => at < stretch.to)
  const opensAt = shown && shown.from > range.from ? shown.from : undefined
  const closesAt = shown && shown.to < range.to ? shown.to : undefined
  const inForce = blocks.filter((block) => covers(block, at)).sort((a, b) => b.to - a.to)
  const answer = {
    valid: around(at, [range, sameYear, ...stretches, ...blocks]),
    open: shown !== undefined && covers(shown, at),
    opensAt,
    closesAt,
    freeze: inForce.find((block) => 'freeze' in block),
    holiday: inForce.find((block) => 'holiday' in block),
  }
  return { answer, settled: opensAt !== undefined && closesAt !== undefined }
}

export function covers(span: Span, at: number): boolean {
  return span.from <= at && at < span.to
}

/** From the last edge of the spans to the next one. */
function around(at: number, spans: Span[]): Span {
  const edges = spans.flatMap(({ from, to }) => [from, to])
  return {
    from: edges.reduce((last, edge) => (edge <= at ? Math.max(last, edge) : last), Number.NEGATIVE_INFINITY),
    to: edges.reduce((next, edge) => (edge > at ? Math.min(next, edge) : next), Number.POSITIVE_INFINITY),
  }
}
