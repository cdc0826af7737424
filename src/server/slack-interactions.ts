import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { z } from 'zod'
import { plural } from '../decision/markdown.ts'
import { type ButtonAction, readButton } from '../decision/slack-buttons.ts'
import { slackText } from '../decision/slack-escape.ts'
import { whyText } from '../decision/why-text.ts'
import { recordFreezeOrder } from '../gate/calendar/freeze-order.ts'
import { memberByEmail } from '../notices/people.ts'
import type { Connected } from '../notices/posting.ts'
import { parsePolicy } from '../policy/policy-file.ts'
import type { GitHub } from '../services/github/client.ts'
import { orAbsent } from '../services/github/errors.ts'
import { isSlackSigned } from '../services/slack-signature.ts'
import { pendingPulls } from '../store/board/open-pulls.ts'
import type { Database } from '../store/database.ts'
import { activeFreezes, frozenFact } from '../store/freezes.ts'
import { takeRequest } from '../store/notices.ts'
import type { KeptPolicy } from '../store/policies.ts'
import type { Queue } from '../store/queue.ts'
import { latestVerdict, type StoredVerdict } from '../store/verdicts.ts'
import { permissionOf, policyNamed } from './orders.ts'
import { readBody } from './read-body.ts'
import type { Handler } from './server.ts'

export const slackInteractionsPath = '/api/slack/interactions'

type Answer = { text: string; blocks?: object[] }

export type InteractionShell = Connected & {
  secret: string
  github: (installationId: number) => Promise<GitHub>
  queue: Pick<Queue, 'enqueueTransition' | 'enqueueNotice'>
  /** Where people read GitHub. */
  web: string
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Answers whoever pressed, and nobody else. */
  respond: (url: string, answer: Answer) => Promise<void>
}

const press = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().regex(/^[UW][A-Z0-9]+$/) }),
  response_url: z.url({ protocol: /^https?$/ }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().default('') })).min(1),
})

type Press = z.output<typeof press>

/** Slack's largest payloads are a few kilobytes. */
const largest = 64 * 1024

/**
 * Presses of buttons in Slack: signed, not older than five minutes, and each once. Slack waits three seconds, so the press is acknowledged
 * first and answered after that.
 */
export function slackInteractionsHandler(shell: InteractionShell): Handler {
  return async (request, response) => {
    const read = await readPress(request, shell)
    const status = 'status' in read ? read.status : 200
    if ('status' in read) shell.log.warn({ status, why: read.why }, 'Refused a press of a button in Slack')
    response.writeHead(status, { connection: 'close' })
    response.end()
    if ('press' in read)
      await answer(shell, read.press).catch((error: unknown) =>
        shell.log.error({ problem: String(error) }, 'A press of a button in Slack could not be answered'),
      )
  }
}

