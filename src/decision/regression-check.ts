import { short } from './markdown.ts'

/** The name of the check run that shows a regression. It is never required: the gate's own check is. */
export const regressionCheckName = 'Staging regression'

/** The button below it. GitHub allows 20 characters for the label and the identifier, 40 for the description. */
export const runAgain = {
  label: 'Run again',
  identifier: 'run-regression',
  description: 'Run the regression on this head again.',
}

/** `neutral` and `skipped` are never used: they would satisfy a rule that requires the check. */
export type ShownRegression = {
  status: 'in_progress' | 'completed'
  conclusion?: 'success' | 'failure' | 'cancelled' | 'action_required'
  title: string
  summary: string
}

/** A head that is evaluated only on request: the check has only the button so far. */
export const notRequestedReport: ShownRegression = {
  status: 'completed',
  conclusion: 'action_required',
  title: 'Not run: someone with write access must request it',
  summary:
    'No regression has run on this head. Anyone with write access to the repository can request one with the button "Run again".',
}

export const connectingReport: ShownRegression = {
  status: 'in_progress',
  title: 'Connecting to staging',
  summary: 'The tools on staging are being called. The report appears here.',
}

/** The progress of a run. */
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
    title: 'Canceled: the head has moved',
    summary: `${short(head)} is no longer the head of an open pull request, so its run was stopped. This says nothing about staging.`,
  }
}
