import { type Hub, isoTime, isoTimeOrNull } from '../hub.ts'
import type { Issue, Pull, PullIssue, Repository, Review } from '../repository-state.ts'
import { team, userById, userOrNull } from './account.ts'
import { association, labelShape } from './issue.ts'
import { nodeId, repositoryPage, repositoryUrl } from './links.ts'
import { repositoryShape } from './repository.ts'

/** A pull request as lists and webhooks carry it. */
export function pullShape(hub: Hub, repository: Repository, issue: PullIssue) {
  const { pull } = issue
  const root = repositoryUrl(hub, repository)
  const html = `${repositoryPage(hub, repository)}/pull/${issue.number}`
  const links = pullLinks(root, html, issue)
  return {
    url: links.self,
    id: pull.id,
    node_id: nodeId('PR', repository.id, issue.number),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: links.issue,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    number: issue.number,
    state: issue.state,
    locked: issue.locked,
    title: issue.title,
    user: userById(hub, issue.userId),
    body: issue.body,
    created_at: isoTime(issue.createdAt),
    updated_at: isoTime(issue.updatedAt),
    closed_at: isoTimeOrNull(issue.closedAt),
    merged_at: isoTimeOrNull(pull.mergedAt),
    merge_commit_sha: pull.mergeCommitSha,
    assignee: issue.assignees[0] === undefined ? null : userById(hub, issue.assignees[0]),
    assignees: issue.assignees.map((id) => userById(hub, id)),
    requested_reviewers: [...pull.requestedReviewers].map((id) => userById(hub, id)),
    requested_teams: requestedTeams(hub, pull),
    labels: issue.labels.map((label) => labelShape(hub, repository, label)),
    milestone: null,
    draft: pull.draft,
    head: side(hub, hub.world.repositories.get(pull.headRepositoryId ?? -1), pull.headRef, pull.headSha),
    base: side(hub, repository, pull.baseRef, pull.baseSha),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: association(hub, repository, issue.userId),
    auto_merge: autoMerge(hub, pull),
    active_lock_reason: null,
  }
}

export function requestedTeams(hub: Hub, pull: Pull) {
  return hub.world.teams.filter(({ id }) => pull.requestedTeams.has(id)).map((one) => team(hub, one))
}

function pullLinks(root: string, html: string, { number, pull }: PullIssue) {
  const self = `${root}/pulls/${number}`
  return {
    self,
    html,
    issue: `${root}/issues/${number}`,
    comments: `${root}/issues/${number}/comments`,
    review_comments: `${self}/comments`,
    review_comment: `${root}/pulls/comments{/number}`,
    commits: `${self}/commits`,
    statuses: `${root}/statuses/${pull.headSha}`,
  }
}

/** One side of a pull request; its repository is null when the fork was deleted. */
function side(hub: Hub, repository: Repository | undefined, ref: string, sha: string) {
  const owner = repository ? userById(hub, repository.ownerId) : null
  return {
    label: `${owner?.login ?? 'unknown repository'}:${ref}`,
    ref,
    sha,
    user: owner,
    repo: repository ? repositoryShape(hub, repository) : null,
  }
}

function autoMerge(hub: Hub, { autoMerge: params }: Pull) {
  if (!params) return null
  return {
    enabled_by: userById(hub, params.userId),
    merge_method: params.method,
    commit_title: params.title ?? '',
    commit_message: params.message ?? '',
  }
}

export function reviewShape(hub: Hub, repository: Repository, issue: Issue, review: Review) {
  const html = `${repositoryPage(hub, repository)}/pull/${issue.number}#pullrequestreview-${review.id}`
  const url = `${repositoryUrl(hub, repository)}/pulls/${issue.number}`
  return {
    id: review.id,
    node_id: nodeId('PRR', review.id),
    user: userOrNull(hub, review.userId),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: association(hub, repository, review.userId),
    _links: { html: { href: html }, pull_request: { href: url } },
    ...(review.state === 'PENDING' ? {} : { submitted_at: isoTime(review.submittedAt) }),
    commit_id: review.commitId,
  }
}
