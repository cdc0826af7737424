import { Command } from 'commander'
import { exemptPath } from '../server/api-paths.ts'
import { type BotOptions, sendOrder, withBotOptions } from './bot-request.ts'
import { instantOf } from './instant.ts'

type Options = BotOptions & { until?: string; reason?: string; confirm?: string; revoke?: boolean }

/** `exempt`, sent to the running bot. 0 done, 1 refused, 2 usage error, 3 the bot cannot be reached. */
export function exemptCommand(): Command {
  return withBotOptions(
    new Command('exempt')
      .argument('<owner/name#number>', 'the pull request')
      .option('--until <time>', 'when the exemption ends, as ISO date and time with an offset')
      .option('--reason <text>', 'why; shown in the check and recorded')
      .option('--confirm <number>', 'confirm, as a second person, what someone else requested, by its number')
      .option('--revoke', 'end the exemption'),
  ).action(exempt)
}

async function exempt(pull: string, options: Options): Promise<void> {
  const order = { ...pullIn(pull), ...actionOf(options) }
  await sendOrder(exemptPath, order, options)
}

function pullIn(written: string): { repository: string; number: number } {
  const [, repository, number] = /^([\w.-]+\/[\w.-]+)#([1-9]\d{0,8})$/.exec(written) ?? []
  if (!repository) throw new Error(`${JSON.stringify(written)} is not a pull request. Example: acme/shop#12.`)
  return { repository, number: Number(number) }
}

function orderIn(written: string): number {
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written)
  throw new Error(
    `--confirm: ${JSON.stringify(written)} is not the number of an exemption. The check shows it, and so does the answer to the request.`,
  )
}

function actionOf({ until, reason, confirm, revoke }: Options): object {
  if (confirm !== undefined && revoke)
    throw new Error('--revoke: cannot be combined with --confirm. Use one of them.')
  if (confirm !== undefined || revoke) {
    if (until !== undefined || reason !== undefined)
      throw new Error('--until and --reason belong to the request and cannot be changed. Leave them out.')
    return confirm === undefined ? { action: 'revoke' } : { action: 'confirm', order: orderIn(confirm) }
  }
  if (until === undefined) throw new Error('--until: is missing. Say when the exemption ends.')
  if (!reason?.trim())
    throw new Error('--reason: is missing or empty. The check shows the reason, so give one.')
  return { action: 'order', until: instantOf('--until', until), reason }
}
