import type { FindingState } from './gate.ts'
import { code, list, oneLine, plural, short } from './markdown.ts'
import type { Snapshot } from './snapshot.ts'
import type { GateFinding, Verdict } from './verdict.ts'

/** The name of the required check. */
export const checkName = 'Release gate'

/** What a check run shows, in the terms of GitHub's API. A conclusion of `neutral` or `skipped` would satisfy a required check, so neither exists here. */
export type CheckReport = {
  status: 'in_progress' | 'completed'
  conclusion?: 'success' | 'failure'
  title: string
  summary: string
  annotations?: CheckAnnotation[]
}

export type CheckAnnotation = { path: string; line: number; column: number; message: string }

/** GitHub refuses a summary of more characters than this. */
const summaryLimit = 65_535

/** The verdict as the reader of the pull request meets it: one line that says what is missing, then a row for each gate. */
export function checkReport(
  verdict: Verdict,
  snapshot: Pick<Snapshot, 'head'>,
  notes: string[] = [],
): CheckReport {
  const summary = [table(verdict.findings), details(verdict.findings), footer(snapshot, notes)]
  return {
    ...statusOf(verdict.state),
    title: titleOf(verdict),
    summary: cut(summary.filter(Boolean).join('\n\n')),
  }
}

/** Passed is the only state that lets a merge through. */
export function statusOf(state: FindingState): Pick<CheckReport, 'status' | 'conclusion'> {
  if (state === 'waiting') return { status: 'in_progress' }
  return { status: 'completed', conclusion: state === 'passed' ? 'success' : 'failure' }
}

const headline: Record<FindingState, number> = { failed: 0, waiting: 1, passed: 2 }

/** The first finding of the worst state; what else is open is counted. */
function titleOf({ state, findings }: Verdict): string {
  if (state === 'passed')
    return oneLine(`All hold: ${findings.map((finding) => finding.title).join('; ')}`, 140)
  const open = findings.filter((finding) => finding.state !== 'passed')
  const [first] = open.toSorted((a, b) => headline[a.state] - headline[b.state])
  return oneLine(first?.title ?? 'Not ready', 140)
}

const marks: Record<FindingState, string> = {
  passed: '✅ holds',
  waiting: '⏳ waiting',
  failed: '❌ to mend',
}

function table(findings: GateFinding[]): string {
  const rows = findings.map(
    (finding) =>
      `| ${marks[finding.state]} | ${titleCell(finding)} | ${finding.reason} | ${finding.who ?? '–'} | ${finding.when ?? '–'} |`,
  )
  return ['| State | Gate | What | Who can do it | When it changes |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  )
}

/** The gate's name, as a link where there is more to read. */
function titleCell({ gateTitle, link }: GateFinding): string {
  const plain = link !== undefined && /^https?:\/\/[\w.:[\]-]+\/[\w./-]*$/.test(link)
  return plain ? `[**${gateTitle}**](${link})` : `**${gateTitle}**`
}

function details(findings: GateFinding[]): string {
  return findings
    .filter((finding) => finding.details && finding.details.length > 0)
    .map((finding) => `### ${finding.gateTitle}\n${finding.details?.map((line) => `- ${line}`).join('\n')}`)
    .join('\n\n')
}

function footer(snapshot: Pick<Snapshot, 'head'>, notes: string[]): string {
  return [`Judged for the head ${short(snapshot.head.sha)}.`, ...notes].join(' ')
}

/** Cut at the end of a line: a code span that lost its end would set free what people wrote in it. */
function cut(summary: string): string {
  if (summary.length <= summaryLimit) return summary
  const end = '\n\n… cut here: GitHub shows no more.'
  return summary.slice(0, Math.max(0, summary.lastIndexOf('\n', summaryLimit - end.length))) + end
}

/** The check of a pull request whose repository has a policy that cannot be read. */
export function brokenPolicyReport(
  problems: { file: string; line: number; column: number; message: string }[],
  inRepository: boolean,
): CheckReport {
  const [first] = problems
  const lines = problems.map(
    (problem) =>
      `- ${code(`${problem.file}:${problem.line}:${problem.column}`)} ${code(problem.message, 300)}`,
  )
  return {
    status: 'completed',
    conclusion: 'failure',
    title: oneLine(
      `The policy has ${plural(problems.length, 'error')}: ${first?.file}, line ${first?.line}`,
      140,
    ),
    summary: cut(
      [
        'The release policy on the default branch cannot be read, so nothing can be released.',
        ...lines,
        '',
        'A pull request that touches only the policy file, and makes it valid, is judged under the last valid policy.',
      ].join('\n'),
    ),
    annotations: (inRepository ? problems : []).slice(0, 50).map(({ file, line, column, message }) => ({
      path: file,
      line,
      column,
      message: oneLine(message, 300),
    })),
  }
}

/** What stays behind on a head that a pull request has left, so that no green outlives its pull request. */
export function revokedReport(why: string): CheckReport {
  return {
    status: 'in_progress',
    title: why,
    summary: `${why}. This commit is judged again when a pull request offers it.`,
  }
}

/** The check of a head that another open pull request offers too, before that one has been judged. */
export function pendingEvaluationReport(numbers: number[]): CheckReport {
  const pulls = list(numbers.map((number) => `#${number}`))
  return {
    status: 'in_progress',
    title: `Waiting for the judgement of ${pulls}`,
    summary: `The check belongs to the commit, and ${pulls} offers the same commit. It is being judged; nothing is green before.`,
  }
}

/** The check of a change that would turn green by facts that are too old for it. */
export function staleFactsReport(): CheckReport {
  return {
    status: 'in_progress',
    title: 'Being looked at again',
    summary: 'What was known would turn this check green, and is too old for that. It is read again now.',
  }
}

/** The check of a pull request that is not open: nothing is green on its head because of it. */
export function closedReport(state: 'closed' | 'merged'): CheckReport {
  const title = state === 'merged' ? 'Merged' : 'Closed without a merge'
  return { status: 'in_progress', title, summary: `${title}. It is judged again when it is reopened.` }
}

/** The check of a change that is ready while GitHub's write limits leave no room to take another green check back. */
export function waitingForTurnReport(): CheckReport {
  return {
    status: 'in_progress',
    title: 'Ready; waiting for its turn',
    summary:
      'All gates hold. As many checks are green now as GitHub would let us take back before the window closes, so this one turns green when another has merged. It is looked at again each minute.',
  }
}
