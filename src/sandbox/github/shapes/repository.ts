import { accountById, fullName, type Hub, isoTime } from '../hub.ts'
import type { Repository } from '../repository-state.ts'
import { simpleUser } from './account.ts'
import { addresses, nodeId, repositoryPage, repositoryUrl } from './links.ts'

const paths = {
  url: '',
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
}

export function minimalRepository(hub: Hub, repository: Repository) {
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: fullName(hub, repository),
    private: repository.private,
    owner: simpleUser(hub, accountById(hub, repository.ownerId)),
    html_url: repositoryPage(hub, repository),
    description: null,
    fork: repository.parentId !== null,
    ...addresses(repositoryUrl(hub, repository), paths),
  }
}

/** A repository as `GET /repos/{owner}/{repo}`, pull requests and webhooks carry it. */
export function repositoryShape(hub: Hub, repository: Repository) {
  const page = repositoryPage(hub, repository)
  const open = [...repository.issues.values()].filter(({ state }) => state === 'open').length
  return {
    ...minimalRepository(hub, repository),
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.pushedAt),
    pushed_at: isoTime(repository.pushedAt),
    git_url: `${page}.git`,
    ssh_url: `${page}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    size: 0,
    ...counts(open),
    has_issues: repository.hasIssues,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    archived: repository.archived,
    disabled: false,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.private ? 'private' : 'public',
    default_branch: repository.defaultBranch,
  }
}

function counts(open: number) {
  const none = { stargazers_count: 0, watchers_count: 0, forks_count: 0, forks: 0, watchers: 0 }
  return { ...none, open_issues_count: open, open_issues: open }
}

/** With what only the single-repository answer has: merge settings and the reader's own permissions. */
export function fullRepository(hub: Hub, repository: Repository, level: string) {
  const order = ['read', 'triage', 'write', 'maintain', 'admin']
  const names = ['pull', 'triage', 'push', 'maintain', 'admin']
  const rank = order.indexOf(level)
  const owner = accountById(hub, repository.ownerId)
  return {
    ...repositoryShape(hub, repository),
    permissions: Object.fromEntries(names.map((name, index) => [name, index <= rank])),
    allow_merge_commit: repository.mergeMethods.has('merge'),
    allow_squash_merge: repository.mergeMethods.has('squash'),
    allow_rebase_merge: repository.mergeMethods.has('rebase'),
    allow_auto_merge: repository.allowAutoMerge,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    allow_update_branch: true,
    network_count: 0,
    subscribers_count: 0,
    ...(owner.type === 'Organization' ? { organization: simpleUser(hub, owner) } : {}),
  }
}
