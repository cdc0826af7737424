import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock, TestClock } from 'pg-boss'
import type { Logger } from 'pino'
import type { Probot } from 'probot'
import { events, releaseGate } from './app.ts'
import type { FeedEntry } from './calendar-feed.ts'
import { calendarPath } from './calendar-link.ts'
import { minute, repeatedly } from './chores.ts'
import { lookDaily } from './daily.ts'
import { deadLetterNotice } from './dead-letter.ts'
import { regressionCheckName, runAgain } from './decision/regression-check.ts'
import { regressionWishSchema } from './decision/regression-wish.ts'
import type { PullRef } from './decision/snapshot.ts'
import type { Outside } from './doctor/gather.ts'
import type { Probe } from './doctor/probes.ts'
import { slackProbe } from './doctor/slack-probe.ts'
import { evaluate, type Shell } from './evaluate.ts'
import { carryOutFreeze } from './freeze.ts'
import { noteAnnounced } from './merging/announcing.ts'
import { failClosedGroups } from './merging/groups.ts'
import { lookWhenDue } from './merging/look.ts'
import { carryOutMerging } from './merging/run.ts'
import { type NotifyShell, notify } from './notify.ts'
import { parsePolicy } from './policy-file.ts'
import { openPulls, pullsUnderNewPolicy, reconcile } from './reconcile.ts'
import { askBeforeWindows } from './regression-windows.ts'
import { askByButton } from './regression-wishes.ts'
import { calendarHandler } from './server/calendar.ts'
import { freezeHandler, freezePath } from './server/freeze.ts'
import { createServer, type Handler, type Readiness } from './server.ts'
import { releaseLeases } from './services/check-runs.ts'
import { type Database, openDatabase } from './services/database.ts'
import { createAppProbot } from './services/github/app-client.ts'
import { revoked } from './services/github/client.ts'
import { deliveriesClient } from './services/github/deliveries.ts'
import type { PolicyFile } from './services/github/policy.ts'
import { recover } from './services/github/recovery.ts'
import { lastReceivedAt, markFailed, markProcessed, readDelivery, storeDelivery } from './services/inbox.ts'
import { keepValidPolicy, keptPolicies } from './services/policies.ts'
import { RUN_REGRESSION } from './services/queue/queues.ts'
import { openQueue, type Queue } from './services/queue.ts'
import { createSlack } from './services/slack.ts'
import { countedPulls } from './services/verdicts/waiting.ts'
import { touch, verdictsOnHead } from './services/verdicts.ts'
import type { Settings } from './settings.ts'
import { carryOut } from './transitions.ts'

/** The running bot. */
export type Bot = {
  url: string
  /** True when nothing that is due is still to be done. */
  idle: () => Promise<boolean>
  /** Moves a story's clock; refused under the system's clock. */
  setTime: (at: Date) => Promise<void>
  stop: () => Promise<void>
}

const reconcileEvery = 60 * minute
const recoverEvery = 5 * minute
const dailyLookEvery = 60 * minute
/** How far before the last delivery that arrived it is looked for missed ones: order is not kept, retries are late. */
const recoveryMargin = 60 * minute

