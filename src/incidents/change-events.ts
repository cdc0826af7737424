import type { IncidentTask } from '../decision/incidents/task.ts'
import { beginningOf } from '../decision/markdown.ts'
import type { Notice } from '../decision/notice.ts'
import { isRefused } from '../services/http.ts'
import { sendChange } from '../services/pagerduty.ts'
import { factStore } from '../store/facts.ts'
import { sendPaced } from './paced-events.ts'
import type { IncidentShell } from './shell.ts'

type Change = Extract<IncidentTask, { task: 'change' }>

/** What PagerDuty receives about a merge, so that whoever is paged sees what changed last; undefined for other notices. */
export function changeOf(notice: Notice, at: Date): Change | undefined {
  if (notice.kind !== 'merged' && notice.kind !== 'exception') return undefined
  const { repository, pull, key } = notice
  const url = pull?.url ?? (notice.kind === 'exception' ? notice.commit.url : undefined)
  if (url === undefined) return undefined
  const name = `${repository.owner}/${repository.repo}`
  const summary = pull ? `Merged: ${name}#${pull.number} ${pull.title}` : `Pushed to ${name}`
  return {
    task: 'change',
    repository,
    key: `change/${key}`,
    summary: beginningOf(summary, 1_024),
    at: at.toISOString(),
    url,
  }
}

/** Sends the change once; PagerDuty joins no two of them, so one whose answer was lost may be shown twice. */
export async function sendChangeEvent(
  { database, paging, now, log }: Pick<IncidentShell, 'database' | 'paging' | 'now' | 'log'>,
  { key, summary, at, url }: Change,
  signal: AbortSignal,
): Promise<void> {
  if (paging.keys.on_call === undefined) return
  const store = factStore(database, now)
  if (await store.get(`incidents/${key}`)) return
  try {
    await sendPaced({ database, paging, now }, { target: 'on_call', kind: 'change' }, () =>
      sendChange(paging, { summary, at, url }, { signal, now }),
    )
  } catch (error) {
    if (!isRefused(error)) throw error
    log.warn({ problem: String(error) }, 'PagerDuty refuses a change event')
  }
  await store.put(`incidents/${key}`, { at: now().toISOString() })
}
