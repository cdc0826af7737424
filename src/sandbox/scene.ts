import { formatTimeShort } from '../decision/calendar.ts'
import type { Narrator } from './narrator.ts'
import type { ShownCheck, Stage } from './stage.ts'
import type { Change, Workshop } from './workshop.ts'

/** The check as it stands, which must have this title and state; otherwise the story stops. */
async function expectCheck(
  shop: Workshop,
  sha: string,
  expected: { title: RegExp; conclusion?: 'success' | 'failure' },
): Promise<ShownCheck> {
  const check = await shop.check({ sha })
  if (!check) throw new Error(`The story expected a check on ${sha.slice(0, 7)}, and there is none.`)
  if (!expected.title.test(check.title) || (check.conclusion ?? undefined) !== expected.conclusion) {
    throw new Error(
      `The story expected ${expected.title} (${expected.conclusion ?? 'in progress'}), and the check says ` +
        `"${check.title}" (${check.conclusion ?? check.status}).\n${check.summary}`,
    )
  }
  return check
}

/** Stops the story if something is not as described. */
export function expectReported(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The story expected that ${what}, and it is not so.`)
}

/** Narrates and shows one repository. */
export function sceneIn(stage: Stage, shop: Workshop, tell: Narrator): Scene {
  return {
    async at(time, text) {
      const moment = new Date(time)
      await stage.moveTo(moment)
      tell.scene(formatTimeShort(moment, 'America/Los_Angeles'), text)
    },
    async show(change, expected) {
      tell.check(await expectCheck(shop, change.sha, expected), `${shop.name}#${change.number}`)
    },
    async refused(login, change) {
      const answer = await shop.merge(login, change)
      expectReported(answer !== undefined, `GitHub refuses to merge #${change.number}`)
      tell.line(
        `${login} tries to merge #${change.number}. GitHub refuses: "${(answer ?? '').replace(/\s*\n\s*/g, ': ')}"`,
      )
    },
    async merged(login, change) {
      const answer = await shop.merge(login, change)
      expectReported(answer === undefined, `#${change.number} merges, but GitHub says "${answer}"`)
      tell.line(`${login} merges #${change.number}. GitHub lets it through.`)
      const heard = await mergeInSlack(stage, `|${shop.name}#${change.number}>`)
      expectReported(heard !== undefined, `Slack hears of the merge of #${change.number}`)
      tell.line(`Slack, #releases: ${asRead(heard?.text ?? '')}`)
      // One message a second: the thread of the day names it a moment later.
      await stage.moveTo(new Date(stage.now().getTime() + 2_000))
    },
    async posted(mark) {
      tell.line(`Slack, #releases: ${asRead(messageWith(stage, mark).text)}`)
    },
    async replies(mark) {
      const { ts } = messageWith(stage, mark)
      const replies = stage.slack.messages.filter(({ threadTs }) => threadTs === ts)
      expectReported(replies.length > 0, 'the release day has a thread in Slack')
      for (const { text } of replies) tell.line(`↳ ${asRead(text)}`)
    },
    async owed({ number }) {
      const labels = 'urgent-review'
      const { data } = await stage.as('eva').rest.issues.listForRepo({ ...shop.repository, labels })
      const issue = data.find(({ title }) => title.includes(`#${number} `))
      expectReported(issue !== undefined, `an issue asks for the review of #${number}`)
      const due = /Due [^.\n]*/.exec(issue?.body ?? '')?.[0] ?? ''
      tell.line(`The bot opens #${issue?.number}, "${issue?.title}". ${due}.`)
    },
  }
}

/** A channel gets one message a second, so the merge is named once those before it have had their turn. */
async function mergeInSlack(stage: Stage, link: string) {
  const find = () =>
    stage.slack.messages.find(({ text }) => text.startsWith('✅ Merged') && text.includes(link))
  for (let seconds = 0; seconds < 20 && !find(); seconds += 1)
    await stage.moveTo(new Date(stage.now().getTime() + 1_000))
  return find()
}

/** The message of the channel that begins with a mark. */
function messageWith(stage: Stage, mark: string) {
  const found = stage.slack.messages.find(({ text }) => text.startsWith(mark))
  if (!found) throw new Error(`The story expected a message in Slack that begins with ${mark}.`)
  return found
}

/** A message as its reader sees it: links by their words, lines beside each other. */
function asRead(text: string): string {
  return text
    .replace(/<[^|>]+\|([^>]+)>/g, '$1')
    .replaceAll('*', '')
    .split('\n')
    .join(' · ')
}

export type Scene = {
  at: (time: string, text: string) => Promise<void>
  show: (change: Change, expected: { title: RegExp; conclusion?: 'success' | 'failure' }) => Promise<void>
  refused: (login: string, change: Change) => Promise<void>
  merged: (login: string, change: Change) => Promise<void>
  /** The message in Slack that begins with a mark, and the replies in its thread. */
  posted: (mark: string) => Promise<void>
  replies: (mark: string) => Promise<void>
  /** The deferred review of an urgent merge. */
  owed: (change: Change) => Promise<void>
}
