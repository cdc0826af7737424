import { userInfo } from 'node:os'
import { Command } from 'commander'
import { freezePath } from '../server/freeze.ts'
import { type BotOptions, sendRequest, withBotOptions } from './bot-request.ts'

type Options = BotOptions & { repository?: string; reason?: string; until?: string }

/** `freeze` and `unfreeze`, sent to the running bot. 0 done, 1 refused or still frozen, 2 usage error. */
export function freezeCommand(): Command {
  return common(new Command('freeze'))
    .requiredOption('--reason <text>', 'why; shown in every check and recorded')
    .option('--until <time>', 'when the freeze ends automatically, as ISO date and time with an offset')
    .action((options: Options) => send('freeze', options))
}

export function unfreezeCommand(): Command {
  return common(new Command('unfreeze')).action((options: Options) => send('unfreeze', options))
}

function common(command: Command): Command {
  return withBotOptions(command.option('--repository <owner/name>', 'only this repository'))
}

async function send(action: 'freeze' | 'unfreeze', options: Options): Promise<void> {
  const { repository, reason } = options
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new Error(
      `--repository: ${JSON.stringify(repository)} is not a repository name. Example: "acme/shop".`,
    )
  if (reason?.trim() === '') throw new Error('--reason: is empty. Every check shows the reason, so give one.')
  const order = {
    action,
    by: userInfo().username,
    ...(repository === undefined ? {} : { repository }),
    ...(reason === undefined ? {} : { reason }),
    ...(options.until === undefined ? {} : { until: endOf(options.until) }),
  }
  const answer = await sendRequest<{ says: string; frozen: boolean }>(freezePath, order, options)
  const text = answer.ok ? answer.body.says : answer.body.error
  process.stdout.write(`${options.json ? JSON.stringify(answer.body) : text}\n`)
  process.exitCode = answer.ok && answer.body.frozen === (action === 'freeze') ? 0 : 1
}

/** Requires an offset, since the time zone of this machine has nothing to do with the release. */
function endOf(text: string): string {
  const at = new Date(text)
  if (/(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(at.getTime())) return at.toISOString()
  throw new Error(
    `--until: ${JSON.stringify(text)} is not an ISO date and time with an offset. Example: "2026-12-24T09:00:00Z" or "2026-12-24T09:00-08:00".`,
  )
}