/** Starts the bot: state, jobs, GitHub's client, the inbox. Everything is put together here, and nowhere else. */
export async function startBot(settings: Settings, log: Logger): Promise<Bot> {
  const clock: Clock = settings.storyClock ? new TestClock(settings.storyClock) : systemClock
  const now = () => new Date(clock.now())
  const database = await openDatabase({ ...settings.database, log })
  if (database.kind === 'pglite') await releaseLeases(database)
  const queue = await openQueue({ database, clock, log })
  const probot = createAppProbot(settings, log)
  const github = (installationId: number) => probot.auth(installationId)
  const shell: Shell = { database, queue, now, log, github }
  const serves = (account: string) => settings.allowedAccounts?.includes(account.toLowerCase()) ?? true
  const enqueue = async (pull: PullRef) => {
    if (!serves(pull.owner)) return
    const state = await touch(database, pull)
    // What may have to be taken back is looked at first.
    await queue.enqueueEvaluate(pull, state === 'passed' ? { priority: 5 } : {})
  }
  const lookAt = lookWhenDue(queue, { now, serves })
  await probot.load(
    releaseGate(enqueue, lookAt, {
      openPulls: async (repository) => openPulls(await github(repository.installationId), repository),
      pullsUnderNewPolicy: async (repository) =>
        pullsUnderNewPolicy(
          { database, github: await github(repository.installationId), serves },
          repository,
        ),
      pullsOnHead: async (repository, sha) =>
        (await verdictsOnHead(database, repository, sha)).map(({ pull }) => pull.number),
      regression: {
        check: regressionCheckName,
        button: runAgain.identifier,
        ask: async (repository, sha, by) => {
          if (serves(repository.owner)) await askByButton({ ...shell, queue }, repository, sha, by)
        },
      },
    }),
  )
  const notifying = notifyShell(settings, shell)
  await work({ ...shell, servers: settings.servers }, queue, probot, notifying)
  const calendar = calendarHandler({
    entries: () => windows(database),
    secrets: settings.webhookSecrets,
    now,
  })
  const pages: Record<string, Handler> = {
    [`GET ${calendarPath}`]: calendar,
    [`POST ${freezePath}`]: freezeHandler({
      secrets: settings.webhookSecrets,
      order: (wish) => carryOutFreeze(shell, wish),
    }),
  }
  const server = createServer({
    inbox: async (received) => {
      await storeDelivery(database, received, now(), (id, tx) => queue.enqueueDelivery(id, { tx }))
    },
    events,
    secrets: settings.webhookSecrets,
    ready: () => readiness(database, queue),
    routes: (method, path) => pages[`${method} ${path}`],
    log,
  })
  const url = await listen(server, settings)
  // What the calendar changed while the process was down is caught up first.
  await queue.enqueueTransition(now())
  // A repository without pull requests has a channel and a calendar too.
  const found = async (repository: Omit<PullRef, 'number'>, file: PolicyFile) => {
    if (parsePolicy(file.text).ok) await keepValidPolicy(database, repository, file)
    // Also those that are closed or merged by now, where the event that told so was lost.
    for (const pull of await countedPulls(database, repository)) await enqueue(pull)
  }
  const lookAtAll = async () => {
    const asked = await reconcile({ app: await probot.auth(), github, enqueue, serves, found, log })
    log.info({ pulls: asked }, 'Every open pull request is looked at again')
  }
  const fetchMissed = async () => {
    const last = await lastReceivedAt(database)
    const since = last && new Date(last.getTime() - recoveryMargin)
    const client = deliveriesClient(await probot.auth())
    const { asked, refused } = await recover(client, { now: now(), events, ...(since ? { since } : {}) })
    if (asked.length + refused.length > 0)
      log.info({ asked, refused }, 'Missed deliveries are asked for again')
  }
  const daily = async () =>
    lookDaily({
      database,
      queue,
      now,
      log,
      outside: await lookOutside(settings, probot, shell, queue, serves),
    })
  const chores = [
    repeatedly('Looking at all pull requests', reconcileEvery, lookAtAll, log),
    repeatedly('Asking for missed deliveries', recoverEvery, fetchMissed, log),
    repeatedly('The daily look', dailyLookEvery, daily, log),
  ]
  return {
    url,
    idle: async () => {
      const idle = chores.every((chore) => chore.idle()) && (await queue.idle())
      // A story's clock fires no poll: of jobs that became due together, each nudge lets the workers take some.
      if (!idle && clock instanceof TestClock) queue.nudge()
      return idle
    },
    setTime: async (at) => {
      if (!(clock instanceof TestClock)) throw new Error('Only the clock of a story can be moved.')
      await clock.setTime(at)
      queue.nudge()
    },
    stop: async () => {
      for (const chore of chores) chore.stop()
      await close(server)
      await queue.stop()
      await database.close()
    },
  }
}

