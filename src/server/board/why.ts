import { weekInWords } from '../../decision/calendar/week-in-words.ts'
import type { FindingState } from '../../decision/gate.ts'
import { code, listSome, plural, short } from '../../decision/markdown.ts'
import { effectiveGates } from '../../decision/overrides.ts'
import type { Policy } from '../../decision/policy.ts'
import type { Snapshot } from '../../decision/snapshot.ts'
import { decide, type GateFinding } from '../../decision/verdict.ts'
import type { StoredVerdict } from '../../store/verdicts.ts'

/** A fact in Markdown, and when it happened, where GitHub says so. */
export type Fact = { what: string; at: Date | undefined }

/** What one gate found, and the facts that it rests on. */
export type WhyNode = {
  gate: string
  title: string
  state: FindingState
  headline: string
  reason: string
  who: string | undefined
  when: string | undefined
  details: string[]
  facts: Fact[]
}

/** Why a pull request is blocked or not, what needs fixing first. */
export type Why = { nodes: WhyNode[]; policy: Fact; override: string | undefined }

/** The findings as they were decided last, under the freeze that is in force. Without a valid policy there are none. */
export function whyOf(stored: StoredVerdict, freeze: Pick<Snapshot, 'frozen'>): Why {
  const { snapshot, policy, source, decidedAt } = stored
  const file = { what: `Policy ${code(source.where)} at ${short(source.blob)}`, at: undefined }
  if (!policy) return { nodes: [], policy: file, override: undefined }
  const { frozen: _, ...facts } = snapshot
  const asDecided = { ...facts, ...freeze, takenAt: decidedAt.toISOString() }
  const { findings, override } = decide(asDecided, policy)
  const gates = effectiveGates({ snapshot: asDecided, policy })
  const rank = { failed: 0, waiting: 1, passed: 2 }
  return {
    nodes: findings
      .toSorted((a, b) => rank[a.state] - rank[b.state])
      .map((finding) => nodeOf(finding, asDecided, gates)),
    policy: file,
    override: override && `The override ${code(override.name)} applies.`,
  }
}

function nodeOf(finding: GateFinding, snapshot: Snapshot, gates: Policy['gates']): WhyNode {
  const { gate, gateTitle, state, title, reason, who, when, details = [] } = finding
  const facts = factsOf[gate]?.(snapshot, gates) ?? []
  const rest = details.length - most
  const lines = rest > 0 ? [...details.slice(0, most), `${rest} more not shown`] : details
  return { gate, title: gateTitle, state, headline: title, reason, who, when, details: lines, facts }
}

/** So many facts of one kind, and so many lines of details, are shown: a hostile pull request may have thousands. */
const most = 50

const factsOf: Record<string, (snapshot: Snapshot, gates: Policy['gates']) => Fact[]> = {
  approvals: ({ head, reviews, access }) => [
    fact(`Head ${short(head.sha)} of ${code(head.ref)}`, head.pushedAt),
    ...shortened(reviews.toReversed(), 'review', ({ person, state, commit, submittedAt }) => {
      const role = person && access[person.id]?.role
      const saw = commit ? short(commit) : 'a commit that no longer exists'
      const who = person ? `${code(person.login)}${role ? ` (${code(role)})` : ''}` : 'a deleted account'
      return fact(`Review by ${who} of ${saw}: ${reviewWords[state]}`, submittedAt)
    }),
  ],
  code_owners: ({ codeOwners }) => {
    if (codeOwners?.state !== 'read') return []
    return shortened(codeOwners.owned, 'pattern', ({ line, pattern, owners, paths }) => {
      const where = `${code(codeOwners.file)} line ${line}, ${code(pattern)}`
      const by = listSome(owners.map((owner) => code(owner))) || 'nobody'
      return fact(`${where}: ${plural(paths.length, 'changed path')}, owned by ${by}`)
    })
  },
  hold: ({ labels }) => labelFacts(labels),
  release_window: ({ frozen, labels }, { release_window: window }) => [
    ...(window ? [fact(`Release window: ${weekInWords(window)}`)] : []),
    ...freezeFacts(frozen),
    ...labelFacts(labels),
  ],
  freeze: ({ frozen, labels }) => [...freezeFacts(frozen), ...labelFacts(labels)],
  staging_regression: ({ regression }) => [
    ...shortened(regression?.deployments ?? [], 'deployment', ({ id, sha, state, succeededBy, createdAt }) =>
      fact(
        `Deployment ${id} of ${short(sha)}: ${code(state)}${succeededBy ? ` by ${code(succeededBy)}` : ''}`,
        createdAt,
      ),
    ),
    ...shortened(regression?.runs ?? [], 'run', ({ runId, headSha, verdict, startedAt }) =>
      fact(`Run ${code(runId.slice(0, 8))} of ${short(headSha)}: ${verdict}`, startedAt),
    ),
  ],
}

/** The facts of the first ones, and how many others there are. */
function shortened<One>(all: One[], name: string, factOf: (one: One) => Fact): Fact[] {
  const rest = all.length - most
  const others = rest > 0 ? [fact(`${plural(rest, `more ${name}`)} not shown`)] : []
  return [...all.slice(0, most).map(factOf), ...others]
}

const reviewWords: Record<Snapshot['reviews'][number]['state'], string> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes requested',
  COMMENTED: 'commented',
  DISMISSED: 'dismissed',
  PENDING: 'not submitted',
}

function freezeFacts(frozen: Snapshot['frozen']): Fact[] {
  return frozen ? [fact(`Freeze by ${code(frozen.by)}: ${code(frozen.reason, 140)}`, frozen.since)] : []
}

function labelFacts(labels: Snapshot['labels']): Fact[] {
  if (labels.length === 0) return [fact('No labels')]
  return shortened(labels, 'label', ({ name, by, at }) =>
    fact(`Label ${code(name)}${by ? ` by ${code(by.login)}` : ''}`, at),
  )
}

function fact(what: string, at?: string | null): Fact {
  return { what, at: at ? new Date(at) : undefined }
}
