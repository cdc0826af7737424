import { Command } from 'commander'
import { formatTime } from '../decision/calendar.ts'
import { oneLine } from '../decision/markdown.ts'
import { statusPath } from '../server/status.ts'
import type { PullState, RepositoryStatus, Status } from '../server/status-report.ts'
import { type BotOptions, sendRequest, withBotOptions } from './bot-request.ts'

/** `status`: the window, the freezes and the open pull requests of every repository, as the running bot knows them. */
export function statusCommand(): Command {
  return withBotOptions(
    new Command('status').option('--repository <owner/name>', 'only this repository'),
  ).action(async (options: BotOptions & { repository?: string }) => {
    const answer = await sendRequest<Status>(statusPath, {}, options)
    if (!answer.ok) {
      process.stdout.write(`${answer.body.error}\n`)
      process.exitCode = 1
      return
    }
    const status = only(answer.body, options.repository)
    process.stdout.write(`${options.json ? JSON.stringify(status) : await asText(status)}\n`)
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

async function asText({ repositories }: Status): Promise<string> {
  if (repositories.length === 0) return 'No repository has a policy yet.'
  const { default: Table } = await import('cli-table3')
  const parts = repositories.map((repository) => {
    const table = new Table({ head: ['', '#', 'Title', 'Author', 'Check'], style: { head: [] } })
    for (const { state, number, title, author, says } of sorted(repository.pulls))
      table.push([words[state], String(number), oneLine(title, 60), oneLine(author, 40), oneLine(says, 60)])
    return [...headOf(repository), ...(repository.pulls.length > 0 ? [table.toString()] : [])].join('\n')
  })
  return parts.join('\n\n')
}

const words: Record<PullState, string> = { green: '✅ green', ready: '🟢 ready', 'not ready': '⏳ not ready' }

function sorted(pulls: RepositoryStatus['pulls']): RepositoryStatus['pulls'] {
  const order = Object.keys(words)
  return pulls.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.number - b.number)
}

function headOf({ repository, window, frozen, overdue, pulls }: RepositoryStatus): string[] {
  const zone = window?.zone ?? 'UTC'
  const count = (state: PullState) => pulls.filter((pull) => pull.state === state).length
  const ready = window?.open ? '' : `, ${count('ready')} ready for the next window`
  return [
    `${repository}: ${windowText(window)}`,
    ...(frozen ? [frozenText(frozen, zone)] : []),
    ...overdue.map(
      ({ pull, issue, due }) =>
        `⏰ Review of #${pull}${issue ? ` (issue #${issue})` : ''} overdue since ${formatTime(new Date(due), zone)}`,
    ),
    `${pulls.length} open: ${count('green')} green${ready}, ${count('not ready')} not ready`,
  ]
}

function windowText(window: RepositoryStatus['window']): string {
  if (!window) return 'no release window in the policy'
  const { open, opensAt, closesAt, zone } = window
  if (open) return closesAt ? `open until ${formatTime(new Date(closesAt), zone)}` : 'always open'
  return opensAt
    ? `closed, opens ${formatTime(new Date(opensAt), zone)}`
    : 'closed, with no opening scheduled'
}

function frozenText({ reason, by, until }: NonNullable<RepositoryStatus['frozen']>, zone: string): string {
  const who = by ? ` by ${oneLine(by, 40)}` : ' by the policy'
  const end = until ? ` until ${formatTime(new Date(until), zone)}` : ''
  return `❄️ Frozen${who}${end}: ${oneLine(reason, 200)}`
}
