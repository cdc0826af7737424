import { awaitedFor } from '../../decision/awaited.ts'
import { waitingForTurnReport } from '../../decision/report.ts'
import { decide, type GateFinding } from '../../decision/verdict.ts'
import type { OpenPull } from '../../store/board/open-pulls.ts'
import type { StoredVerdict } from '../../store/verdicts.ts'
import { factsAt, isReadyAtOpening, type OpeningCalendar } from './at-opening.ts'

/**
 * Where an open pull request stands for the captain of a release:
 * - `green`: its check is green on GitHub.
 * - `queued`: it has passed and waits for its turn to turn green, since the limits of GitHub hold some back.
 * - `ready`: it passes when the window opens next, by the facts known now.
 * - `waiting`: somebody has to act first.
 * - `failed`: something needs fixing, or could not be evaluated.
 */
export type PullState = 'green' | 'queued' | 'ready' | 'waiting' | 'failed'

/** One open pull request in a list. `who`: who can change what is missing first, in Markdown. */
export type PullCard = {
  repositoryId: number
  name: string
  number: number
  title: string
  author: string
  state: PullState
  /** The title of its check. */
  check: string
  who: string | undefined
  /** Logins and teams that are waited for by name. */
  awaited: string[]
}

/** What does not follow from stored facts alone. */
type Standing = Pick<OpenPull, 'check' | 'state'>

export function pullCard(stored: StoredVerdict, standing: Standing, calendar: OpeningCalendar): PullCard {
  const { pull, snapshot, report } = stored
  const findings = openFindings(stored, calendar)
  const first = findings.find(({ automatic }) => !automatic)
  return {
    repositoryId: pull.repositoryId,
    name: `${pull.owner}/${pull.repo}`,
    number: pull.number,
    title: snapshot.title,
    author: snapshot.author?.login ?? '(deleted account)',
    state: stateOf(stored, standing, calendar, findings),
    check: standing.state === 'passed' ? (standing.check?.title ?? report.title) : report.title,
    who: first?.who,
    awaited: awaitedFor(stored, findings),
  }
}

function stateOf(
  stored: StoredVerdict,
  { state, check }: Standing,
  calendar: OpeningCalendar,
  findings: GateFinding[],
): PullState {
  if (state === 'passed') {
    if (check?.state === 'passed') return 'green'
    if (check?.state === 'failed') return 'failed'
    return check?.title === waitingForTurnReport().title ? 'queued' : 'ready'
  }
  if (isUnverified(stored, findings)) return 'failed'
  if (isReadyAtOpening(stored, calendar, findings)) return 'ready'
  return findings.some((finding) => finding.state === 'failed') || findings.length === 0
    ? 'failed'
    : 'waiting'
}

/**
 * What did not pass when it was decided last, what needs fixing first. The calendar decides again from facts that were read before, so
 * the time of the facts is not the one that counts. None without a valid policy.
 */
function openFindings(stored: StoredVerdict, { freeze }: OpeningCalendar): GateFinding[] {
  const { policy, decidedAt } = stored
  if (!policy) return []
  const open = decide(factsAt(stored, decidedAt, freeze), policy).findings.filter(
    ({ state }) => state !== 'passed',
  )
  return open.toSorted((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed'))
}

/** Nothing in the facts fails: they could not be read again since something changed. */
function isUnverified({ state }: StoredVerdict, findings: GateFinding[]): boolean {
  return state === 'failed' && findings.every((finding) => finding.state !== 'failed')
}
