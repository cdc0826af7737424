import type { GateName } from '../decision/gates/index.ts'
import { allGates } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { Person, PullRef, Snapshot } from '../decision/snapshot.ts'
import {
  evaluateSnapshot,
  type PresentPolicy,
  type VerdictWithReport,
  wantedFactsOf,
} from '../gate/snapshot-verdict.ts'
import { type CombinedPolicy, combinePolicies } from '../policy/combine-policies.ts'
import { policyPath } from '../policy/policy-file.ts'
import { accessOf } from '../services/github/access.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import { personOf } from '../services/github/people.ts'
import { personClient } from '../services/github/person-client.ts'
import { type PolicyFile, readPolicyFiles } from '../services/github/policy.ts'
import { readSnapshot } from '../services/github/snapshot.ts'

export type PullQuestion = {
  pull: { owner: string; repo: string; number: number }
  token: string
  apiUrl: string
  /** In place of the repository's own file. Undefined: the one of the default branch. */
  policy: PolicyFile | undefined
  /** What counts as now. Facts are those of now all the same. */
  at: Date
  /** Labels as if the caller had just put them on. */
  labels: string[]
}

/** What the check of a live pull request would say, and what it could not take into account. */
export type PullAnswer = { verdict: VerdictWithReport; unknown: string[] } | { mistake: string }

/**
 * Evaluates a live pull request with the caller's own token. Reads only. What the bot alone knows is not known here, and is named: `unknownTo`.
 * That includes whose a label of the App is: only the bot keeps which comment ordered it.
 *
 * @throws what GitHub answers to a read that fails.
 */
export async function decidePull(question: PullQuestion): Promise<PullAnswer> {
  const { pull, at } = question
  const github = personClient(question.apiUrl, question.token)
  const name = `${pull.owner}/${pull.repo}`
  const found = await orAbsent(
    github.rest.pulls.get({ owner: pull.owner, repo: pull.repo, pull_number: pull.number }),
  )
  if (!found)
    return { mistake: `--pull: GitHub does not find ${name}#${pull.number}, or the token may not read it.` }
  const files = await readPolicyFiles(github, pull, policyPath)
  const combined = combinePolicies(question.policy ? { ...files, own: question.policy } : files)
  if (!combined)
    return { mistake: `--pull: ${name} has no ${policyPath} on its default branch. Use --policy.` }
  const applicable = applicableOf(combined)
  const policy = applicable.kind === 'policy' ? applicable.policy : undefined
  // There is no installation here: the token decides what can be read.
  const ref: PullRef = { installationId: 0, repositoryId: found.data.base.repo.id, ...pull }
  const read = await readSnapshot(github, ref, wantedFactsOf(policy), inMemory(), () => at)
  if (!read) return { mistake: `--pull: ${name}#${pull.number} was deleted while it was read.` }
  const snapshot = await withLabels(github, read.snapshot, question.labels)
  return { verdict: evaluateSnapshot(snapshot, applicable), unknown: unknownTo(policy) }
}

function applicableOf({ files, file, result, note }: CombinedPolicy): PresentPolicy {
  return result.ok
    ? { kind: 'policy', policy: result.policy, file, files, note }
    : { kind: 'broken', problems: result.problems, file }
}

/** What is found out about commits is not kept: the command reads one pull request once. */
function inMemory() {
  const known = new Map<string, unknown>()
  return {
    get: async <Value>(key: string) => known.get(key) as Value | undefined,
    put: async (key: string, value: unknown) => void known.set(key, value),
    labelOrders: async () => [],
  }
}

async function withLabels(github: GitHub, snapshot: Snapshot, names: string[]): Promise<Snapshot> {
  if (names.length === 0) return snapshot
  const by = await whoAmI(github)
  const others = snapshot.labels.filter(({ name }) => !names.includes(name))
  const added = names.map((name) => ({ name, by, at: snapshot.takenAt }))
  const access = by ? { [by.id]: await accessOf(github, snapshot.pull, by) } : {}
  return { ...snapshot, labels: [...others, ...added], access: { ...snapshot.access, ...access } }
}

/** The token's person. A token of an App has none. */
async function whoAmI(github: GitHub): Promise<Person | null> {
  const { data } = await github.rest.users.getAuthenticated()
  return personOf(data)
}

function unknownTo(policy: Policy | undefined): string[] {
  const uses = (gate: GateName) =>
    policy !== undefined && allGates(policy).some((gates) => gates[gate] !== undefined)
  return [
    'freezes and exemptions from the command line',
    'overdue reviews',
    ...(uses('staging_regression') ? ['regression runs on staging'] : []),
    ...(uses('runbooks') ? ['runbooks'] : []),
    ...(uses('incidents') ? ['open incidents'] : []),
    ...(uses('production_health') ? ['monitors of production'] : []),
    ...(policy?.commands ? ['who requested a label by a command in a comment, like /urgent'] : []),
  ]
}
