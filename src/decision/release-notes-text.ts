import { code, list, oneLine, plural, short } from './markdown.ts'
import type { NotesException, ReleasedChange, ReleaseNotes, ToolChange } from './release-notes.ts'

/** So many lines of one section are shown; the records have the rest. */
const shown = 300

/** Release notes as Markdown, in the words of the titles, which are code: no mention, link or image of theirs works. */
export function notesMarkdown(notes: ReleaseNotes): string {
  const { labels, changes, tools, exceptions } = notes
  const groups = Map.groupBy(changes, ({ label }) => label)
  const rest = groups.get(null) ?? []
  const sections = [
    ...labels.map((label) => section(code(label, 60), (groups.get(label) ?? []).map(changeLine))),
    section(labels.length > 0 ? 'Other changes' : 'Changes', rest.map(changeLine)),
    section('Tools', tools.map(toolLine)),
    section(
      'Exceptions',
      exceptions.map((each) => exceptionLine(each, changes)),
    ),
  ]
  return `${[`# ${notesTitle(notes)}`, summaryOf(notes), ...sections.filter((each) => each !== '')].join('\n\n')}\n`
}

/** GitHub takes 65,536 characters. */
const bodyAtMost = 60_000

/** An issue with the notes, which is found again by its title. */
export function notesIssue(notes: ReleaseNotes): { title: string; body: string; labels: string[] } {
  const text = notesMarkdown(notes)
  const cut = text.slice(0, text.lastIndexOf('\n', bodyAtMost))
  const body =
    text.length <= bodyAtMost
      ? text
      : `${cut}\n\nThe rest is too long for an issue. \`release-gate notes\` prints it.\n`
  return { title: `Release notes: ${notes.period.name}`, body, labels: ['release-notes'] }
}

/** So many changes are named in Slack; the issue has all of them. */
const namedInSlack = 10

/** The lines of a notice: the numbers, and the titles of the changes. */
export function notesLines(notes: ReleaseNotes): string[] {
  const titles = notes.changes.map(({ number, title }) => `#${number} ${oneLine(title, 100)}`)
  const more = titles.length - namedInSlack
  return [summaryOf(notes), ...titles.slice(0, namedInSlack), ...(more > 0 ? [`and ${more} more`] : [])]
}

/** "Release notes of acme/shop: November 2026". */
export function notesTitle({ repository, period }: ReleaseNotes): string {
  return `Release notes of ${repository}: ${period.name}`
}

/** One line of numbers. */
export function summaryOf({ changes, exceptions, tools }: ReleaseNotes): string {
  if (changes.length + exceptions.length === 0) return 'Nothing was released.'
  const urgent = changes.filter((change) => change.urgent !== null).length
  const breaking = tools.filter(({ severity }) => severity === 'breaking').length
  const parts = [
    plural(changes.length, 'change'),
    ...(urgent > 0 ? [`${urgent} of them urgent`] : []),
    ...(breaking > 0 ? [plural(breaking, 'breaking contract change')] : []),
    exceptions.length > 0 ? plural(exceptions.length, 'exception') : 'no exceptions',
  ]
  return `${list(parts)}.`
}

function section(heading: string, lines: string[]): string {
  if (lines.length === 0) return ''
  const cut = lines.length > shown ? [`- and ${lines.length - shown} more, in the records`] : []
  return [`## ${heading}`, '', ...lines.slice(0, shown), ...cut].join('\n')
}

function changeLine(change: ReleasedChange): string {
  const { number, title, url, author, tickets, urgent, watch, record } = change
  const parts = [
    `${code(title, 200)} ([#${number}](${url}))`,
    ...(author === null ? [] : [`by ${code(author)}`]),
    ...(tickets.length > 0
      ? [
          tickets
            .slice(0, 5)
            .map((ticket) => code(ticket, 80))
            .join(', '),
        ]
      : []),
    ...(urgent
      ? [`urgent by ${code(urgent.by)}${urgent.reason === null ? '' : `: ${code(urgent.reason, 140)}`}`]
      : []),
    ...(watch
      ? [
          `watch after it ${watch.verdict}${watch.verdict === 'passed' ? '' : `: ${code(watch.why, 140)}`} (record ${watch.record})`,
        ]
      : []),
    `record ${record}`,
  ]
  return `- ${parts.join(', ')}`
}

function toolLine({ tool, severity, message, number }: ToolChange): string {
  return `- ${code(tool, 80)}, ${severity}: ${code(message, 200)} (#${number})`
}

function exceptionLine(exception: NotesException, changes: ReleasedChange[]): string {
  const { number, branch, commit, by, bypassed, record } = exception
  const change = changes.find((one) => one.number === number)
  const who = by === null ? '' : ` by ${code(by)}`
  const what = change
    ? `[#${number}](${change.url}) was merged${who} although the gate had not passed`
    : `${short(commit)} was pushed to ${code(branch, 80)}${who} without a pull request`
  const missing =
    bypassed.length > 0
      ? `: ${bypassed
          .slice(0, 5)
          .map((line) => code(line, 140))
          .join(', ')}`
      : ''
  return `- ${what}${missing}, record ${record}`
}
