/** Whether a text has the form `owner/name`. */
export function isRepositoryName(text: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(text)
}

/** Whether two names are those of one account or repository: GitHub compares them without their case. */
export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
