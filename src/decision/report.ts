import type { Annotation, FindingState } from './gate.ts'
import { type GateName, gates } from './gates/index.ts'
import { code, list, oneLine, plural, short } from './markdown.ts'
import type { AppliedOverride } from './overrides.ts'
import { effectInWords } from './policy-effect.ts'
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
  annotations?: Annotation[]
}

/** GitHub refuses a summary of more characters than this. */
const summaryLimit = 65_535
/** GitHub takes so many annotations in one request. */
const annotationLimit = 50

/** The verdict as the reader of the pull request meets it: what is missing first, then what has passed. */
export function checkReport(
  verdict: Verdict,
  snapshot: Pick<Snapshot, 'head' | 'policyEffect'>,
  notes: string[] = [],
): CheckReport {
  const { findings } = verdict
  const open = findings.filter(({ state }) => state !== 'passed')
  const missing = missingFirst(open)
  const rules = missing.length > 0 ? findings.filter(isRule(open)) : []
  const done = findings.filter((finding) => finding.state === 'passed' && !rules.includes(finding))
  const annotations = findings.flatMap((finding) => finding.annotations ?? []).slice(0, annotationLimit)
  const sections = [
    verdict.reportOnly === undefined ? '' : onlyReported,
    section(
      'Needed before this can merge',
      missing.filter((finding) => !rules.includes(finding)),
    ),
    section('Also applies', rules),
    section('Passed', done),
    overrideSection(verdict),
    effectSection(snapshot),
    details(findings),
    footer(snapshot, notes),
  ]
  return {
    ...statusOf(verdict.state),
    title: titled(verdict, titleOf(missing.filter((finding) => !rules.includes(finding)))),
    summary: cut(sections.filter((part) => part !== '').join('\n\n')),
    ...(annotations.length > 0 ? { annotations } : {}),
  }
}

/**
 * Where something else is open, the check is not written again at the calendar's next transition, so a gate that follows
 * the calendar is shown by its rule, whether it is open or closed just now.
 */
function isRule(open: GateFinding[]): (finding: GateFinding) => boolean {
  return (finding) => finding.lasting !== undefined && open.some((other) => other.lasting === undefined)
}

/** Passed is the only state that lets a merge through. */
export function statusOf(state: FindingState): Pick<CheckReport, 'status' | 'conclusion'> {
  if (state === 'waiting') return { status: 'in_progress' }
  return { status: 'completed', conclusion: state === 'passed' ? 'success' : 'failure' }
}

/** What needs fixing, then what waits for a person, then what passes automatically. */
function missingFirst(open: GateFinding[]): GateFinding[] {
  const rank = ({ state, automatic }: GateFinding) => (state === 'failed' ? 0 : automatic ? 2 : 1)
  return open.toSorted((a, b) => rank(a) - rank(b))
}

/** The one thing that the reader must do or wait for; the rest is counted. */
function titleOf([first, ...rest]: GateFinding[]): string {
  if (!first) return 'Ready to merge'
  const more = rest.length > 0 ? ` (+${rest.length} more)` : ''
  return `${oneLine(first.title, 140 - more.length)}${more}`
}

const marks: Record<FindingState, string> = { passed: '✅', waiting: '⏳', failed: '❌' }

function section(heading: string, findings: GateFinding[]): string {
  if (findings.length === 0) return ''
  return [`### ${heading}`, ...findings.map((finding) => itemOf(finding, heading === 'Also applies'))].join(
    '\n',
  )
}

function itemOf(finding: GateFinding, asRule: boolean): string {
  const { state, reason, lasting = reason, who, when, automatic } = finding
  if (asRule) return `- 🗓️ ${nameOf(finding)}: ${lasting}`
  return [
    `- ${marks[state]} ${nameOf(finding)}: ${reason}`,
    ...(who === undefined ? [] : [automatic ? `  - ${who}` : `  - Who: ${who}`]),
    ...(when === undefined ? [] : [`  - When: ${when}`]),
  ].join('\n')
}

/** The gate's name, as a link where there is more to read. */
function nameOf({ gateTitle, link }: GateFinding): string {
  const plain = link !== undefined && /^https?:\/\/[\w.:[\]-]+\/[\w./-]*$/.test(link)
  return plain ? `[**${gateTitle}**](${link})` : `**${gateTitle}**`
}

function details(findings: GateFinding[]): string {
  return findings
    .filter((finding) => finding.details && finding.details.length > 0)
    .map((finding) => `### ${finding.gateTitle}\n${finding.details?.map((line) => `- ${line}`).join('\n')}`)
    .join('\n\n')
}

/** How the title of a check begins that blocks nothing. */
export const reportOnlyTitle = 'Report only: '

const onlyReported =
  'The policy only reports for now (`enforce: false`): this check is green whatever the gates say, and blocks nothing.'

function titled({ reportOnly }: Verdict, title: string): string {
  return reportOnly === undefined ? title : oneLine(`${reportOnlyTitle}${title}`, 140)
}

