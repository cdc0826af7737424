import { Command } from 'commander'
import { formatTime } from '../decision/calendar.ts'
import { oneLine, terminalLines } from '../decision/markdown.ts'
import { statusPath } from '../server/api-paths.ts'
import type { PullState, PullStatus, RepositoryStatus, Status } from '../server/status-report.ts'
import { type BotOptions, exitCodeOf, sendRequest, withBotOptions } from './bot-request.ts'

/** `status`: the window, the freezes and the open pull requests of every repository, as the running bot knows them. */
export function statusCommand(): Command {
  return withBotOptions(
    new Command('status').option('--repository <owner/name>', 'only this repository'),
  ).action(async (options: BotOptions & { repository?: string }) => {
    const answer = await sendRequest<Status>(statusPath, {}, options)
    if (!answer.ok) {
      if (options.json) process.stdout.write(`${JSON.stringify(answer.body)}\n`)
      else process.stderr.write(`${terminalLines(answer.body.error)}\n`)
      process.exitCode = exitCodeOf(answer.status)
      return
    }
    const status = only(answer.body, options.repository)
    process.stdout.write(`${options.json ? JSON.stringify(status) : asText(status)}\n`)
  })
}

function only(status: Status, name: string | undefined): Status {
  if (name === undefined) return status
  const found = status.repositories.filter(
    ({ repository }) => repository.toLowerCase() === name.toLowerCase(),
  )
  if (found.length > 0) return { ...status, repositories: found }
  throw new Error(
    `--repository: the bot does not know a policy for ${JSON.stringify(name)}. Omit the option to see all repositories.`,
  )
}

function asText({ repositories }: Status): string {
  if (repositories.length === 0) return 'No repository has a policy yet.'
  const width = process.stdout.columns ?? 80
  return repositories
    .map((repository) =>
      [...headOf(repository), ...sorted(repository.pulls).flatMap((pull) => pullLines(pull, width))].join(
        '\n',
      ),
    )
    .join('\n\n')
}

const words: Record<PullState, string> = { green: '✅', ready: '🟢', 'not ready': '⏳' }

/** Two lines: the pull request, and what its check says. */
function pullLines({ state, number, title, author, check }: PullStatus, width: number): string[] {
  const who = author === '' ? '' : ` (${oneLine(author, 40)})`
  const before = `${words[state]} ${state} #${number} `
  return [
    `  ${before}${oneLine(title, Math.max(20, width - before.length - who.length - 3))}${who}`,
    `     ${oneLine(check, Math.max(20, width - 5))}`,
  ]
}

function sorted(pulls: PullStatus[]): PullStatus[] {
  const order = Object.keys(words)
  return pulls.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.number - b.number)
}

function headOf({
  repository,
  window,
  frozen,
  overdue,
  refusedChannels = [],
  pulls,
}: RepositoryStatus): string[] {
  const zone = window?.zone ?? 'UTC'
  const count = (state: PullState) => pulls.filter((pull) => pull.state === state).length
  return [
    `${repository}: ${windowText(window, frozen !== undefined)}`,
    ...(frozen ? [frozenText(frozen, zone)] : []),
    ...overdue.map(
      ({ pull, issue, due }) =>
        `⏰ Review of #${pull}${issue ? ` (issue #${issue})` : ''} overdue since ${formatTime(new Date(due), zone)}`,
    ),
    ...refusedChannels.map(
      ({ channel, why, since }) =>
        `⚠️ Slack takes no message for ${oneLine(channel, 80)} since ${formatTime(new Date(since), zone)}: ${oneLine(why, 200)}`,
    ),
    `${pulls.length} open: ${count('green')} green, ${count('ready')} ready, ${count('not ready')} not ready`,
  ]
}

function windowText(window: RepositoryStatus['window'], frozen: boolean): string {
  if (!window) return frozen ? 'frozen' : 'no release window in the policy'
  const { open, opensAt, closesAt, zone } = window
  if (open) return closesAt ? `open until ${formatTime(new Date(closesAt), zone)}` : 'always open'
  const closed = frozen ? 'closed by a freeze' : 'closed'
  if (opensAt) return `${closed}, opens ${formatTime(new Date(opensAt), zone)}`
  return frozen ? closed : `${closed}, with no opening scheduled`
}

function frozenText({ reason, by, until }: NonNullable<RepositoryStatus['frozen']>, zone: string): string {
  const who = by ? ` by ${oneLine(by, 80)}` : ' by the policy'
  const end = until ? ` until ${formatTime(new Date(until), zone)}` : ''
  return `❄️ Frozen${who}${end}: ${oneLine(reason, 200)}`
}
