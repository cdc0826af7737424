import { html } from 'hono/html'

export type Markup = ReturnType<typeof html>

/**
 * A sentence of a finding as HTML. Texts that people wrote stand in code spans there (`code` in src/decision/markdown.ts), so code
 * spans and bold names are all the Markdown that is read; everything else is shown as it is written.
 */
export function inlineMarkdown(text: string): Markup {
  const parts: Markup[] = []
  let rest = text
  for (;;) {
    const [before, fence, code, after] = firstSpan(rest)
    parts.push(...boldIn(before))
    if (fence === undefined) return html`${parts}`
    parts.push(html`<code>${unpadded(code).replaceAll('\\|', '|')}</code>`)
    rest = after
  }
}

/** The text before the first code span, its fence, what stands in it, and the text after it. */
function firstSpan(text: string): [string, string | undefined, string, string] {
  for (const { 0: fence, index } of text.matchAll(/`+/g)) {
    const from = index + fence.length
    const closing = [...text.slice(from).matchAll(/`+/g)].find(([run]) => run === fence)
    if (closing) {
      const end = from + closing.index
      return [text.slice(0, index), fence, text.slice(from, end), text.slice(end + fence.length)]
    }
  }
  return [text, undefined, '', '']
}

/** The spaces that keep a backtick of the text apart from the fence. */
function unpadded(code: string): string {
  return /^ .*[^ ].* $/s.test(code) ? code.slice(1, -1) : code
}

function boldIn(text: string): Markup[] {
  return text
    .split(/(\*\*[^*]+\*\*)/)
    .filter((part) => part !== '')
    .map((part) =>
      /^\*\*[^*]+\*\*$/.test(part) ? html`<strong>${part.slice(2, -2)}</strong>` : html`${part}`,
    )
}