/** Which override applies and what it changes, and which does not although most of its conditions are met. */
function overrideSection({ override, refused = [] }: Pick<Verdict, 'override' | 'refused'>): string {
  const lines = [
    ...(override ? [`- ${code(override.name)} applies. ${overrideInWords(override)}`] : []),
    ...refused.map(({ name, why }) => `- ${code(name)} does not apply: ${why}.`),
  ]
  return lines.length > 0 ? ['### Override', ...lines].join('\n') : ''
}

function effectSection({ policyEffect }: Pick<Snapshot, 'policyEffect'>): string {
  if (!policyEffect) return ''
  return ['### Effect of this policy', ...effectInWords(policyEffect)].join('\n')
}

function overrideInWords({ off, changes, doubt }: AppliedOverride): string {
  const titles = (names: GateName[]) => list(names.map((name) => gates[name].title))
  return [
    off.length > 0 ? `Off: ${titles(off)}.` : '',
    changes.length > 0 ? `Different settings: ${titles(changes)}.` : '',
    doubt === undefined ? '' : `It applies because it is stricter and ${doubt}.`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function footer(snapshot: Pick<Snapshot, 'head'>, notes: string[]): string {
  return [`Checked at commit ${short(snapshot.head.sha)}.`, ...notes].join(' ')
}

/** Cut at the end of a line: a code span that lost its end would set free what people wrote in it. */
function cut(summary: string): string {
  if (summary.length <= summaryLimit) return summary
  const end = '\n\n… truncated: GitHub shows no more.'
  return summary.slice(0, Math.max(0, summary.lastIndexOf('\n', summaryLimit - end.length))) + end
}

function howToFix(elsewhere: { file: string } | undefined): string {
  return elsewhere
    ? `Anyone with write access to the repository that has ${code(elsewhere.file)} can fix it there.`
    : 'To fix it, open a pull request that changes only the policy file. It is checked against the last valid policy. If its branch is older than the mistake, update the branch first.'
}

/**
 * The check of a pull request whose policy is invalid. `own` is the path of the repository's file: a mistake elsewhere, in the
 * policy of the organization, can't be fixed by this repository. `lost`: the organization's policy is not there, so no file is wrong.
 */
export function brokenPolicyReport(
  problems: { file: string; line: number; column: number; message: string }[],
  own: string,
  lost = false,
): CheckReport {
  const [first] = problems
  const lines = problems.map(
    (problem) =>
      `- ${code(`${problem.file}:${problem.line}:${problem.column}`)} ${code(problem.message, 400)}`,
  )
  const elsewhere = problems.find(({ file }) => file !== own)
  const here = problems.filter(({ file }) => file === own)
  return {
    status: 'completed',
    conclusion: 'failure',
    title: oneLine(
      lost
        ? `The organization's policy can't be used: ${first?.file}`
        : `The policy has ${plural(problems.length, 'error')}: ${first?.file}, line ${first?.line}`,
      140,
    ),
    summary: cut(
      [
        lost
          ? 'What the organization locks is unknown, so nothing can be merged.'
          : 'The release policy on the default branch is invalid, so nothing can be merged.',
        ...lines,
        ...(lost ? [] : ['', howToFix(elsewhere)]),
      ].join('\n'),
    ),
    annotations: here.slice(0, annotationLimit).map(({ file, line, column, message }) => ({
      path: file,
      line,
      column,
      message: oneLine(message, 300),
    })),
  }
}

/** What stays on a head that a pull request has left, so that no green check outlives its pull request. */
export function revokedReport(why: string): CheckReport {
  return {
    status: 'in_progress',
    title: why,
    summary: `${why}. This commit is checked again when an open pull request has it as its head.`,
  }
}

/** The check of a head that another open pull request has too, before that one has been evaluated. */
export function pendingEvaluationReport(numbers: number[]): CheckReport {
  const pulls = list(numbers.map((number) => `#${number}`))
  return {
    status: 'in_progress',
    title: `Waiting for ${pulls} to be checked`,
    summary: `A check belongs to a commit, and ${pulls} ${numbers.length === 1 ? 'has' : 'have'} the same head commit. It turns green only after ${numbers.length === 1 ? 'that pull request has' : 'those pull requests have'} been checked too.`,
  }
}

/** The check of a change that would turn green on stale facts. */
export function staleFactsReport(): CheckReport {
  return {
    status: 'in_progress',
    title: 'Checking again',
    summary:
      'This pull request is ready, based on what was last read from GitHub. It is read again before the check turns green.',
  }
}

/** The check of a pull request that is not open: nothing is green on its head because of it. */
export function closedReport(state: 'closed' | 'merged'): CheckReport {
  const title = state === 'merged' ? 'Merged' : 'Closed without a merge'
  return { status: 'in_progress', title, summary: `${title}. It is checked again if it is reopened.` }
}

/**
 * The check of a change that is ready while GitHub's write limits leave no room to revoke another green check. Its title identifies
 * this state: the queue and the board compare it with what was posted.
 */
export function waitingForTurnReport(): CheckReport {
  return {
    status: 'in_progress',
    title: 'Ready; waiting for its turn',
    summary:
      "Every gate passes. GitHub's rate limit bounds how many green checks can be revoked before the window closes, so this one turns green after another pull request has merged. It is checked again every minute.",
  }
}
