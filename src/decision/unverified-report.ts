import { code, oneLine } from './markdown.ts'
import type { CheckReport } from './report.ts'

/** What kept a pull request from being evaluated. `request` is a method and a path of GitHub's API. */
export type Unreadable = { request?: string | undefined; status?: number | undefined; problem: string }

const unverifiedTitle = 'Could not be verified: '

/** Whether this is what `unverifiedReport` returned, and no evaluation has succeeded since. */
export function isUnverified({ title }: Pick<CheckReport, 'title'>): boolean {
  return title.startsWith(unverifiedTitle)
}

/**
 * The check of a pull request that changed and could not be evaluated again. Its facts may be outdated, so it is not green
 * until an evaluation succeeds.
 */
export function unverifiedReport(unreadable: Unreadable): CheckReport {
  return {
    status: 'completed',
    conclusion: 'failure',
    title: oneLine(`${unverifiedTitle}${whatFailed(unreadable)}`, 140),
    summary: [
      'Something about this pull request changed, and it has not been evaluated since.',
      '',
      `- **What failed:** ${detail(unreadable)}`,
      `- **What to do:** ${remedy(unreadable.status)}`,
      '',
      'The check is updated as soon as an evaluation succeeds. "Re-run" starts one now.',
    ].join('\n'),
  }
}

function whatFailed({ request, status, problem }: Unreadable): string {
  if (!request) return problem
  return status === undefined ? `no answer to ${shortly(request)}` : `${shortly(request)} answered ${status}`
}

/** Relative to the repository and with short commit ids, since a title has little room. */
function shortly(request: string): string {
  return request.replace(/ \/repos\/[^/]+\/[^/]+\//, ' ').replace(/\b([0-9a-f]{7})[0-9a-f]{33,}\b/g, '$1')
}

function detail({ request, status, problem }: Unreadable): string {
  if (!request) return code(problem, 300)
  return `${code(request, 300)} ${status === undefined ? 'was not answered' : `answered ${status}`} (${code(problem, 200)})`
}

function remedy(status: number | undefined): string {
  if (status === 401) return 'Ask the owner of the App to check its private key.'
  if (status === 403 || status === 404)
    return 'Ask an administrator to check that the App is installed on this repository with the permissions in its `app.yml`.'
  return 'Nothing yet: the evaluation is retried automatically. If it keeps failing, ask the release-gate operator to check the log.'
}
