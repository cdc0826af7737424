import { list } from './markdown.ts'
import { slackText } from './slack-escape.ts'

/** The parts of a message, before it is converted to Slack's format. Whoever builds a part escapes it. */
export type Draft = {
  headline: string
  /** A label and a value, shown in two columns; undefined values are left out. */
  facts?: [label: string, value: string | undefined][]
  /** Longer text below. */
  body?: string | undefined
  /** More texts, each with a block of its own. */
  sections?: string[]
  /** Links on the last line. */
  links?: (string | undefined)[]
}

/** What `chat.postMessage` takes: the text is for notifications and for readers without blocks. */
export type SlackMessageText = { text: string; blocks: object[] }

/**
 * Each piece of text has an object of its own, so that marks within one cannot reach into another. `verbatim`: Slack makes
 * no links and no mentions of its own out of what it finds. https://docs.slack.dev/reference/block-kit/blocks/
 */
export function toMessage({
  headline,
  facts = [],
  body,
  sections = [],
  links = [],
}: Draft): SlackMessageText {
  const told = facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
  const linked = links.filter((link) => link !== undefined)
  const blocks = [
    { type: 'section', text: mrkdwn(headline) },
    ...(told.length > 0
      ? [{ type: 'section', fields: told.map(([label, value]) => mrkdwn(`*${label}*\n${value}`)) }]
      : []),
    ...[...(body === undefined ? [] : [body]), ...sections].map((text) => ({
      type: 'section',
      text: mrkdwn(text),
    })),
    ...(linked.length > 0 ? [{ type: 'context', elements: linked.map(mrkdwn) }] : []),
  ]
  const lines = [headline, ...told.map(([label, value]) => `${label}: ${value}`), body, ...sections]
  return { text: lines.filter((line) => line !== undefined).join('\n'), blocks }
}

function mrkdwn(text: string): object {
  return { type: 'mrkdwn', text, verbatim: true }
}

/** `ana`, `ana and ben`: as many as a field of Slack holds; what does not fit is counted. */
export function slackNames(logins: string[]): string {
  const names = logins.map((login) => slackText(login, 60))
  const fitting = names.filter((_, index) => names.slice(0, index + 1).join(', ').length <= 1_500)
  const rest = names.length - fitting.length
  return list(rest > 0 ? [...fitting, `${rest} more`] : fitting) || 'nobody'
}
