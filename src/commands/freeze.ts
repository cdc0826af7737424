import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { Command } from 'commander'
import { freezePath } from '../server/freeze.ts'

type Options = { repository?: string; reason?: string; until?: string; url?: string; json?: boolean }

/** `freeze` and `unfreeze`: orders to the running bot, signed with its webhook secret. 0 done, 1 refused, 2 wrong use. */
export function freezeCommands(): Command[] {
  return [
    common(new Command('freeze'))
      .description('close the release window at once, with a reason that every check shows')
      .requiredOption('--reason <text>', 'why; shown in the checks and kept in the records')
      .option('--until <time>', 'ISO date and time at which the freeze ends by itself')
      .action((options: Options) => send('freeze', options)),
    common(new Command('unfreeze'))
      .description('end a freeze that was ordered with `freeze`')
      .action((options: Options) => send('unfreeze', options)),
  ]
}

function common(command: Command): Command {
  return command
    .option('--repository <owner/name>', 'only this repository (default: every one)')
    .option('--url <url>', 'where the bot runs (default: http://HOST:PORT of the environment)')
    .option('--json', 'print the bot’s answer as JSON')
    .addHelpText(
      'after',
      '\nWEBHOOK_SECRET must be set, as for `start`.\nExit codes: 0 done, 1 the bot refused, 2 wrong use or the bot cannot be reached.',
    )
}

async function send(action: 'freeze' | 'unfreeze', options: Options): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { WEBHOOK_SECRET: secret, HOST = '127.0.0.1', PORT = '3000' } = process.env
  if (!secret) throw new Error('WEBHOOK_SECRET is not set; the bot takes orders only from whoever knows it.')
  const until = options.until === undefined ? undefined : new Date(options.until)
  if (until && Number.isNaN(until.getTime())) {
    throw new Error(
      `--until: ${JSON.stringify(options.until)} is not an ISO date and time; write it like "2026-12-24T09:00:00Z".`,
    )
  }
  const body = JSON.stringify({
    action,
    by: userInfo().username,
    at: new Date().toISOString(),
    ...(options.repository === undefined ? {} : { repository: options.repository }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(until ? { until: until.toISOString() } : {}),
  })
  const url = new URL(freezePath, options.url ?? `http://${HOST === '0.0.0.0' ? '127.0.0.1' : HOST}:${PORT}`)
  const answer = await reach(url, body, secret)
  process.stdout.write(
    options.json ? `${JSON.stringify(answer.body)}\n` : `${answer.body.says ?? answer.body.error}\n`,
  )
  process.exitCode = answer.ok ? 0 : 1
}

type Reply = { ok: boolean; body: { says?: string; error?: string } }

async function reach(url: URL, body: string, secret: string): Promise<Reply> {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  try {
    const response = await fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
    return { ok: response.ok, body: (await response.json()) as Reply['body'] }
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new Error(`The bot cannot be reached at ${url.origin} (${why}); name it with --url.`)
  }
}
