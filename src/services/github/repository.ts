/** A repository as a request names it. */
export type RepositoryName = { owner: string; repo: string }

/** The name alone: callers hand over what holds more, and whatever is in a request is sent. */
export function nameOf({ owner, repo }: RepositoryName): RepositoryName {
  return { owner, repo }
}
