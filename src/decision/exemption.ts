import { formatTime } from './calendar.ts'
import { code, short } from './markdown.ts'
import type { Snapshot } from './snapshot.ts'

type Facts = Pick<Snapshot, 'exemption' | 'pull' | 'head' | 'base' | 'takenAt'>

/** Whether freezes do not apply: two people exempted this very content, and the time has not passed. */
export function isExempt(facts: Facts): boolean {
  const { exemption, takenAt } = facts
  if (!exemption?.confirmed || whyVoid(facts) !== undefined) return false
  const now = Date.parse(takenAt)
  return Date.parse(exemption.confirmed.at) <= now && now < Date.parse(exemption.until)
}

/** What the check says about an exemption. `lasting` is true after its time, too. */
type ExemptionNote = { note: string; lasting: string }

/** Undefined where there is none, or its time has passed. */
export function exemptionNote(facts: Facts, zone: string): ExemptionNote | undefined {
  const { exemption, takenAt } = facts
  if (!exemption || Date.parse(exemption.until) <= Date.parse(takenAt)) return undefined
  const { by, reason, until, confirmed } = exemption
  const why = whyVoid(facts)
  if (why !== undefined) return always(`The exemption from freezes by ${code(by)} does not count: ${why}.`)
  const what = `until ${formatTime(new Date(until), zone)}: ${code(reason, 140)}.`
  if (!confirmed)
    return always(`${code(by)} requested an exemption from freezes ${what} ${confirmation(facts)}`)
  const people = `${code(by)} and ${code(confirmed.by)}`
  return {
    note: `Exempt from freezes by ${people} ${what}`,
    lasting: `${people} exempted this change from freezes ${what}`,
  }
}

function always(note: string): ExemptionNote {
  return { note, lasting: note }
}

function confirmation({ exemption, pull }: Facts): string {
  const { owner, repo, number } = pull
  if (exemption?.order === undefined) return 'It counts once a second person confirms it before then.'
  return `It counts once a second person confirms it before then: ${code(`release-gate exempt ${owner}/${repo}#${number} --confirm ${exemption.order}`, 160)}.`
}

/** It was given for one content. A push or another base brings other content, which nobody has exempted. */
function whyVoid({ exemption, head, base }: Facts): string | undefined {
  if (!exemption) return undefined
  if (exemption.head !== head.sha)
    return `it was given for commit ${short(exemption.head)}, before the last push`
  if (exemption.base !== undefined && exemption.base !== base.ref)
    return `it was given for a merge into ${code(exemption.base)}`
  const moved = base.changed
  return moved && Date.parse(moved.at) >= Date.parse(exemption.at)
    ? 'it was given before the base branch was changed'
    : undefined
}
