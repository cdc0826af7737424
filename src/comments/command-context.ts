import { code } from '../decision/markdown.ts'
import { effectivePolicy } from '../decision/overrides.ts'
import type { Policy } from '../decision/policy.ts'
import type { Label, Person, Snapshot } from '../decision/snapshot.ts'
import { addStoredFacts } from '../gate/own-facts.ts'
import { wantedFactsOf } from '../gate/snapshot-verdict.ts'
import type { ApplicablePolicy } from '../policy/policy-source.ts'
import type { RepositoryAuthority } from '../services/github/authority.ts'
import type { GitHub } from '../services/github/client.ts'
import type { PullComment } from '../services/github/comments.ts'
import { readSnapshot } from '../services/github/snapshot.ts'
import type { CommentCommand } from '../store/comment-commands.ts'
import { factStore } from '../store/facts.ts'
import type { Command } from './commands-in.ts'
import type { CommentShell, Task } from './shell.ts'

/** A command with who wrote it, what they may do in the repository now, and the policy that applies. */
export type CommandContext = {
  shell: CommentShell
  github: GitHub
  pull: Task['pull']
  applicable: Extract<ApplicablePolicy, { kind: 'policy' }>
  command: Command
  comment: PullComment & { id: number; by: Person }
  authority: RepositoryAuthority
  /** Aborts where another worker has the job. */
  signal: AbortSignal
}

/** `change`: what was done to a label, which is recorded. `event`: by which the App put it on. */
export type Outcome = {
  outcome: CommentCommand['outcome']
  answer?: string
  /** Nothing is said on GitHub, not even by a reaction. */
  silent?: true
  change?: { label: string; head: string; event?: number | undefined }
  /** A hold that came too late for a merge, which is recorded and announced. */
  late?: { label: string; mergedAt: string; snapshot: Snapshot; zone: string }
}

export function refused(answer: string): Outcome {
  return { outcome: 'refused', answer }
}

/** `policy`: with the override that applies to this pull request. */
export type Facts = { snapshot: Snapshot; policy: Policy }

export async function readFacts(context: CommandContext, proposed?: Label): Promise<Facts | undefined> {
  const { shell, github, pull, applicable } = context
  const { database, now } = shell
  const wanted = { ...wantedFactsOf(applicable.policy), ...(proposed ? { proposed } : {}) }
  const read = await readSnapshot(github, pull, wanted, factStore(database, now), now)
  if (!read) return undefined
  const snapshot = await addStoredFacts({ ...shell, github }, read.snapshot, applicable)
  return { snapshot, policy: effectivePolicy(applicable.policy, snapshot) }
}

export function findLabel({ labels }: Snapshot, name: string): Label | undefined {
  return labels.find((label) => label.name.toLowerCase() === name.toLowerCase())
}

export function hasRole({ login }: Person, { role }: RepositoryAuthority): string {
  return `${code(login)} has the role ${code(role)}.`
}
