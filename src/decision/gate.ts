import type { z } from 'zod'
import type { Snapshot } from './snapshot.ts'

/** A wish as data; the shell fulfils it. Times are ISO instants. */
export type Step =
  | { kind: 'recheck'; at: string }
  | { kind: 'request-reviews'; logins: string[]; teams: string[] }
  | { kind: 'run-regression'; server: string }
  | { kind: 'request-deployment'; environment: string }
  /** Puts the button with which a person asks for the run. */
  | { kind: 'offer-regression' }

export type FindingState = 'passed' | 'waiting' | 'failed'

/**
 * What one gate says of one pull request.
 * - `title`: a few words, fit for the check's title ("Waiting for 1 more approval").
 * - `reason`: one or more sentences to the person who reads the check: what is missing and why.
 * - `who`: who can change it. `when`: when it changes by itself. Both are shown in the check's table.
 * - `details`: lines of Markdown shown below the table.
 * - `link`: where more of it is shown; an address that GitHub gave, never one that people wrote.
 * Text that comes from people (names of people excepted, which GitHub restricts) is escaped by whoever builds it.
 */
export type Finding = {
  state: FindingState
  title: string
  reason: string
  who?: string
  when?: string
  details?: string[]
  link?: string
  next?: Step[]
}

type Rest = Omit<Finding, 'state' | 'title' | 'reason'>

export function passed(title: string, reason: string, rest: Rest = {}): Finding {
  return { state: 'passed', title, reason, ...rest }
}

/** Nothing is wrong, but a person or the calendar must act first. */
export function waiting(title: string, reason: string, rest: Rest = {}): Finding {
  return { state: 'waiting', title, reason, ...rest }
}

/** Something must be mended, or could not be judged. */
export function failed(title: string, reason: string, rest: Rest = {}): Finding {
  return { state: 'failed', title, reason, ...rest }
}

/**
 * One rule of the release. `settings` parses `{}` to the defaults; `judge` is pure. `gates` are the settings of all gates
 * by their names, for a gate that yields to another one.
 */
export type Gate<Settings extends z.ZodType = z.ZodType> = {
  title: string
  settings: Settings
  evaluate(
    snapshot: Snapshot,
    settings: z.output<Settings>,
    gates?: Readonly<Record<string, unknown>>,
  ): Finding
  /** The labels that it looks at: a pull request is read again where one of them changes while it is read. */
  labels?(settings: z.output<Settings>): string[]
}

export function defineGate<Settings extends z.ZodType>(gate: Gate<Settings>): Gate<Settings> {
  return gate
}
