import { roleOf } from '../access.ts'
import { accountById, appById, type Hub, isoTime, isoTimeOrNull } from '../hub.ts'
import type { Comment, Issue, IssueEvent, Label, Reaction, Repository } from '../repository-state.ts'
import { appShape, userById, userOrNull } from './account.ts'
import { nodeId, repositoryPage, repositoryUrl } from './links.ts'

export function labelShape(hub: Hub, repository: Repository, label: Label) {
  return {
    id: label.id,
    node_id: nodeId('LA', label.id),
    url: `${repositoryUrl(hub, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.default,
    description: label.description,
  }
}

/** OWNER, MEMBER, COLLABORATOR or NONE, as GitHub says beside each contribution. */
export function association(hub: Hub, repository: Repository, userId: number): string {
  if (repository.ownerId === userId) return 'OWNER'
  const owner = accountById(hub, repository.ownerId)
  if (owner.members.has(userId) || owner.owners.has(userId)) return 'MEMBER'
  const role = roleOf(hub, repository, userId)
  return role === 'none' || (role === 'read' && !repository.private) ? 'NONE' : 'COLLABORATOR'
}

export function issueShape(hub: Hub, repository: Repository, issue: Issue) {
  const root = repositoryUrl(hub, repository)
  const page = repositoryPage(hub, repository)
  const url = `${root}/issues/${issue.number}`
  const html = `${page}/${issue.pull ? 'pull' : 'issues'}/${issue.number}`
  return {
    url,
    repository_url: root,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url: html,
    id: issue.id,
    node_id: nodeId(issue.pull ? 'PR' : 'I', repository.id, issue.number),
    number: issue.number,
    title: issue.title,
    user: userById(hub, issue.userId),
    labels: issue.labels.map((label) => labelShape(hub, repository, label)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: issue.locked,
    active_lock_reason: null,
    assignee: issue.assignees[0] === undefined ? null : userById(hub, issue.assignees[0]),
    assignees: issue.assignees.map((id) => userById(hub, id)),
    milestone: null,
    comments: issue.comments.length,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.updatedAt),
    closed_at: isoTimeOrNull(issue.closedAt),
    closed_by: userOrNull(hub, issue.closedBy),
    author_association: association(hub, repository, issue.userId),
    body: issue.body,
    reactions: reactionCounts(url),
    performed_via_github_app: null,
    ...(issue.pull ? pullPart(root, html, issue) : {}),
  }
}

export const reactionKinds = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes']

/** How many there are of each kind. Only comments get any in the sandbox. */
function reactionCounts(url: string, reactions: Reaction[] = []) {
  const count = (kind: string) => reactions.filter(({ content }) => content === kind).length
  const counts = Object.fromEntries(reactionKinds.map((kind) => [kind, count(kind)]))
  return { url: `${url}/reactions`, total_count: reactions.length, ...counts }
}

export function reactionShape(hub: Hub, { id, userId, content, createdAt }: Reaction) {
  return {
    id,
    node_id: nodeId('REA', id),
    user: userOrNull(hub, userId),
    content,
    created_at: isoTime(createdAt),
  }
}

function pullPart(root: string, html: string, issue: Issue) {
  return {
    draft: issue.pull?.draft ?? false,
    pull_request: {
      url: `${root}/pulls/${issue.number}`,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      merged_at: isoTimeOrNull(issue.pull?.mergedAt ?? null),
    },
  }
}

export function commentShape(hub: Hub, repository: Repository, issue: Issue, comment: Comment) {
  const root = repositoryUrl(hub, repository)
  return {
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    url: `${root}/issues/comments/${comment.id}`,
    html_url: `${issueShape(hub, repository, issue).html_url}#issuecomment-${comment.id}`,
    issue_url: `${root}/issues/${issue.number}`,
    user: userOrNull(hub, comment.userId),
    created_at: isoTime(comment.createdAt),
    updated_at: isoTime(comment.updatedAt),
    body: comment.body,
    author_association: association(hub, repository, comment.userId),
    reactions: reactionCounts(`${root}/issues/comments/${comment.id}`, comment.reactions),
    performed_via_github_app: comment.appId === undefined ? null : appShape(hub, appById(hub, comment.appId)),
  }
}

export function eventShape(hub: Hub, repository: Repository, event: IssueEvent) {
  const root = repositoryUrl(hub, repository)
  return {
    id: event.id,
    node_id: nodeId('EV', event.id),
    url: `${root}/issues/events/${event.id}`,
    actor: userOrNull(hub, event.actorId),
    event: event.event,
    commit_id: event.commitId,
    commit_url: event.commitId ? `${root}/commits/${event.commitId}` : null,
    created_at: isoTime(event.createdAt),
    performed_via_github_app: event.appId === null ? null : appShape(hub, appById(hub, event.appId)),
    ...event.detail,
  }
}
