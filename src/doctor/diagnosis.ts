import { oneLine } from '../decision/markdown.ts'

/**
 * One finding. `error`: the gate is not enforced, or blocks everything. `warning`: it can be bypassed, or something that
 * it needs is missing. `unknown`: it could not be read from here. `information`: a note.
 */
export type Diagnosis = {
  severity: 'error' | 'warning' | 'unknown' | 'information'
  /** `owner/name`; an account for its installation; "the App"; "this machine". */
  repository: string
  /** The rule and its subject. With the repository, they identify a finding across runs. */
  rule: string
  about: string
  what: string
  /** How to fix it; empty where nothing needs fixing. */
  fix: string
}

/** A finding without its place. */
export type Found = Omit<Diagnosis, 'repository'>

/** A user-supplied name in quotation marks, on one line. */
export function quoted(text: string): string {
  return `"${oneLine(text, 100)}"`
}

/** "a", "a and b", "a, b and c"; more than seven are counted. */
export function listed(names: string[]): string {
  const shown = names.length > 7 ? [...names.slice(0, 6), `${names.length - 6} more`] : names
  const last = shown.at(-1) ?? ''
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
}