async function work(
  shell: Shell & Pick<Settings, 'servers'>,
  queue: Queue,
  probot: Probot,
  notifying: NotifyShell,
): Promise<void> {
  const { database, now, log } = shell
  const unlessRevoked = async ({ installationId: installation }: PullRef, task: () => Promise<void>) => {
    try {
      await task()
    } catch (error) {
      if (!revoked(error)) throw error
      log.warn({ installation }, 'The installation is gone or suspended; nothing can be published for it')
    }
  }
  await queue.work({
    merging: (task, signal) => carryOutMerging({ ...shell, queue }, task, signal),
    transition: async (signal) => {
      await askBeforeWindows({ database, queue }, now())
      await failClosedGroups(shell)
      await carryOut(shell, signal)
    },
    regression: async (wish, signal) => {
      // Loaded only now: a bot without staging needs nothing of it.
      const { runRegressionJob } = await import('./regression-job.ts')
      await unlessRevoked(wish.pull, () =>
        runRegressionJob({ ...shell, queue }, regressionWishSchema.parse(wish), signal),
      )
    },
    delivery: (id) => takeDelivery(database, probot, id, now),
    evaluate: (pull, signal) => unlessRevoked(pull, () => evaluate(shell, pull, signal)),
    notice: async (data, signal) => {
      await noteAnnounced(shell, data, await notify(notifying, data, signal))
    },
    dead: async (job) => {
      const { queue: name, data, problem } = job
      if (name === 'deliveries' && 'id' in data) await markFailed(database, String(data.id), problem, now())
      if (name === RUN_REGRESSION) {
        const { giveUp } = await import('./regression-give-up.ts')
        await giveUp({ ...shell, queue }, regressionWishSchema.parse(data), problem)
      }
      const notice = await deadLetterNotice(database, job, now())
      if (notice) await queue.enqueueNotice(notice)
    },
  })
}

/** What notices are sent with; without a token one line of the log says that none are sent. */
function notifyShell(settings: Settings, { database, now, log }: Shell): NotifyShell {
  const { slack, webhookSecrets, privateKey, database: place } = settings
  if (!slack) log.info('SLACK_BOT_TOKEN is not set: no notices are sent')
  const secrets = [...webhookSecrets, privateKey, slack?.token, 'url' in place ? place.url : undefined]
  return {
    database,
    slack: slack && createSlack({ ...slack, now }),
    now,
    log,
    secrets: secrets.filter((secret) => secret !== undefined),
  }
}

/** The release window of every repository whose policy has one. */
async function windows(database: Database): Promise<FeedEntry[]> {
  return (await keptPolicies(database)).flatMap(({ owner, repo, text }) => {
    const read = parsePolicy(text)
    const window = read.ok ? read.policy.gates.release_window : undefined
    return window ? [{ name: `${owner}/${repo}`, window }] : []
  })
}

/** Hands a stored delivery to Probot, which turns it into the pull requests to look at. */
async function takeDelivery(database: Database, probot: Probot, id: string, now: () => Date): Promise<void> {
  const delivery = await readDelivery(database, id)
  if (delivery?.state !== 'received') return
  const payload = JSON.parse(Buffer.from(delivery.body).toString('utf8'))
  await probot.receive({ id: delivery.guid, name: delivery.event, payload } as Parameters<
    Probot['receive']
  >[0])
  await markProcessed(database, id, now())
}

async function readiness(database: Database, queue: Queue): Promise<Readiness> {
  const [db, jobs] = await Promise.allSettled([database.query('SELECT 1'), queue.ping()])
  const say = (result: PromiseSettledResult<unknown>) =>
    result.status === 'fulfilled' ? 'ok' : 'does not answer'
  const checks = { database: say(db), queue: say(jobs) }
  return { ok: Object.values(checks).every((check) => check === 'ok'), checks }
}

/** Where the daily look finds what `doctor` looks at. */
async function lookOutside(
  settings: Settings,
  probot: Probot,
  { database, github, now }: Shell,
  queue: Queue,
  serves: (account: string) => boolean,
): Promise<Outside> {
  const answers = (asked: Promise<unknown>) => asked.then(() => 'It answers.')
  const probes: Probe[] = [
    { name: 'database', look: () => answers(database.query('SELECT 1')) },
    { name: 'queue', look: () => answers(queue.ping()) },
    ...[settings.slack && slackProbe(settings.slack)].filter((probe) => probe !== undefined),
  ]
  return { app: await probot.auth(), installation: github, serves, probes, now }
}

async function listen(server: Server, { host, port }: Settings): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`
}

async function close(server: Server): Promise<void> {
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
}
