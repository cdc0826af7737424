import { formatTime } from '../calendar.ts'
import { postMortemDue } from '../clocks/clocks.ts'
import { code, hasWords, headingKey, oneLine, withoutHtmlComments } from '../markdown.ts'
import type { IncidentChange } from './changes.ts'
import type { IncidentFacts } from './facts.ts'
import type { Incident } from './incident.ts'
import type { IncidentSettings } from './settings.ts'

export const postMortemLabel = 'post-mortem'

/** The headings that must be filled before a post-mortem is done. */
export const postMortemHeadings = [
  'Timeline',
  'Impact',
  'Causes',
  'Actions',
  'Which regression case would have caught it',
] as const

const hints: Record<(typeof postMortemHeadings)[number], string> = {
  Timeline: '',
  Impact: 'How many diners and restaurants, and for how long. Counts, not names.',
  Causes: 'What made it possible, and what made it last.',
  Actions: 'One line each, with its owner.',
  'Which regression case would have caught it': 'The case and the suite, or why none could.',
}

/** Whether an incident needs a post-mortem: a P0, once it is resolved. */
export function needsPostMortem({ state, severity }: Pick<Incident, 'state' | 'severity'>): boolean {
  return state === 'resolved' && severity === 'P0'
}

/** When it is due: 72 hours after the incident was resolved, or after it was declared. */
export function postMortemDueOf(
  incident: Pick<Incident, 'resolved' | 'startedAt'>,
  facts: Pick<IncidentFacts, 'openedAt'>,
  from: 'resolved' | 'declared',
): number {
  const declared = Date.parse(facts.openedAt)
  return postMortemDue(from === 'declared' ? declared : (incident.resolved?.at ?? declared))
}

/** It is announced at 48 of its 72 hours. */
export const warnedBefore = 24 * 3_600_000

type Subject = {
  repository: { repositoryId: number; owner: string; repo: string }
  number: number
  facts: Pick<IncidentFacts, 'title'>
  incident: Pick<Incident, 'acknowledged'>
}

export function postMortemMarker({ repository, number }: Pick<Subject, 'repository' | 'number'>): string {
  return `<!-- release-gate post-mortem ${repository.repositoryId} ${number} -->`
}

/** The issue of a post-mortem, with the timeline of the records. Whoever acknowledged the incident has to write it. */
export function postMortemIssue(
  subject: Subject,
  changes: IncidentChange[],
  { due, zone, from }: { due: number; zone: string; from: IncidentSettings['postmortem']['from'] },
): { title: string; body: string; labels: string[]; assignees: string[] } {
  const { repository, number, facts, incident } = subject
  const time = (at: string) => formatTime(new Date(at), zone)
  const rule =
    from === 'resolved'
      ? ' If the incident is reopened, this is due 72 hours after it is resolved again.'
      : ''
  const timeline = changes.map(({ at, text }) => `- ${time(at)}: ${code(text, 300)}`).join('\n')
  const section = (heading: (typeof postMortemHeadings)[number]) =>
    `## ${heading}\n\n${heading === 'Timeline' ? timeline : `<!-- ${hints[heading]} -->`}`
  return {
    title: oneLine(`Post-mortem: incident ${number}: ${facts.title}`, 200),
    labels: [postMortemLabel],
    assignees: incident.acknowledged ? [incident.acknowledged.by] : [],
    body: [
      `The post-mortem of ${repository.owner}/${repository.repo}#${number}, due ${formatTime(new Date(due), zone)}.${rule} Fill in every heading, then close this issue.`,
      ...postMortemHeadings.map(section),
      postMortemMarker(subject),
    ].join('\n\n'),
  }
}

/** The headings that are missing or have no words below them: hints, empty lists, fences and sub-headings are none. */
export function emptyHeadings(body: string): string[] {
  const sections = withoutHtmlComments(body).split(/^## /m).slice(1)
  const filled = sections.flatMap((section) => {
    const [title = '', ...rest] = section.split(/\r?\n/)
    const isFilled = hasWords(rest.filter((line) => !fenceOrHeading.test(line)).join('\n'))
    return isFilled ? [headingKey(title.replace(/[*_`~]|\s#+\s*$/g, ''))] : []
  })
  return postMortemHeadings.filter((heading) => !filled.includes(headingKey(heading)))
}

const fenceOrHeading = /^\s*(```|~~~|#{1,6}(\s|$))/
