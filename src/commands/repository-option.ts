/** Why a value of `--repository` is refused. */
export function repositoryProblem(value: string): string {
  return `--repository: ${JSON.stringify(value)} is not a repository name. Example: "acme/shop".`
}
