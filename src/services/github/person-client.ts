import { Octokit } from '@octokit/rest'
import { boundedFetch } from './bounded-fetch.ts'
import { type GitHub, guarded } from './client.ts'

const PersonOctokit = Octokit.plugin(guarded)

/**
 * The client of a person, by a token of theirs: for what only an administrator may read or write. Guarded as an App's, without
 * what Probot brings for Apps.
 */
export function personClient(apiUrl: string, token: string): GitHub {
  const quiet = () => undefined
  return new PersonOctokit({
    auth: token,
    baseUrl: apiUrl,
    request: { fetch: boundedFetch() },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  })
}
