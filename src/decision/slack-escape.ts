import { oneLine } from './markdown.ts'

/**
 * Text that people wrote, for Slack: on one line, without deceptive characters, truncated by code point, then escaped. Only
 * `&`, `<` and `>` have a meaning of their own, so a forged `<!channel>` or `<url|text>` shows as text:
 * https://docs.slack.dev/messaging/formatting-message-text/#escaping.
 *
 * Slack has no escape for `*`, `_`, `~` and backticks. They can change how their own text object looks and nothing else, so
 * user-supplied texts never share a line of a message with our own formatting.
 */
export function slackText(text: string, limit = 150): string {
  return escaped(oneLine(text, limit))
}

/** A link with a text that people wrote. An address that is neither http nor https is left out, its text stays. */
export function slackLink(url: string, text: string, limit = 150): string {
  const address = slackAddress(url)
  // With an empty text, Slack would show the bare URL.
  const shown = slackText(text, limit) || 'link'
  return address === undefined ? shown : `<${address}|${shown}>`
}

function slackAddress(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, href } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return undefined
  return href.replace(/[|<>]/g, encodeURIComponent).replaceAll('&', '&amp;')
}

/** One line each, as many as fit into `limit` characters; what does not fit is counted. */
export function slackLines(items: string[], limit = 2_500): string {
  return linesWithin(
    items.map((item) => slackText(item, 300)),
    limit,
  )
}

/** The same for lines that are escaped already. */
export function linesWithin(items: string[], limit = 2_500): string {
  const lines: string[] = []
  let left = limit
  for (const item of items) {
    const line = `• ${item}`
    left -= line.length + 1
    if (left < 0) break
    lines.push(line)
  }
  const rest = items.length - lines.length
  return [...lines, ...(rest > 0 ? [`• and ${rest} more`] : [])].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
