import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'

export type OrderOptions = { url?: string; json?: boolean }

/** What an order to the running bot needs, and its exit codes. */
export function toRunningBot(command: Command): Command {
  return command
    .option('--url <url>', 'where the bot runs (default: http://HOST:PORT of the environment)')
    .option('--json', 'print the bot’s answer as JSON')
    .addHelpText(
      'after',
      '\nWEBHOOK_SECRET must be set, as for `start`.\nExit codes: 0 done, 1 the bot refused, 2 wrong use or the bot cannot be reached.',
    )
}

/** Sends an order to the running bot, signed with its webhook secret, and gives what it answers. */
export async function sendOrder<Answer>(
  path: string,
  order: object,
  options: OrderOptions,
): Promise<{ ok: true; body: Answer } | { ok: false; body: { error: string } }> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { WEBHOOK_SECRET: secret, HOST = '127.0.0.1', PORT = '3000' } = process.env
  if (!secret) throw new Error('WEBHOOK_SECRET is not set; the bot takes orders only from whoever knows it.')
  const base = options.url ?? `http://${HOST === '0.0.0.0' ? '127.0.0.1' : HOST}:${PORT}`
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new Error(
      `--url: ${JSON.stringify(base)} is not an address; write it like "http://127.0.0.1:3000".`,
    )
  const url = new URL(path, base)
  const body = JSON.stringify({ ...order, at: new Date().toISOString() })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  try {
    const response = await fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
    const answer = await response.json()
    return response.ok
      ? { ok: true, body: answer as Answer }
      : { ok: false, body: answer as { error: string } }
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new Error(`The bot cannot be reached at ${url.origin} (${why}); name it with --url.`)
  }
}