async function readPress(
  request: IncomingMessage,
  { secret, now, database }: InteractionShell,
): Promise<{ press: Press } | { status: number; why: string }> {
  const body = await readBody(request, AbortSignal.timeout(5_000), largest)
  if ('refused' in body) return { status: body.refused, why: 'The body could not be read.' }
  try {
    const header = (name: string) => {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    }
    const signature = header('x-slack-signature')
    const timestamp = header('x-slack-request-timestamp')
    if (!isSlackSigned(body.bytes, { signature, timestamp }, secret, now()))
      return { status: 401, why: 'The signature does not match, or is older than five minutes.' }
    if (!(await takeRequest(database, `slack press ${signature}`, now())))
      return { status: 409, why: 'It was sent before.' }
    const payload = new URLSearchParams(body.bytes.toString('utf8')).get('payload')
    const parsed = press.safeParse(jsonIn(payload ?? ''))
    return parsed.success ? { press: parsed.data } : { status: 400, why: 'It is not the press of a button.' }
  } finally {
    body.release()
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function answer(shell: InteractionShell, { user, actions, response_url: url }: Press): Promise<void> {
  const [first] = actions
  const action = first && readButton(first.action_id, first.value)
  if (!action) return
  const said = await carryOut(shell, user.id, action).catch((error: unknown) => {
    shell.log.error({ problem: String(error) }, 'A button in Slack failed')
    return { text: 'That did not work: GitHub could not be asked. Nothing was changed. Try again.' }
  })
  await shell.respond(url, said)
}

async function carryOut(shell: InteractionShell, userId: string, action: ButtonAction): Promise<Answer> {
  const kept = await policyNamed(shell, action.repository)
  const repository = slackText(action.repository)
  if (!kept)
    return {
      text: `release-gate does not know a policy for ${repository}. The repository was renamed, it has no policy, or the App has lost access to it.`,
    }
  const person = await personBehind(shell, kept, userId)
  if ('unknown' in person)
    return { text: `${person.unknown}, so release-gate does not know who you are on GitHub.` }
  const permission = await permissionOf(shell, person, kept)
  return action.kind === 'why'
    ? why(shell, { ...action, ...kept }, { person, permission })
    : freeze(shell, { ...action, ...kept }, { person, permission })
}

type Person = { id: number; login: string }
type Allowed = { person: Person; permission: { role: string; maintains: boolean } }

/** The GitHub account that the policy maps to a member of Slack: exactly one, as GitHub knows it now; or why there is none. */
async function personBehind(
  shell: InteractionShell,
  kept: KeptPolicy,
  userId: string,
): Promise<Person | { unknown: string }> {
  const read = parsePolicy(kept.text)
  const people = read.ok ? Object.entries(read.policy.slack?.people ?? {}) : []
  const where = `\`slack.people\` of the policy of ${slackText(`${kept.owner}/${kept.repo}`)}`
  const logins: string[] = []
  let notFound = 0
  for (const [login, place] of people) {
    const id = place.includes('@') ? await memberByEmail(shell, place, AbortSignal.timeout(5_000)) : place
    if (id === userId) logins.push(login)
    if (id === undefined) notFound += 1
  }
  const [login] = logins
  if (login === undefined) {
    const why =
      notFound > 0
        ? ` (Slack knows no member for ${plural(notFound, 'email address', 'email addresses')} of it)`
        : ''
    return { unknown: `You are not in ${where}${why}` }
  }
  if (logins.length > 1)
    return { unknown: `More than one account is yours in ${where} (${slackText(logins.join(', '), 200)})` }
  const github = await shell.github(kept.installationId)
  const found = await orAbsent(github.rest.users.getByUsername({ username: login }))
  if (!found)
    return { unknown: `You are ${slackText(login)} in ${where}, an account that GitHub does not have` }
  return { id: found.data.id, login: found.data.login }
}

async function why(
  { database, now, web }: InteractionShell,
  kept: ButtonAction & { kind: 'why' } & KeptPolicy,
  { person, permission }: Allowed,
): Promise<Answer> {
  const { repository, installationId, repositoryId, number } = kept
  if (permission.role === 'none')
    return { text: `${slackText(person.login)} cannot read ${slackText(repository)} on GitHub.` }
  const verdict = await latestVerdict(database, { installationId, repositoryId, number })
  if (!verdict?.counts)
    return { text: `${slackText(repository)}#${number} ${await whyNotCounted(database, kept, verdict)}.` }
  const { frozen: _, ...facts } = verdict.snapshot
  const frozen = frozenFact(await activeFreezes(database, now()), verdict.pull)
  const snapshot = { ...facts, ...frozen, takenAt: verdict.decidedAt.toISOString() }
  const { owner, repo } = verdict.pull
  return whyText({ snapshot, policy: verdict.policy }, `${web}/${owner}/${repo}/pull/${number}`)
}

/** Why a pull request has no verdict that counts. */
async function whyNotCounted(
  db: Database,
  pull: KeptPolicy & { number: number },
  verdict: StoredVerdict | undefined,
): Promise<string> {
  const pending = await pendingPulls(db, [pull])
  if (pending.some(({ number }) => number === pull.number))
    return 'has not been checked yet. Try again in a minute'
  if (!verdict)
    return 'is not open, its base branch is not covered by the policy, or it has not been checked yet'
  return verdict.snapshot.state === 'open' ? 'is not covered by the policy' : 'is not open'
}

/** The authority is that of the board and the command line, read now. */
async function freeze(
  shell: InteractionShell,
  { repository, repositoryId }: ButtonAction & KeptPolicy,
  { person, permission: { role, maintains } }: Allowed,
): Promise<Answer> {
  if (!maintains) {
    const text = `${slackText(person.login)} has the role ${slackText(role)} on ${slackText(repository)}. This needs maintain or admin.`
    return { text }
  }
  const outcome = await recordFreezeOrder(shell, {
    action: 'freeze',
    repository,
    repositoryId,
    reason: `Frozen by ${person.login} in Slack`,
    orderer: { person, authority: role },
    at: new Date().toISOString(),
  })
  return { text: slackText('refused' in outcome ? outcome.refused : outcome.message, 500) }
}
