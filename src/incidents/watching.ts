import { parseDuration } from '../decision/duration.ts'
import type { Alert } from '../decision/incidents/alert.ts'
import type { IncidentTask } from '../decision/incidents/task.ts'
import {
  type MonitorStates,
  type WatchCheck,
  type WatchVerdict,
  watchVerdict,
} from '../decision/incidents/watch.ts'
import type { RepositoryRef } from '../decision/merge-task.ts'
import type { Notice } from '../decision/notice.ts'
import type { Policy } from '../decision/policy.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import { countRequests, readMonitor } from '../services/datadog.ts'
import { appendRecord } from '../store/audit.ts'
import { recordOfNotice } from '../store/landings.ts'
import {
  beginWatch,
  saveChecks,
  saveWatchVerdict,
  statesBefore,
  type Watch,
  watchOf,
} from '../store/monitors.ts'
import { lastValidPolicy } from '../store/policies.ts'
import { storeIncomingAlert } from './intake.ts'
import type { IncidentShell } from './shell.ts'

type WatchTask = Extract<IncidentTask, { task: 'watch' }>

/** The watch of a merge; undefined for other notices. */
export function watchOfNotice(notice: Notice, at: Date): WatchTask | undefined {
  if (notice.kind !== 'merged' && notice.kind !== 'exception') return undefined
  const { repository, pull, key } = notice
  const url = pull?.url ?? (notice.kind === 'exception' ? notice.commit.url : undefined)
  if (url === undefined) return undefined
  const summary = `${repository.owner}/${repository.repo}${pull ? `#${pull.number}` : ''}`
  return { task: 'watch', repository, key: `watch/${key}`, summary, at: at.toISOString(), url }
}

/**
 * The job of a watch: keeps how the monitors were before the merge, then reads them at each of its times, and decides after the last
 * one. It never rolls back.
 */
export async function watchRelease(
  shell: IncidentShell,
  task: WatchTask,
  signal: AbortSignal,
): Promise<void> {
  const watch = (await watchOf(shell.database, task.key)) ?? (await begin(shell, task))
  if (!watch || watch.verdict !== null || !watch.settings.watch) return
  const { warm_up, every, checks: count } = watch.settings.watch
  const lookAt = (index: number) =>
    new Date(watch.mergedAt.getTime() + parseDuration(warm_up) + index * parseDuration(every))
  const looks = [...watch.looks]
  const late = shell.now().getTime() - lookAt(looks.length).getTime()
  if (late >= 0) {
    const isMissed = late > parseDuration(every)
    looks.push(isMissed ? missed(shell) : await look(shell, watch, lookAt(looks.length), signal))
    await saveChecks(shell.database, watch.key, looks)
  }
  if (looks.length < count) return shell.queue.enqueueIncident(task, { at: lookAt(looks.length) })
  await decide(shell, { ...watch, looks })
}

async function begin(shell: IncidentShell, task: WatchTask): Promise<Watch | undefined> {
  const { database } = shell
  const settings = (await policyOf(shell, task.repository))?.gates.production_health
  if (!settings?.watch) return undefined
  const { key, repository, summary, url } = task
  const mergedAt = new Date(task.at)
  const ids = settings.monitors.map(({ id }) => id)
  const baseline = await statesBefore(database, ids, mergedAt)
  const watch = { key, subject: { repository, summary, url }, settings, mergedAt, baseline }
  await beginWatch(database, watch)
  return watchOf(database, key)
}

/** What is read now says nothing of then. */
function missed({ now }: IncidentShell): WatchCheck {
  return { at: now().toISOString(), states: {}, requests: null, missed: true }
}

async function look(shell: IncidentShell, { settings }: Watch, at: Date, signal: AbortSignal) {
  const calling = { signal, now: shell.now }
  const states: MonitorStates = {}
  for (const { id } of settings.monitors)
    states[String(id)] = shell.datadog
      ? await readMonitor(shell.datadog, id, calling).catch(() => 'Unreachable')
      : 'Unreachable'
  const { traffic, every = '5m' } = settings.watch ?? {}
  const from = new Date(at.getTime() - parseDuration(every))
  const requests =
    traffic && shell.datadog
      ? await countRequests(shell.datadog, traffic.query, { from, to: at }, calling).catch(() => null)
      : null
  return { at: shell.now().toISOString(), states, requests }
}

/** The alert comes before the verdict: a watch that is decided is not run again. */
async function decide(shell: IncidentShell, watch: Watch): Promise<void> {
  const { baseline, looks, settings } = watch
  const decided = watchVerdict(baseline, looks, settings.monitors, settings.watch?.traffic?.minimum)
  if (decided.verdict === 'failed') await openIncident(shell, watch)
  await saveDecided(shell, watch, decided)
}

async function openIncident(shell: IncidentShell, { key, subject }: Watch): Promise<void> {
  const { repository, summary, url } = subject
  const alert: Alert = {
    source: 'command line',
    id: key.slice(0, 200),
    title: `Production alerts since the release of ${summary}`,
    severity: 'P1',
    component: null,
    at: shell.now().toISOString(),
    url,
    by: null,
  }
  const policy = await policyOf(shell, repository)
  const taken = await storeIncomingAlert(shell, alert, key, policy?.incidents?.repository)
  if (typeof taken === 'string')
    shell.log.warn(
      { release: summary, problem: taken, alert: true },
      'The alert of a release has nowhere to go',
    )
}

/** A record of its own, which names that of the change: a chain takes no later additions to a record. */
async function saveDecided(shell: IncidentShell, watch: Watch, decided: WatchVerdict): Promise<void> {
  const { key, subject, baseline, looks } = watch
  const { repository, summary, url } = subject
  const { installationId, repositoryId, owner, repo } = repository
  await shell.database.transaction(async (tx) => {
    if (!(await saveWatchVerdict(tx, key, decided))) return
    const change = await recordOfNotice(tx, repository, key.slice('watch/'.length))
    const body = {
      repository: { id: repositoryId, owner, name: repo },
      ...(change && { change }),
      release: summary,
      url,
      ...decided,
      baseline,
      looks,
    }
    const { seq } = await appendRecord(tx, { installationId, kind: 'watched', at: shell.now(), body })
    const notice: Notice = {
      kind: 'watched',
      key: `watched/${key}`.slice(0, 300),
      repository,
      release: { summary, url },
      ...decided,
      record: seq,
      ...(change && { change: change.seq }),
    }
    await shell.queue.enqueueNotice(notice, { tx })
  })
}

async function policyOf({ database }: IncidentShell, repository: RepositoryRef): Promise<Policy | undefined> {
  const text = await lastValidPolicy(database, repository)
  const read = text === undefined ? undefined : parsePolicy(text)
  return read?.ok ? read.policy : undefined
}
