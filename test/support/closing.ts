import type { IncidentTask } from '../../src/decision/incidents/task.ts'
import type { Notice } from '../../src/decision/notice.ts'
import type { Policy } from '../../src/decision/policy.ts'
import { type CheckReport, checkReport } from '../../src/decision/report.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { applyTransitions, scheduleOf, type TransitionShell } from '../../src/gate/calendar/transitions.ts'
import { digestOf } from '../../src/gate/check-writer.ts'
import { publishHead } from '../../src/gate/publish.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import type { Head } from '../../src/store/check-runs.ts'
import type { Database } from '../../src/store/database.ts'
import type { Queue } from '../../src/store/queue.ts'
import { nextGeneration, type StoredVerdict, saveVerdict } from '../../src/store/verdicts.ts'
import { revocationTimeOf } from '../../src/store/write-budget.ts'
import { anApproval, ann, aPolicy, aSnapshot, bob, shaOf } from './snapshot.ts'

/** The default window of Wednesday, 25 November 2026, and the usual moment at which its candidates are read. */
export const opening = new Date('2026-11-25T18:00:00Z')
export const closing = new Date('2026-11-25T19:00:00Z')
export const prepared = new Date('2026-11-25T17:55:00Z')

/** A time that is so many seconds after another. */
export function later(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000)
}

/** The App under test, as its client knows it, and any other. */
const ownApp = 1
const otherApp = 2

type Run = {
  id: number
  appId: number
  sha: string
  externalId: string
  status: string
  conclusion: string | null
  link?: string | undefined
}

/** GitHub's checks, in memory: what was written when, and what stands. */
export function fakeChecks(now: () => Date) {
  const runs: Run[] = []
  const writes: { at: Date; sha: string; conclusion: string | null; kind: 'POST' | 'PATCH' }[] = []
  let trouble: (write: {
    sha: string
    conclusion: string | null
    kind: string
  }) => 'lost' | 'ignored' | Error | undefined = () => undefined
  const write = (kind: 'POST' | 'PATCH', run: Run, change: Partial<Run>) => {
    const conclusion = change.conclusion ?? null
    writes.push({ at: now(), sha: run.sha, conclusion, kind })
    const what = trouble({ sha: run.sha, conclusion, kind })
    if (what instanceof Error) throw what
    if (kind === 'POST') runs.push(run)
    // As GitHub does: a completed run stays completed, and the answer is a 200.
    if (what !== 'ignored' && run.status !== 'completed') Object.assign(run, change, { conclusion })
    if (what === 'lost') throw new Error('socket hang up')
    return { data: { ...run, external_id: run.externalId } }
  }
  type Params = {
    status: string
    conclusion?: string
    head_sha: string
    external_id: string
    details_url?: string
    check_run_id: number
  }
  const changeOf = ({ status, conclusion }: Params) => ({ status, conclusion: conclusion ?? null })
  const client = {
    rest: {
      checks: {
        create: async (params: Params) =>
          write(
            'POST',
            {
              id: runs.length + 1,
              appId: ownApp,
              sha: params.head_sha,
              externalId: params.external_id,
              status: 'queued',
              conclusion: null,
              link: params.details_url,
            },
            changeOf(params),
          ),
        update: async (params: Params) => {
          const run = runs.find(({ id }) => id === params.check_run_id)
          if (!run) throw Object.assign(new Error('Not Found'), { status: 404 })
          if (run.appId !== ownApp) throw Object.assign(new Error('Invalid app_id'), { status: 403 })
          return write('PATCH', run, changeOf(params))
        },
        listForRef: 'listForRef',
      },
    },
    paginate: async (_: string, { ref, app_id }: { ref: string; app_id?: number }) =>
      runs
        .filter(({ sha, appId }) => sha === ref && (app_id === undefined || appId === app_id))
        .map((run) => ({ ...run, external_id: run.externalId }))
        .reverse(),
    appId: ownApp,
  }
  const newestAt = (sha: string) => runs.findLast((run) => run.sha === sha && run.appId === ownApp)
  return {
    client: client as unknown as GitHub,
    writes,
    greens: () => writes.filter(({ conclusion }) => conclusion === 'success'),
    /** What stands on a commit: its newest run. */
    standsAt: (sha: string) => newestAt(sha)?.conclusion ?? undefined,
    /** Where "Details" of the newest run leads. */
    linkAt: (sha: string) => newestAt(sha)?.link,
    runsAt: (sha: string) => runs.filter((run) => run.sha === sha).length,
    /** A run of the same name by another App, as a workflow posts one; without `externalId` with that of our newest run. */
    forge: (sha: string, run: { externalId?: string; status: string; conclusion: string | null }) => {
      const externalId = run.externalId ?? newestAt(sha)?.externalId ?? ''
      runs.push({ ...run, id: runs.length + 1, appId: otherApp, sha, externalId })
    },
    disturb: (by: typeof trouble) => {
      trouble = by
    },
  }
}

