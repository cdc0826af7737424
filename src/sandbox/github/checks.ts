import { tryAutoMergeOf } from './auto-merge.ts'
import type { By } from './context.ts'
import { emit } from './events.ts'
import type { Hub } from './hub.ts'
import { groupChecked } from './merge-queue.ts'
import { unprocessable } from './problems.ts'
import type { CheckRun, CheckStatus, Repository } from './repository-state.ts'
import { checkRunShape } from './shapes/check.ts'

/** The `check_run` webhook; `rerequested` and `requested_action` reach only the App that made the run. */
export function emitRun(
  hub: Hub,
  repository: Repository,
  run: CheckRun,
  action: string,
  by: By,
  extra: Record<string, unknown> = {},
): void {
  const own = run.appId === hub.appId
  if (!own && !['created', 'completed'].includes(action)) return
  emit(hub, repository, 'check_run', by, { action, check_run: checkRunShape(hub, repository, run), ...extra })
}

export type RunInput = {
  name?: string
  head_sha?: string
  status?: CheckStatus
  conclusion?: string
  external_id?: string
  details_url?: string
  started_at?: string
  completed_at?: string
  output?: { title?: string; summary?: string; text?: string; annotations?: Record<string, unknown>[] }
  actions?: CheckRun['actions']
}

/**
 * Takes the fields of a create or update over into the run. Limits of GitHub: 50 annotations a call, 65,535 characters of
 * summary and of text, three actions.
 */
export function applyRunInput(hub: Hub, run: CheckRun, input: RunInput): void {
  checkLimits(input)
  if (input.name) run.name = input.name
  if (input.external_id !== undefined) run.externalId = input.external_id
  if (input.details_url !== undefined) run.detailsUrl = input.details_url
  if (input.started_at) run.startedAt = input.started_at
  applyStatus(hub, run, input)
  if (input.output) {
    const { title, summary, text, annotations } = input.output
    run.output = {
      title: title ?? run.output.title,
      summary: summary ?? run.output.summary,
      text: text ?? run.output.text,
    }
    run.annotations.push(...(annotations ?? []))
  }
  if (input.actions) run.actions = input.actions
}

/** A completed run stays completed: going back is answered with 200 and changes nothing (reported by several bots). */
function applyStatus(hub: Hub, run: CheckRun, { status, conclusion, completed_at }: RunInput): void {
  if (conclusion) {
    run.status = 'completed'
    run.conclusion = conclusion
    run.completedAt = completed_at ?? run.completedAt ?? timeOf(hub)
  } else if (status && run.status !== 'completed') run.status = status
}

export function timeOf(hub: Hub): string {
  return `${new Date(hub.clock()).toISOString().slice(0, 19)}Z`
}

function checkLimits({ status, conclusion, output, actions }: RunInput): void {
  if (status === 'completed' && !conclusion) {
    throw unprocessable('Invalid request.\n\n"conclusion" wasn\'t supplied.')
  }
  for (const field of ['summary', 'text'] as const) {
    if ((output?.[field]?.length ?? 0) > 65_535) {
      throw unprocessable(`Invalid request.\n\nOnly 65535 characters are allowed for "${field}".`)
    }
  }
  if ((output?.annotations?.length ?? 0) > 50) {
    throw unprocessable('Invalid request.\n\nNo more than 50 items are allowed for "annotations".')
  }
  if ((actions?.length ?? 0) > 3) {
    throw unprocessable('Invalid request.\n\nNo more than 3 items are allowed for "actions".')
  }
}

/** After a run or a status changed: auto-merge and the merge queue check again. */
export function checksChanged(hub: Hub, repository: Repository, sha: string): void {
  tryAutoMergeOf(hub, repository, sha)
  groupChecked(hub, repository, sha)
}
