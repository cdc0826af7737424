import { noticeSchema } from '../decision/notice.ts'
import { regressionRequestSchema } from '../decision/regression-request.ts'
import { evaluate } from '../gate/evaluate.ts'
import { noteFailure } from '../gate/unverified.ts'
import { changeOf } from '../incidents/change-events.ts'
import { runIncidentTask } from '../incidents/run.ts'
import { watchOfNotice } from '../incidents/watching.ts'
import { linkNotice } from '../merges/link-notice.ts'
import { failOpenGroups } from '../merges/open-groups.ts'
import { runMergeTask } from '../merges/run.ts'
import { isMailJob, type MailShell, requestMails, sendMail } from '../notices/mails.ts'
import { type NotifyShell, notify } from '../notices/notify.ts'
import { isGone } from '../services/github/gone.ts'
import { createSlack } from '../services/slack.ts'
import { createWebhook } from '../services/slack-webhook.ts'
import { readDelivery } from '../store/inbox.ts'
import { landedAtOfNotice } from '../store/landings.ts'
import { carryOutCalendar } from './calendar.ts'
import { handleDeadJob } from './dead-letters.ts'
import { endQuietlyIfGone } from './gone.ts'
import type { Parts } from './parts.ts'
import { finishDelivery } from './receive.ts'

/** Starts the workers of every queue. */
export async function startWork(parts: Parts): Promise<void> {
  const { settings, shell, log } = parts
  const { database, queue } = shell
  const notifying = notifyShell(parts)
  const mails = await mailShell(parts, notifying.secrets)
  const incidents = { ...shell, paging: settings.paging, jira: settings.jira, datadog: settings.datadog }
  const unlessGone = (task: Promise<void>) => endQuietlyIfGone(task, log)
  const logged = (error: unknown) =>
    log.error({ problem: String(error) }, 'A check that could not be verified could not be revoked yet')
  await queue.work({
    delivery: async (id) => {
      const delivery = await readDelivery(database, id)
      if (delivery?.state === 'received') await unlessGone(finishDelivery(parts, delivery))
    },
    evaluate: (pull, signal, attempt) =>
      unlessGone(
        evaluate(shell, pull, signal)
          .catch(async (error) => {
            if (!isGone(error)) await noteFailure(shell, pull, { error, attempt }, signal).catch(logged)
            throw error
          })
          // GitHub merges a group by its own check, which must not outlive the verdicts that it was given for.
          .finally(() => failOpenGroups(shell, pull)),
      ),
    merging: (task, signal, attempt) => unlessGone(runMergeTask(shell, task, signal, attempt)),
    transition: (signal) =>
      carryOutCalendar(shell, signal, { days: Boolean(settings.slack || settings.slackWebhook) }),
    regression: async (data, signal) => {
      // Loaded only now: a bot without staging needs nothing of it.
      const { runRegressionJob } = await import('../staging/job.ts')
      const staging = { ...shell, servers: settings.servers, threads: parts.threads }
      await unlessGone(runRegressionJob(staging, regressionRequestSchema.parse(data), signal))
    },
    incident: (task, signal, attempt) => unlessGone(runIncidentTask(incidents, task, signal, attempt)),
    comment: async (task, signal) => {
      // Loaded only where comments are commands: it brings a Markdown parser.
      const { runCommentTask } = await import('../comments/run.ts')
      await unlessGone(runCommentTask(shell, task, signal))
    },
    notice: async (data, signal) => {
      if (isMailJob(data)) return mails ? sendMail(mails, data) : undefined
      if (mails) await requestMails(mails, data)
      await tellOfChange(parts, data)
      await linkNotice(shell, data, await notify(notifying, data, signal))
    },
    dead: (job) => handleDeadJob(parts, job),
  })
}

/** PagerDuty shows the changes beside its alerts, where the operator has one; a release is watched. Both count from the merge. */
async function tellOfChange({ settings, shell }: Parts, data: object): Promise<void> {
  const notice = noticeSchema.safeParse(data).data
  if (notice?.kind !== 'merged' && notice?.kind !== 'exception') return
  const at = (await landedAtOfNotice(shell.database, notice.repository, notice.key)) ?? shell.now()
  const change = settings.paging.keys.on_call ? changeOf(notice, at) : undefined
  if (change) await shell.queue.enqueueIncident(change)
  const watch = watchOfNotice(notice, at)
  if (watch) await shell.queue.enqueueIncident(watch)
}

function incidentSecrets({ alertSecrets, paging, jira, datadog }: Parts['settings']): (string | undefined)[] {
  return [
    ...Object.values(alertSecrets),
    ...Object.values(paging.keys),
    jira?.token,
    datadog?.apiKey,
    datadog?.appKey,
  ]
}

/** The dependencies of `notify`. Without a token, one log line says that none are sent to Slack. */
function notifyShell({ settings, shell, log }: Parts): NotifyShell {
  const { database, now, web, board } = shell
  const { slack, slackWebhook, webhookSecrets, privateKey, client, operatorToken, database: place } = settings
  const webhook = slackWebhook === undefined ? undefined : createWebhook({ url: slackWebhook, now })
  if (!slack && !webhook) log.info('SLACK_BOT_TOKEN is not set, so no notices are sent to Slack')
  const secrets = [
    ...webhookSecrets,
    privateKey,
    slack?.token,
    slackWebhook,
    settings.slackSigningSecret,
    ...mailSecrets(settings),
    ...incidentSecrets(settings),
    client?.secret,
    operatorToken,
    'url' in place ? place.url : undefined,
  ]
  return {
    database,
    slack: slack ? createSlack({ ...slack, now }) : webhook,
    now,
    web,
    board,
    buttons: settings.slackSigningSecret !== undefined,
    log,
    secrets: secrets.filter((secret) => secret !== undefined),
  }
}

/** The URL of the mail server, and the password in it, as it is written and as it is meant. */
function mailSecrets({ mail }: Parts['settings']): (string | undefined)[] {
  const { password } = mail ? new URL(mail.url) : { password: '' }
  return [mail?.url, ...(password === '' ? [] : [password, decodeURIComponent(password)])]
}

/** The dependencies of mails. Undefined: the operator has set no mail server, and nothing of one is loaded. */
async function mailShell({ settings, shell }: Parts, secrets: string[]): Promise<MailShell | undefined> {
  const { mail, slack, slackWebhook } = settings
  if (!mail) return undefined
  const { createMailer } = await import('../services/mail.ts')
  const { database, queue, now } = shell
  const withSlack = slack !== undefined || slackWebhook !== undefined
  return {
    database,
    queue,
    now,
    secrets,
    withSlack,
    mailer: createMailer(mail),
    from: mail.from,
    to: mail.to,
  }
}
