import { Command } from 'commander'
import { formatTime } from '../decision/calendar.ts'
import { oneLine } from '../decision/markdown.ts'
import { statusPath } from '../server/status.ts'
import type { PullState, RepositoryStatus, Status } from '../server/status-report.ts'
import { type OrderOptions, sendOrder, toRunningBot } from './bot-order.ts'

/** `status`: what the running bot knows of every repository, for whoever runs the release. */
export function statusCommand(): Command {
  return toRunningBot(
    new Command('status')
      .description('show for each repository the window, freezes, and which pull requests are ready or wait')
      .option('--repository <owner/name>', 'only this repository'),
  ).action(async (options: OrderOptions & { repository?: string }) => {
    const answer = await sendOrder<Status>(statusPath, {}, options)
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
    `--repository: the bot knows no policy of ${JSON.stringify(name)}; leave it out to see all.`,
  )
}

async function asText({ repositories }: Status): Promise<string> {
  if (repositories.length === 0) return 'No repository with a policy has been seen yet.'
  const { default: Table } = await import('cli-table3')
  const parts = repositories.map((repository) => {
    const table = new Table({ head: ['', '#', 'Title', 'Author', 'The check says'], style: { head: [] } })
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
  const ready = window?.open ? '' : `, ${count('ready')} ready for the opening`
  return [
    `${repository}: ${windowText(window)}`,
    ...(frozen ? [frozenText(frozen, zone)] : []),
    ...overdue.map(
      ({ pull, issue, due }) =>
        `⏰ The review of #${pull}${issue ? ` in #${issue}` : ''} was due ${formatTime(new Date(due), zone)}`,
    ),
    `${pulls.length} open: ${count('green')} green${ready}, ${count('not ready')} not ready`,
  ]
}

function windowText(window: RepositoryStatus['window']): string {
  if (!window) return 'its policy has no release window'
  const { open, opensAt, closesAt, zone } = window
  if (open) return closesAt ? `open until ${formatTime(new Date(closesAt), zone)}` : 'always open'
  return opensAt
    ? `closed, opens ${formatTime(new Date(opensAt), zone)}`
    : 'closed, and no opening is in sight'
}

function frozenText({ reason, by, until }: NonNullable<RepositoryStatus['frozen']>, zone: string): string {
  const who = by ? ` by ${oneLine(by, 40)}` : ' by a line in the policy'
  const end = until ? ` until ${formatTime(new Date(until), zone)}` : ''
  return `❄️ Frozen${who}${end}: ${oneLine(reason, 200)}`
}
