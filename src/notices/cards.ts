import { weekInWords } from '../decision/calendar/week-in-words.ts'
import { answerText, type Card, cardText, readyListText, stateOfCard } from '../decision/change-card.ts'
import { type Mention, nobodyMentioned } from '../decision/mentions.ts'
import type { Notice } from '../decision/notice.ts'
import type { SlackMessageText } from '../decision/notice-blocks.ts'
import { effectiveGates } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import { readinessOf } from '../decision/readiness.ts'
import { withButtons } from '../decision/slack-buttons.ts'
import type { PullRef } from '../decision/snapshot.ts'
import { isUnchangeable } from '../services/slack.ts'
import {
  type ChangeCard,
  changeCard,
  dropUnpostedCard,
  postedSince,
  saveAnswered,
  saveCard,
  saveListed,
  saveMove,
  unpostedCards,
} from '../store/change-cards.ts'
import { landingOf } from '../store/landings.ts'
import { retryAfterError } from '../store/retry-after-error.ts'
import { latestVerdict, type StoredVerdict } from '../store/verdicts.ts'
import { dayThread } from './day-thread.ts'
import { mentionFor } from './people.ts'
import { type Connected, postOnce, update, withNoticeLease } from './posting.ts'

/**
 * `web`: where people read GitHub; `board`: the board's address, where people can open it. `redact` hides secrets in what people wrote.
 */
export type CardShell = Connected & {
  web: string
  board?: string | undefined
  redact: <Value>(value: Value) => Value
  /** Whether presses of buttons are taken. */
  buttons?: boolean | undefined
}

type SlackPolicy = NonNullable<Policy['slack']>
/** A change, and what the policy of its repository says of Slack. */
export type Target = { pull: PullRef; slack: SlackPolicy; zone: string }

/** So many changes are announced one by one in five minutes; more are gathered in one message. */
const most = 5
const gathering = 5 * 60_000

/**
 * Brings the one message of a change to what is so now: it is posted when the change is ready, and updated as that changes, with an answer
 * in its thread. Safe to repeat: what is shown already is neither posted nor updated.
 */
export function showChange(shell: CardShell, target: Target, signal: AbortSignal): Promise<void> {
  return withCardLease(shell, target.pull, async () => {
    const card = await cardOf(shell, target.pull)
    const row = await changeCard(shell.database, target.pull)
    if (!card || !row) return
    if (row.ts !== null) {
      const silent = (await dayThread(shell, target)) !== undefined
      return updateCard(shell, target, { card, row, silent }, signal)
    }
    if (card.kind === 'ready')
      return row.listedAt ? undefined : introduce(shell, { ...target, card, row }, signal)
    await dropUnpostedCard(shell.database, target.pull)
  })
}

export function withCardLease<Result>(
  shell: Connected,
  { repositoryId, number }: Pick<PullRef, 'repositoryId' | 'number'>,
  work: () => Promise<Result>,
): Promise<Result> {
  return withNoticeLease(shell, `change card ${repositoryId}/${number}`, work)
}

