import type { Hub } from '../hub.ts'
import type { Repository } from '../repository-state.ts'
import type { Protection } from '../rule-types.ts'
import { repositoryUrl } from './links.ts'

/** `GET …/branches/{branch}/protection`. */
export function protectionShape(hub: Hub, repository: Repository, branch: string, protection: Protection) {
  const url = `${repositoryUrl(hub, repository)}/branches/${branch}/protection`
  const { required_status_checks: checks, required_pull_request_reviews: reviews } = protection
  return {
    url,
    ...(checks
      ? {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: checks.strict,
            contexts: checks.checks.map(({ context }) => context),
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: checks.checks,
          },
        }
      : {}),
    ...(reviews
      ? { required_pull_request_reviews: { url: `${url}/required_pull_request_reviews`, ...reviews } }
      : {}),
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforce_admins },
    required_linear_history: { enabled: protection.required_linear_history },
    allow_force_pushes: { enabled: protection.allow_force_pushes },
    allow_deletions: { enabled: protection.allow_deletions },
    block_creations: { enabled: false },
    required_conversation_resolution: { enabled: false },
    lock_branch: { enabled: false },
    allow_fork_syncing: { enabled: false },
  }
}
