import { formatTime } from './calendar.ts'
import type { Mention } from './mentions.ts'
import type { NoticeOf } from './notice.ts'
import { type SlackMessageText, slackNames, toMessage } from './notice-blocks.ts'
import { authorOf, linksOf, personOf, pullLink } from './notice-parts.ts'
import { noticeText } from './notice-text.ts'
import { linesWithin, slackLines, slackLink, slackText } from './slack-escape.ts'

type Merged = NoticeOf<'merged'>
type Exception = NoticeOf<'exception'>
type Shown = { repository: Merged['repository']; pull: Merged['pull']; page?: string | undefined }

/**
 * What the one message of a change says. A reason that ends names the time at which it was so: another reason alone is worth no update,
 * and the message has to stay true without one. `page`: the page of the change on the board.
 */
export type Card =
  | (Shown & { kind: 'ready'; window: string | undefined })
  | (Shown & { kind: 'not ready'; why: string; more: number; at: string; zone: string })
  | (Shown & { kind: 'closed' })
  | { kind: 'merged'; notice: Merged; after: string[] }
  | { kind: 'bypassed'; notice: Exception & { pull: Merged['pull'] }; after: string[] }

/** Equal states need no update: times and titles alone are not worth one. */
export function stateOfCard(card: Card): string {
  return 'after' in card && card.after.length > 0 ? `${card.kind} +${card.after.length}` : card.kind
}

export function cardText(card: Card, mention: Mention): SlackMessageText {
  switch (card.kind) {
    case 'ready':
      return toMessage({
        headline: `🟢 Ready: ${pullLink(card.repository, card.pull)}`,
        facts: [
          ['Author', card.pull.author === undefined ? authorOf(card.pull) : mention(card.pull.author)],
          ['Release window', card.window === undefined ? undefined : slackText(card.window, 300)],
        ],
        links: pageLink(card),
      })
    case 'not ready':
      return toMessage({
        headline: `⏳ No longer ready: ${pullLink(card.repository, card.pull)}`,
        body: `At ${formatTime(new Date(card.at), card.zone)}: ${reasonIn(card)}`,
        links: pageLink(card),
      })
    case 'closed':
      return toMessage({
        headline: `✖️ Closed without a merge: ${pullLink(card.repository, card.pull)}`,
        links: pageLink(card),
      })
    case 'merged':
      return withAfter(noticeText(card.notice), card.after)
    case 'bypassed':
      return withAfter(bypassedText(card.notice), card.after)
  }
}

/** What the thread of the message says of its latest change; undefined where another message does. */
export function answerText(card: Card, mention: Mention): SlackMessageText | undefined {
  switch (card.kind) {
    case 'ready': {
      const { author } = card.pull
      return toMessage({
        headline: author === undefined ? 'Ready again.' : `${mention(author)}: ready again.`,
      })
    }
    case 'not ready':
      return toMessage({ headline: `No longer ready: ${reasonIn(card)}` })
    case 'closed':
      return toMessage({ headline: 'Closed without a merge.' })
    case 'merged':
      return card.after.length > 0 ? undefined : toMessage({ headline: mergedInWords(card.notice) })
    case 'bypassed':
      return undefined
  }
}

/** Several changes that became ready at about the same time, in one message. */
export function readyListText(
  cards: (Card & { kind: 'ready' })[],
  { at, zone }: { at: Date; zone: string },
  mention: Mention,
): SlackMessageText {
  const lines = cards.map(({ repository, pull }) => {
    const author = pull.author === undefined ? '' : ` (${mention(pull.author)})`
    return `${pullLink(repository, pull)}${author}`
  })
  return toMessage({
    headline: `🟢 ${cards.length} changes became ready, as of ${formatTime(at, zone)}`,
    body: linesWithin(lines),
  })
}

export function mergedInWords({ mergedBy, approvedBy }: Merged): string {
  return `Merged by ${personOf(mergedBy)}. Approved by ${slackNames(approvedBy)}.`
}

function bypassedText(notice: Exception & { pull: Merged['pull'] }): SlackMessageText {
  return toMessage({
    headline: `🚨 Bypassed the release gate: ${pullLink(notice.repository, notice.pull)}`,
    facts: [
      ['By', personOf(notice.by)],
      ['Author', authorOf(notice.pull)],
    ],
    links: linksOf(notice),
  })
}

function withAfter({ text, blocks }: SlackMessageText, after: string[]): SlackMessageText {
  if (after.length === 0) return { text, blocks }
  const lines = toMessage({ headline: slackLines(after, 1_000) })
  return { text: `${text}\n${lines.text}`, blocks: [...blocks, ...lines.blocks] }
}

function reasonIn({ why, more }: { why: string; more: number }): string {
  return `${slackText(why)}${more > 0 ? ` (+${more} more)` : ''}`
}

function pageLink({ page }: Shown): string[] {
  return page === undefined ? [] : [slackLink(page, 'Details')]
}
