import { html } from 'hono/html'

export type Markup = ReturnType<typeof html>

/**
 * A sentence of a finding as HTML. Texts that people wrote stand in code spans there (`code` in src/decision/markdown.ts), so code
 * spans and bold names are all the Markdown that is read; everything else is shown as it is written.
 */
export function inlineMarkdown(text: string): Markup {
  const parts: Markup[] = []
  let from = 0
  for (const { opening, closing } of codeSpans(text)) {
    const inside = unpadded(text.slice(opening.end, closing.start)).replaceAll('\\|', '|')
    parts.push(...boldIn(text.slice(from, opening.start)), html`<code>${inside}</code>`)
    from = closing.end
  }
  return html`${[...parts, ...boldIn(text.slice(from))]}`
}

/** A run of backticks. */
type Run = { start: number; end: number }

/** The code spans of a text, in its order: each closes at the next run that is as long as the one that opens it. */
function codeSpans(text: string): { opening: Run; closing: Run }[] {
  const runs = [...text.matchAll(/`+/g)].map(({ 0: run, index }) => ({
    start: index,
    end: index + run.length,
  }))
  const closings = closingRuns(runs)
  const spans: { opening: Run; closing: Run }[] = []
  let over = 0
  for (const opening of runs) {
    const closing = opening.start < over ? undefined : closings.get(opening)
    if (!closing) continue
    spans.push({ opening, closing })
    over = closing.end
  }
  return spans
}

/** For each run, the next one of its length. One pass from the end, since a search for each run takes seconds on a long text. */
function closingRuns(runs: Run[]): Map<Run, Run | undefined> {
  const next = new Map<number, Run>()
  const closings = new Map<Run, Run | undefined>()
  for (const run of runs.toReversed()) {
    const length = run.end - run.start
    closings.set(run, next.get(length))
    next.set(length, run)
  }
  return closings
}

/** Without the spaces that keep a backtick of the text apart from the fence. */
function unpadded(code: string): string {
  const isPadded = code.startsWith(' ') && code.endsWith(' ') && /[^ ]/.test(code)
  return isPadded ? code.slice(1, -1) : code
}

function boldIn(text: string): Markup[] {
  return text
    .split(/(\*\*[^*]+\*\*)/)
    .filter((part) => part !== '')
    .map((part) =>
      /^\*\*[^*]+\*\*$/.test(part) ? html`<strong>${part.slice(2, -2)}</strong>` : html`${part}`,
    )
}
