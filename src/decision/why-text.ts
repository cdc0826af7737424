import { awaitedFor } from './awaited.ts'
import { nobodyMentioned } from './mentions.ts'
import { type SlackMessageText, toMessage } from './notice-blocks.ts'
import type { Policy } from './policy.ts'
import { linesWithin, slackLink, slackText } from './slack-escape.ts'
import type { Snapshot } from './snapshot.ts'
import { decide } from './verdict.ts'

type Facts = { snapshot: Snapshot; policy: Policy | undefined }

const marks = { passed: '✅', waiting: '⏳', failed: '❌' } as const

/** Why a pull request can be merged or not, for whoever asks: each gate, and for whom it waits. */
export function whyText(facts: Facts, page: string): SlackMessageText {
  const { pull, title } = facts.snapshot
  const headline = `${slackLink(page, `${pull.owner}/${pull.repo}#${pull.number}`)} ${slackText(title)}`
  if (!facts.policy) return toMessage({ headline, body: 'The policy is invalid, so nothing can be merged.' })
  const { findings } = decide(facts.snapshot, facts.policy)
  const lines = findings.map(
    ({ state, gateTitle, title: found }) => `${marks[state]} ${gateTitle}: ${slackText(found)}`,
  )
  const awaited = awaitedFor(
    facts,
    findings.filter(({ state }) => state !== 'passed'),
  )
  return toMessage({
    headline,
    body: linesWithin(lines),
    sections: awaited.length === 0 ? [] : [`Waiting for ${awaited.map(nobodyMentioned).join(', ')}`],
  })
}
