import { failureOfGitHub, isForPeople } from '../services/github/errors.ts'
import { isLimit } from '../services/github/limits.ts'

/** What an error says to whoever caused it. Whatever was not written for people stays in the log. */
export function whyFailed(error: unknown): string {
  if (isForPeople(error)) return error.message
  if (isLimit(error)) return "GitHub's rate limit is reached."
  const github = failureOfGitHub(error)
  if (!github) return 'Something went wrong; the log of the bot has more.'
  return github.status === undefined ? 'GitHub did not answer.' : `GitHub answered ${github.status}.`
}
