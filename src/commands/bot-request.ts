import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'

export type BotOptions = { url?: string; json?: boolean }

/** Adds the options that every command to the running bot has. */
export function withBotOptions(command: Command): Command {
  return command
    .option('--url <url>', "the bot's address (default: http://HOST:PORT from the environment)")
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      "\nNeeds the bot's WEBHOOK_SECRET.\nExit codes: 0 done, 1 refused, 2 usage error, 3 the bot cannot be reached.",
    )
}

/** Sends a request to the running bot and returns the answer. */
export async function sendRequest<Answer>(
  path: string,
  order: object,
  options: BotOptions,
): Promise<{ ok: true; body: Answer } | { ok: false; status: number; body: { error: string } }> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const response = await postRequest(path, order, options)
  const answer = await response.json()
  return response.ok
    ? { ok: true, body: answer as Answer }
    : { ok: false, status: response.status, body: answer as { error: string } }
}

/** Posts a request, signed with the webhook secret of the bot. */
export async function postRequest(path: string, order: object, options: { url?: string }): Promise<Response> {
  const { WEBHOOK_SECRET: secret, HOST = '127.0.0.1', PORT = '3000' } = process.env
  if (!secret)
    throw new Error('WEBHOOK_SECRET is not set. The bot accepts requests only from callers who know it.')
  const base = options.url ?? `http://${HOST === '0.0.0.0' ? '127.0.0.1' : HOST}:${PORT}`
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new Error(`--url: ${JSON.stringify(base)} is not a URL. Example: "http://127.0.0.1:3000".`)
  const url = new URL(path, base)
  const body = JSON.stringify({ ...order, at: new Date().toISOString() })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  try {
    return await fetch(url, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    const message = `Cannot reach the bot at ${url.origin} (${why}). Set its address with --url.`
    throw Object.assign(new Error(message), { exitCode: 3 })
  }
}
