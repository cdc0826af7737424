import type { z } from 'zod'
import type { Snapshot } from './snapshot.ts'

/** An action that a gate asks for, as data; the path carries it out. Times are ISO instants. */
export type Step =
  | { kind: 'recheck'; at: string }
  | { kind: 'request-reviews'; logins: string[]; teams: string[] }
  | { kind: 'run-regression'; server: string }
  | { kind: 'request-deployment'; environment: string }
  /** Shows the button with which a person requests the run. */
  | { kind: 'offer-regression' }

export type FindingState = 'passed' | 'waiting' | 'failed'

/** A place in a file of the pull request, shown beside the line on GitHub. */
export type Annotation = { path: string; line: number; column: number; message: string }

/**
 * What one gate finds on one pull request.
 * - `title`: a few words, fit for the check's title ("Waiting for 1 more approval").
 * - `reason`: one or more sentences to the person who reads the check: what is missing and why.
 * - `who`: who can change it. `when`: when it changes automatically. Both are shown below the reason.
 * - `automatic`: it passes without anyone acting, so something that needs a person is the check's title instead.
 * - `lasting`: what to show in place of the reason while another gate is open. The check is then not written again when the
 *   calendar moves on, so this text must stay true: it names the rule, not the moment.
 * - `details`: lines of Markdown shown below the gates.
 * - `link`: where more of it is shown; an address that GitHub gave, never one that people wrote.
 * User-supplied text (logins excepted, which GitHub restricts) is escaped by whoever builds it.
 */
export type Finding = {
  state: FindingState
  title: string
  reason: string
  who?: string
  when?: string
  automatic?: boolean
  lasting?: string
  details?: string[]
  link?: string
  annotations?: Annotation[]
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

/** Something needs fixing, or could not be evaluated. */
export function failed(title: string, reason: string, rest: Rest = {}): Finding {
  return { state: 'failed', title, reason, ...rest }
}

/**
 * One rule of the release. `settings` parses `{}` to the defaults; `evaluate` is pure. `gates` are the settings of all gates
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
  /**
   * Whether settings require at least as much as others, whatever the facts. An override that changes the settings of a gate
   * without this, or for which it is false, counts as one that loosens.
   */
  tightens?(settings: z.output<Settings>, than: z.output<Settings>): boolean
  /** The labels that it depends on: a pull request is read again where one of them changes while it is read. */
  labels?(settings: z.output<Settings>): string[]
}

export function defineGate<Settings extends z.ZodType>(gate: Gate<Settings>): Gate<Settings> {
  return gate
}

/** Whether settings, which are plain data in the order of their schema, are the same. */
export function sameSettings(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
