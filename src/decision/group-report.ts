import { code, list, oneLine, plural, short } from './markdown.ts'
import { findingLines } from './merge-exception.ts'
import { type CheckReport, statusOf } from './report.ts'
import type { Verdict } from './verdict.ts'

/** A pull request of a merge group; without a verdict if it could not be evaluated. */
export type GroupMember = { number: number; verdict: Verdict | undefined }

/**
 * The check of a merge group: passed only if every pull request in it passes and every commit belongs to one of them. It names
 * what does not pass, and why.
 */
export function groupReport(
  members: GroupMember[],
  unknown: string[],
): { state: 'passed' | 'failed'; report: CheckReport } {
  const open = members.filter(({ verdict }) => verdict?.state !== 'passed')
  const passed = open.length === 0 && unknown.length === 0 && members.length > 0
  const state = passed ? 'passed' : 'failed'
  const rows = members.map(({ number, verdict }) => `- #${number}: ${whatOf(verdict)}`)
  const strangers = unknown.map((sha) => `- ${short(sha)} belongs to no known pull request.`)
  const summary = [
    'Every pull request in this merge group was checked when the group formed. The group passes only if all of them do.',
    rows.join('\n'),
    strangers.slice(0, 50).join('\n'),
  ]
  return {
    state,
    report: {
      ...statusOf(state),
      title: oneLine(passed ? passedTitle(members) : failedTitle(open, unknown), 140),
      summary: summary.filter((part) => part !== '').join('\n\n'),
    },
  }
}

function passedTitle(members: GroupMember[]): string {
  const reportOnly = members.some(({ verdict }) => verdict?.reportOnly !== undefined)
  return `${reportOnly ? 'Report only: ' : ''}Ready to merge: ${list(members.map(({ number }) => `#${number}`))}`
}

function failedTitle(open: GroupMember[], unknown: string[]): string {
  const [first] = open
  if (first) {
    const why =
      first.verdict?.findings.find(({ state }) => state !== 'passed')?.title ?? 'could not be checked'
    const more = open.length > 1 ? ` (+${open.length - 1} more)` : ''
    return `#${first.number} does not pass: ${why}${more}`
  }
  return unknown.length > 0
    ? `${plural(unknown.length, 'commit belongs', 'commits belong')} to no known pull request`
    : 'No pull request was found in this group'
}

function whatOf(verdict: Verdict | undefined): string {
  if (!verdict) return '❌ could not be checked'
  if (verdict.state === 'passed') return '✅ passed'
  return findingLines(verdict.findings.filter(({ state }) => state !== 'passed'))
    .map((line) => `❌ ${code(line)}`)
    .join(', ')
}
