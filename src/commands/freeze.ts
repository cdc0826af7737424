import { Command } from 'commander'
import { isRepositoryName } from '../decision/github-names.ts'
import { freezePath, statusPath } from '../server/api-paths.ts'
import type { Status } from '../server/status-report.ts'
import { type BotOptions, sendOrder, sendRequest, withBotOptions } from './bot-request.ts'
import { instantOf } from './instant.ts'
import { repositoryProblem } from './repository-option.ts'

type Scope = { repository?: string; organization?: string }
type Options = BotOptions & Scope & { all?: boolean; reason?: string; until?: string }
type Action = 'freeze' | 'unfreeze'

/** `freeze`, sent to the running bot. 0 done, 1 refused, 2 usage error, 3 the bot cannot be reached. */
export function freezeCommand(): Command {
  return withScope(new Command('freeze'))
    .requiredOption('--reason <text>', 'why; shown in every check and recorded')
    .option('--until <time>', 'when the freeze ends automatically, as ISO date and time with an offset')
    .action((options: Options) => send('freeze', options))
}

/** `unfreeze`, sent to the running bot. 0 done, 1 refused or still frozen, 2 usage error, 3 the bot cannot be reached. */
export function unfreezeCommand(): Command {
  return withScope(new Command('unfreeze')).action((options: Options) => send('unfreeze', options))
}

function withScope(command: Command): Command {
  return withBotOptions(
    command
      .option('--repository <owner/name>', 'one repository; needs maintain or admin on it')
      .option('--organization <name>', 'every repository of an organization; needs an owner, or FREEZE_TEAMS')
      .option('--all', 'every repository of every organization'),
  )
}

async function send(action: Action, options: Options): Promise<void> {
  const { reason } = options
  if (reason?.trim() === '') throw new Error('--reason: is empty. Every check shows the reason, so give one.')
  const order = {
    action,
    ...(await scopeOf(action, options)),
    ...(reason === undefined ? {} : { reason }),
    ...(options.until === undefined ? {} : { until: instantOf('--until', options.until) }),
  }
  const answer = await sendOrder<{ message: string; frozen: boolean }>(freezePath, order, options)
  if (answer.ok && answer.body.frozen !== (action === 'freeze')) process.exitCode = 1
}

/** One repository, or all: nobody should freeze everything by leaving an option out. */
async function scopeOf(action: Action, options: Options): Promise<Scope> {
  const { repository, organization, all } = options
  if ([repository !== undefined, organization !== undefined, all].filter(Boolean).length > 1)
    throw new Error('--all, --organization and --repository: cannot be combined. Use one of them.')
  if (all) return {}
  if (organization !== undefined) return { organization }
  if (repository === undefined) throw new Error(await whatItWouldDo(action, options))
  if (!isRepositoryName(repository)) throw new Error(repositoryProblem(repository))
  return { repository }
}

async function whatItWouldDo(action: Action, options: Options): Promise<string> {
  const answer = await sendRequest<Status>(statusPath, {}, options)
  if (!answer.ok) return answer.body.error
  const names = answer.body.repositories.map(({ repository }) => repository)
  const shown = names.length > 20 ? [...names.slice(0, 20), `${names.length - 20} more`] : names
  const what =
    names.length === 1
      ? `${action} 1 repository: ${shown}`
      : `${action} ${names.length} repositories${names.length > 0 ? `: ${shown.join(', ')}` : ''}`
  return `This would ${what}. To do that, add --all. For one repository, add --repository owner/name; for one organization, --organization name.`
}