/** Updates the message and answers in its thread, unless the answer is given elsewhere; each is done once. The caller is alone with it. */
export async function updateCard(
  shell: CardShell,
  { pull, slack, zone }: Target,
  { card, row, silent = false }: { card: Card; row: ChangeCard; silent?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { database } = shell
  const { channel, ts } = row
  if (channel === null || ts === null) return
  const mention = await mentionFor(shell, slack.people, authorIn(card), signal)
  let { moves } = row
  if (row.shown !== stateOfCard(card)) {
    try {
      await update(shell, { channel, ts }, messageOf(shell, card, mention), signal)
    } catch (error) {
      if (!isUnchangeable(error)) throw error
      return replace(shell, { pull, slack, zone }, { card, row }, signal)
    }
    await saveMove(database, pull, stateOfCard(card))
    moves += 1
  }
  if (row.answered >= moves) return
  const message = answerText(card, mention)
  const key = `card/${pull.repositoryId}/${pull.number}/${ts}/${moves}`
  if (message && !silent) await postOnce(shell, { key, channel, message, thread: ts }, signal)
  await saveAnswered(database, pull, moves)
}

/** The message was deleted, or can't be changed anymore: what is so now is posted as a new one. */
async function replace(
  shell: CardShell,
  { pull, slack }: Target,
  { card, row }: { card: Card; row: ChangeCard },
  signal: AbortSignal,
): Promise<void> {
  const key = `card/${pull.repositoryId}/${pull.number}/${row.ts} replaced`
  const message = messageOf(shell, card, nobodyMentioned)
  const posted = await postOnce(shell, { key, channel: slack.channel, message }, signal)
  await saveCard(shell.database, pull, { ...posted, shown: stateOfCard(card), at: shell.now() })
}

type ReadyCard = Card & { kind: 'ready' }
type Ready = Target & { card: ReadyCard; row: ChangeCard }

/** The first message of a change, or one for many where many became ready at about the same time. */
async function introduce(
  shell: CardShell,
  { pull, slack, zone, card, row }: Ready,
  signal: AbortSignal,
): Promise<void> {
  const { database, now } = shell
  const told = await postedSince(database, pull, new Date(now().getTime() - gathering))
  if (told[0] && told.length >= most)
    throw retryAfterError(
      new Date(told[0].getTime() + gathering),
      'many changes became ready, so the others are gathered',
    )
  const untold = await unpostedCards(database, pull, 200)
  if (told.length + untold.length > most) return gather(shell, { pull, slack, zone }, untold, signal)
  const mention = await mentionFor(shell, slack.people, authorIn(card), signal)
  const key = `card/${pull.repositoryId}/${pull.number}/${row.askedAt.toISOString()}`
  const posted = await postOnce(
    shell,
    { key, channel: slack.channel, message: messageOf(shell, card, mention) },
    signal,
  )
  await saveCard(database, pull, { ...posted, shown: stateOfCard(card), at: now() })
}

/** An open change has a button that says why it can be merged or not. */
function messageOf({ buttons }: CardShell, card: Card, mention: Mention): SlackMessageText {
  const message = cardText(card, mention)
  if (!buttons || (card.kind !== 'ready' && card.kind !== 'not ready')) return message
  const { owner, repo } = card.repository
  return withButtons(message, [{ kind: 'why', repository: `${owner}/${repo}`, number: card.pull.number }])
}

async function gather(
  shell: CardShell,
  { pull, slack, zone }: Target,
  untold: { number: number; askedAt: Date }[],
  signal: AbortSignal,
): Promise<void> {
  const { database, now } = shell
  const cards: ReadyCard[] = []
  const asked: number[] = []
  for (const { number, askedAt } of untold) {
    const card = await cardOf(shell, { ...pull, number })
    if (card?.kind === 'ready') {
      cards.push(card)
      asked.push(askedAt.getTime())
    } else await dropUnpostedCard(database, { ...pull, number })
  }
  if (cards.length === 0) return
  const mention = await mentionFor(shell, slack.people, cards.flatMap(authorIn), signal)
  const message = readyListText(cards, { at: now(), zone }, mention)
  const shown = cards.map((card) => card.pull.number)
  const since = new Date(Math.max(...asked)).toISOString()
  const key = `card/${pull.repositoryId}/list ${since} ${shown.join(' ')}`
  await postOnce(shell, { key, channel: slack.channel, message }, signal)
  await saveListed(database, pull, shown, now())
}

function authorIn(card: Card): string[] {
  const { author } = 'notice' in card ? card.notice.pull : card.pull
  return author === undefined ? [] : [author]
}

/** What is so now: the merge where it is recorded, else what the facts that were read last say. Undefined: not known yet. */
async function cardOf(shell: CardShell, pull: PullRef): Promise<Card | undefined> {
  const { database, redact } = shell
  const landing = await landingOf(database, { repository: pull, key: `#${pull.number}` })
  if (landing) {
    const after = (await changeCard(database, pull))?.after ?? []
    return redact(mergedCard(landing.notice, after))
  }
  const verdict = await latestVerdict(database, pull)
  return verdict && redact(openCard(verdict, shell))
}

export function mergedCard(notice: Notice, after: string[]): Card | undefined {
  if (notice.kind === 'merged') return { kind: 'merged', notice, after }
  if (notice.kind !== 'exception' || !notice.pull) return undefined
  return { kind: 'bypassed', notice: { ...notice, pull: notice.pull }, after }
}

function openCard(
  verdict: StoredVerdict,
  { web, board }: Pick<CardShell, 'web' | 'board'>,
): Card | undefined {
  const { pull, snapshot, counts, decidedAt } = verdict
  const { installationId, repositoryId, owner, repo, number } = pull
  if (snapshot.state === 'merged') return undefined
  const window = effectiveGates(verdict).release_window
  const shown = {
    repository: { installationId, repositoryId, owner, repo },
    pull: {
      number,
      title: snapshot.title,
      url: `${web}/${owner}/${repo}/pull/${number}`,
      ...(snapshot.author ? { author: snapshot.author.login } : {}),
    },
    ...(board === undefined ? {} : { page: `${board}/changes/${owner}/${repo}/${number}` }),
  }
  if (snapshot.state === 'closed') return { kind: 'closed', ...shown }
  const readiness = counts ? readinessOf(verdict) : uncovered
  if (readiness.ready) return { kind: 'ready', ...shown, window: window && weekInWords(window) }
  const { why, more } = readiness
  return {
    kind: 'not ready',
    ...shown,
    why,
    more,
    at: decidedAt.toISOString(),
    zone: window?.time_zone ?? 'UTC',
  }
}

const uncovered = { ready: false, why: 'The policy does not cover its base branch', more: 0 } as const