export type World = ReturnType<typeof aWorld>

/** The state on a real database, GitHub's checks in memory, a queue that only notes, and a clock that tests set. */
export function aWorld(database: Database) {
  let time = prepared
  const now = () => time
  const checks = fakeChecks(now)
  const asked = {
    evaluations: [] as { number: number; priority: number | undefined }[],
    transitions: [] as Date[],
    incidents: [] as IncidentTask[],
    notices: [] as Notice[],
  }
  const shell: TransitionShell & { queue: Pick<Queue, 'enqueueNotice'> } = {
    database,
    now,
    github: async () => checks.client,
    log: { info: () => undefined, warn: () => undefined },
    queue: {
      enqueueEvaluate: async ({ number }, options = {}) =>
        void asked.evaluations.push({ number, priority: options.priority }),
      enqueueIncident: async (task) => void asked.incidents.push(task),
      enqueueTransition: async (at) => void asked.transitions.push(at),
      enqueueNotice: async (notice) => void asked.notices.push(notice as Notice),
    },
  }
  const signal = new AbortController().signal
  const judge = async (snapshot: Snapshot, policy: Policy): Promise<StoredVerdict> => {
    const verdict = decide(snapshot, policy)
    const report: CheckReport = checkReport(verdict, snapshot, ['Policy.'])
    return {
      pull: snapshot.pull,
      generation: await nextGeneration(database),
      headSha: snapshot.head.sha,
      baseRef: 'main',
      counts: snapshot.state === 'open',
      state: verdict.state,
      digest: digestOf([report, policy, snapshot.state]),
      report,
      snapshot,
      policy,
      source: { where: 'policy.yml', blob: 'b', valid: true, note: 'Policy.' },
      decidedAt: new Date(snapshot.takenAt),
      ...scheduleOf(verdict, snapshot, policy, new Date(snapshot.takenAt)),
    }
  }
  const world = {
    database,
    checks,
    asked,
    shell,
    now,
    setTime: (at: Date) => {
      time = at
    },
    headOf: (number: number): Head => ({
      installationId: 1,
      repositoryId: 2,
      owner: 'acme',
      repo: 'shop',
      sha: shaOf(number.toString(16).padStart(8, '0')),
    }),
    /** What an evaluation keeps of a pull request: approved by two unless `what` says otherwise, read now. */
    read: async (number: number, what: Parameters<typeof aSnapshot>[0] = {}, policy = aPolicy()) => {
      const { sha } = world.headOf(number)
      const takeBack = await revocationTimeOf(database, 1, time)
      const snapshot = aSnapshot({
        pull: { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop', number },
        takenAt: time.toISOString(),
        takeBack,
        reviews: [anApproval(ann, { commit: sha }), anApproval(bob, { commit: sha })],
        ...what,
        head: { sha, ...what.head },
      })
      const stored = await judge(snapshot, policy)
      await saveVerdict(database, stored)
      return stored
    },
    /** What an evaluation publishes after that. */
    publish: (number: number, options: Parameters<typeof publishHead>[2] = {}) =>
      publishHead({ database, github: checks.client, now, signal }, world.headOf(number), options),
    /** Carries out the calendar at a time, and tells what was written. */
    carryOutAt: async (at: Date) => {
      time = at
      const from = checks.writes.length
      await applyTransitions(shell, signal)
      return checks.writes.slice(from)
    },
    /** Carries it out again whenever that was asked for, until a time: as the queue does. Tells how often. */
    carryOnUntil: async (end: Date) => {
      for (let times = 0; ; times++) {
        const due = asked.transitions.filter((at) => at > time).sort((a, b) => a.getTime() - b.getTime())[0]
        if (!due || due > end) return times
        asked.transitions = asked.transitions.filter((at) => at > due)
        await world.carryOutAt(due)
      }
    },
    stateOf: (number: number) => checks.standsAt(world.headOf(number).sha),
  }
  return world
}

export async function clearState({ query }: Database): Promise<void> {
  for (const table of [
    'verdicts',
    'unjudged',
    'verdict_history',
    'check_runs',
    'writes',
    'leases',
    'deliveries',
  ]) {
    await query(`DELETE FROM release_gate.${table}`)
  }
}
