import { short } from './markdown.ts'

/** The name of the check run that shows a regression. It is never required: the gate's own check is. */
export const regressionCheckName = 'Staging regression'

/** The button below it. GitHub allows 20 characters for the label and the identifier, 40 for the description. */
export const runAgain = {
  label: 'Run again',
  identifier: 'run-regression',
  description: 'Judge this head on staging again.',
}

/** `neutral` and `skipped` are never used: they would satisfy a rule that requires the check. */
export type ShownRegression = {
  status: 'in_progress' | 'completed'
  conclusion?: 'success' | 'failure' | 'cancelled' | 'action_required'
  title: string
  summary: string
}

/** A head that is judged only when a person asks: the check has the button, and nothing else yet. */
export const notRequestedReport: ShownRegression = {
  status: 'completed',
  conclusion: 'action_required',
  title: 'Not run: a person with write access has to ask',
  summary:
    'This head has not been judged on staging. A person with write access to the repository asks for it by the button "Run again".',
}

export const connectingReport: ShownRegression = {
  status: 'in_progress',
  title: 'Connecting to staging',
  summary: 'The tools on staging are called and judged. The report appears here.',
}

/** How far a run is. */
export function progressReport(done: number, total: number, what: 'cases' | 'samples'): ShownRegression {
  return {
    ...connectingReport,
    title: `${done} of ${total} ${what}`,
    summary: `${done} of ${total} ${what} are done. The report appears here.`,
  }
}

export function cancelledReport(head: string): ShownRegression {
  return {
    status: 'completed',
    conclusion: 'cancelled',
    title: 'Cancelled: the head has moved',
    summary: `No open pull request offers ${short(head)} any more, so its run was stopped. It says nothing about staging.`,
  }
}
