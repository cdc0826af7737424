import type { By } from './context.ts'
import { emit, record } from './events.ts'
import type { Hub } from './hub.ts'
import { emitPull, isPull } from './pull-facts.ts'
import type { Issue, Label, Repository } from './repository-state.ts'
import { issueShape, labelShape } from './shapes/issue.ts'

export function findLabel(repository: Repository, name: string): Label | undefined {
  return repository.labels.find((label) => label.name.toLowerCase() === name.toLowerCase())
}

export function makeLabel(
  hub: Hub,
  repository: Repository,
  wish: { name: string; color?: string; description?: string | null },
): Label {
  const label: Label = {
    id: hub.world.nextId('label'),
    name: wish.name,
    color: (wish.color ?? 'ededed').replace(/^#/, ''),
    description: wish.description ?? null,
    default: false,
  }
  repository.labels.push(label)
  return label
}

/** Puts labels on; one that the repository does not have is made, as GitHub does. */
export async function addLabels(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  names: string[],
  by: By,
): Promise<void> {
  for (const name of names) {
    const label = findLabel(repository, name) ?? makeLabel(hub, repository, { name })
    if (issue.labels.includes(label)) continue
    issue.labels.push(label)
    await tellLabel(hub, repository, issue, 'labeled', label, by)
  }
}

/** Takes a label off; false when it was not on. */
export async function removeLabel(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  name: string,
  by: By,
): Promise<boolean> {
  const label = issue.labels.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (!label) return false
  issue.labels = issue.labels.filter((one) => one !== label)
  await tellLabel(hub, repository, issue, 'unlabeled', label, by)
  return true
}

/** The event of a label has its name and colour, no id; the webhook has the whole label. */
async function tellLabel(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  action: string,
  label: Label,
  by: By,
) {
  record(hub, issue, action, by, { detail: { label: { name: label.name, color: label.color } } })
  const extra = { label: labelShape(hub, repository, label) }
  if (isPull(issue)) await emitPull(hub, repository, issue, action, by, extra)
  else emit(hub, repository, 'issues', by, { action, issue: issueShape(hub, repository, issue), ...extra })
}

export function closeIssue(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  by: By,
  reason = 'completed',
): void {
  Object.assign(issue, { state: 'closed', stateReason: reason, closedAt: hub.clock(), closedBy: by.userId })
  record(hub, issue, 'closed', by)
  emit(hub, repository, 'issues', by, { action: 'closed', issue: issueShape(hub, repository, issue) })
}

export function reopenIssue(hub: Hub, repository: Repository, issue: Issue, by: By): void {
  Object.assign(issue, { state: 'open', stateReason: 'reopened', closedAt: null, closedBy: null })
  record(hub, issue, 'reopened', by)
  emit(hub, repository, 'issues', by, { action: 'reopened', issue: issueShape(hub, repository, issue) })
}
