import { userInfo } from 'node:os'
import { Command } from 'commander'
import { freezePath } from '../server/freeze.ts'
import { type OrderOptions, sendOrder, toRunningBot } from './bot-order.ts'

type Options = OrderOptions & { repository?: string; reason?: string; until?: string }

/** `freeze` and `unfreeze`: orders to the running bot. 0 done, 1 refused or still frozen, 2 wrong use. */
export function freezeCommands(): Command[] {
  return [
    common(new Command('freeze'))
      .description('close the release window at once, with a reason that every check shows')
      .requiredOption('--reason <text>', 'why; shown in the checks and kept in the records')
      .option('--until <time>', 'ISO date and time with its offset, at which the freeze ends by itself')
      .action((options: Options) => send('freeze', options)),
    common(new Command('unfreeze'))
      .description('end a freeze that was ordered with `freeze`')
      .action((options: Options) => send('unfreeze', options)),
  ]
}

function common(command: Command): Command {
  return toRunningBot(
    command.option('--repository <owner/name>', 'only this repository (default: every one)'),
  )
}

async function send(action: 'freeze' | 'unfreeze', options: Options): Promise<void> {
  const { repository, reason } = options
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new Error(
      `--repository: ${JSON.stringify(repository)} is not owner/name; write it like "acme/shop".`,
    )
  if (reason?.trim() === '') throw new Error('--reason: is empty; say why, since every check shows it.')
  const order = {
    action,
    by: userInfo().username,
    ...(repository === undefined ? {} : { repository }),
    ...(reason === undefined ? {} : { reason }),
    ...(options.until === undefined ? {} : { until: endOf(options.until) }),
  }
  const answer = await sendOrder<{ says: string; frozen: boolean }>(freezePath, order, options)
  const text = answer.ok ? answer.body.says : answer.body.error
  process.stdout.write(`${options.json ? JSON.stringify(answer.body) : text}\n`)
  process.exitCode = answer.ok && answer.body.frozen === (action === 'freeze') ? 0 : 1
}

/** Without an offset it would be a time of this machine's zone, which is nobody's. */
function endOf(text: string): string {
  const at = new Date(text)
  if (/(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(at.getTime())) return at.toISOString()
  throw new Error(
    `--until: ${JSON.stringify(text)} is not an ISO date and time with an offset; write it like "2026-12-24T09:00:00Z" or "2026-12-24T09:00-08:00".`,
  )
}
