import { oneLine } from '../decision/markdown.ts'

/**
 * One thing that the doctor has to say. `error`: the gate is not enforced, or blocks everything. `warning`: it can be
 * gone round, or something that it needs is missing. `unknown`: it may not be read. `information`: how it stands.
 */
export type Diagnosis = {
  severity: 'error' | 'warning' | 'unknown' | 'information'
  /** `owner/name`; an account for its installation; "the App"; "this machine". */
  repository: string
  /** Which rule found it, and on what: with the repository, what makes it the same finding as yesterday's. */
  rule: string
  about: string
  what: string
  /** What to do; empty where there is nothing to do. */
  mend: string
}

/** A finding but for where it was found. */
export type Found = Omit<Diagnosis, 'repository'>

/** A name that somebody wrote, for a sentence: on one line and in quotation marks. */
export function quoted(text: string): string {
  return `"${oneLine(text, 100)}"`
}

/** "a", "a and b", "a, b and c"; more than seven are counted. */
export function listed(names: string[]): string {
  const shown = names.length > 7 ? [...names.slice(0, 6), `${names.length - 6} more`] : names
  const last = shown.at(-1) ?? ''
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}
