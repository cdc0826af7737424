/** Whether a repository is the one that has its organization's policy. GitHub ignores the case of names. */
export function isSharedRepository(repo: string): boolean {
  return repo.toLowerCase() === '.github'
}
