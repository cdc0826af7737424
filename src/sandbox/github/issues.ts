import type { By } from './context.ts'
import { emit, record } from './events.ts'
import type { Hub } from './hub.ts'
import { emitPull, isPull } from './pull-facts.ts'
import { newIssue } from './pulls.ts'
import type { Issue, Label, Repository } from './repository-state.ts'
import { userById } from './shapes/account.ts'
import { issueShape, labelShape } from './shapes/issue.ts'
import { repositoryShape } from './shapes/repository.ts'

export function findLabel(repository: Repository, name: string): Label | undefined {
  return repository.labels.find((label) => label.name.toLowerCase() === name.toLowerCase())
}

export function makeLabel(
  hub: Hub,
  repository: Repository,
  params: { name: string; color?: string; description?: string | null },
  by: By,
): Label {
  const label: Label = {
    id: hub.world.nextId('label'),
    name: params.name,
    color: (params.color ?? 'ededed').replace(/^#/, ''),
    description: params.description ?? null,
    default: false,
  }
  repository.labels.push(label)
  emit(hub, repository, 'label', by, { action: 'created', label: labelShape(hub, repository, label) })
  return label
}

export type LabelEdit = { new_name: string; color: string; description: string | null }

/** Issues that have the label show its new name; their events keep the old one. */
export function editLabel(hub: Hub, repository: Repository, label: Label, edit: Partial<LabelEdit>, by: By) {
  const before = { ...label }
  label.name = edit.new_name ?? label.name
  label.color = edit.color?.replace(/^#/, '') ?? label.color
  label.description = edit.description === undefined ? label.description : edit.description
  const changed = (['name', 'color', 'description'] as const).filter((key) => before[key] !== label[key])
  const changes = Object.fromEntries(changed.map((key) => [key, { from: before[key] ?? '' }]))
  if (changed.length === 0) return
  emit(hub, repository, 'label', by, { action: 'edited', label: labelShape(hub, repository, label), changes })
}

/** Takes the label from the repository and all its issues: the `unlabeled` of each does not say which label it was. */
export async function deleteLabel(hub: Hub, repository: Repository, label: Label, by: By): Promise<void> {
  repository.labels = repository.labels.filter((one) => one !== label)
  for (const issue of repository.issues.values()) {
    if (!issue.labels.includes(label)) continue
    issue.labels = issue.labels.filter((one) => one !== label)
    issue.updatedAt = hub.clock()
    await emitLabelled(hub, repository, issue, 'unlabeled', by)
  }
  emit(hub, repository, 'label', by, { action: 'deleted', label: labelShape(hub, repository, label) })
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
    const label = findLabel(repository, name) ?? makeLabel(hub, repository, { name }, by)
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

/** The event of a label has its name and color, no id; the webhook has the whole label. */
async function tellLabel(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  action: string,
  label: Label,
  by: By,
) {
  record(hub, issue, action, by, { detail: { label: { name: label.name, color: label.color } } })
  await emitLabelled(hub, repository, issue, action, by, { label: labelShape(hub, repository, label) })
}

async function emitLabelled(
  hub: Hub,
  repository: Repository,
  issue: Issue,
  action: string,
  by: By,
  extra: Record<string, unknown> = {},
): Promise<void> {
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

/** Sets who is assigned, with an event for each person who was not or no longer is. */
export function assign(hub: Hub, repository: Repository, issue: Issue, ids: number[], by: By): void {
  const before = issue.assignees
  issue.assignees = ids
  const changes = [
    ...ids.filter((id) => !before.includes(id)).map((id) => ['assigned', id] as const),
    ...before.filter((id) => !ids.includes(id)).map((id) => ['unassigned', id] as const),
  ]
  for (const [action, id] of changes) {
    const assignee = userById(hub, id)
    record(hub, issue, action, by, { detail: { assignee, assigner: userById(hub, by.userId) } })
    if (!isPull(issue))
      emit(hub, repository, 'issues', by, { action, issue: issueShape(hub, repository, issue), assignee })
  }
}

/** Gives the issue another number in the other repository; the former one is not used again. */
export function transferIssue(hub: Hub, from: Repository, issue: Issue, to: Repository, by: By): number {
  const { id: _, number, ...moved } = issue
  const next = newIssue(hub, to, by, issue.title, issue.body)
  Object.assign(next, moved)
  from.issues.delete(number)
  from.movedIssues = new Map([...(from.movedIssues ?? []), [number, { repository: to, number: next.number }]])
  const changes = { new_issue: issueShape(hub, to, next), new_repository: repositoryShape(hub, to) }
  emit(hub, from, 'issues', by, { action: 'transferred', issue: issueShape(hub, from, issue), changes })
  return next.number
}
