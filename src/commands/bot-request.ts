import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { terminalLines } from '../decision/markdown.ts'
import { addressOf, isLoopback } from '../settings/addresses.ts'
import { loginAt } from './logins.ts'

export type BotOptions = { url?: string; json?: boolean }

export type BotAnswer<Answer> =
  | { ok: true; body: Answer }
  | { ok: false; status: number; body: { error: string } }

/** Adds the options that every command to the running bot has. */
export function withBotOptions(command: Command): Command {
  return command
    .option('--url <url>', "the bot's address (default: PUBLIC_URL or http://HOST:PORT from the environment)")
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nNeeds `release-gate login`, or the OPERATOR_TOKEN of the bot.\nExit codes: 0 done, 1 refused, 2 usage error,\n3 the bot, or GitHub behind it, does not answer.',
    )
}

/** Sends a request to the running bot, in the name of whoever is signed in, and returns the answer. */
export async function sendRequest<Answer>(
  path: string,
  order: object,
  options: BotOptions,
): Promise<BotAnswer<Answer>> {
  // What was set for this command comes first; the bot's own `.env` is there for everybody on its machine.
  const set = process.env.OPERATOR_TOKEN
  const base = baseOf(options)
  const bearer = set || loginAt(base.origin)?.token || process.env.OPERATOR_TOKEN
  if (!bearer) throw new Error(`Nobody is signed in at ${base.origin}. Run \`release-gate login\` first.`)
  if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(bearer.trim()))
    throw new Error('OPERATOR_TOKEN: has a line break or a character beyond Latin-1. Copy it again.')
  return post<Answer>(new URL(path, base), { ...order, at: new Date().toISOString() }, bearer)
}

/** Sends an order as `sendRequest` does, prints what the bot answers, and sets the exit code. */
export async function sendOrder<Answer extends { message: string }>(
  path: string,
  order: object,
  options: BotOptions,
): Promise<BotAnswer<Answer>> {
  const answer = await sendRequest<Answer>(path, order, options)
  const text = answer.ok ? answer.body.message : answer.body.error
  const stream = answer.ok || options.json ? process.stdout : process.stderr
  stream.write(`${options.json ? JSON.stringify(answer.body) : terminalLines(text)}\n`)
  process.exitCode = answer.ok ? 0 : exitCodeOf(answer.status)
  return answer
}

/** Of an answer that is not 2xx. 2: what was named is not there; 3: the bot, or GitHub behind it, did not answer; 1: refused. */
export function exitCodeOf(status: number): number {
  if (status === 404) return 2
  return [502, 503, 504].includes(status) ? 3 : 1
}

/** Sends JSON to the bot. Without `bearer`, as nobody. */
export async function post<Answer>(url: URL, body: object, bearer?: string): Promise<BotAnswer<Answer>> {
  const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) }
  const response = await reach(url, { method: 'POST', body: JSON.stringify(body), headers })
  const answer: unknown = await response
    .json()
    .catch(() => ({ error: `The bot answered ${response.status}.` }))
  return response.ok
    ? { ok: true, body: answer as Answer }
    : { ok: false, status: response.status, body: answer as { error: string } }
}

/** @throws with the exit code 3 where nothing answers. */
export async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error' })
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    const message = `Cannot reach the bot at ${url.origin} (${why}). Set its address with --url.`
    throw Object.assign(new Error(message), { exitCode: 3 })
  }
}

/** Where the bot is. A token is sent there, so it is never sent unencrypted over a network. */
export function baseOf({ url }: { url?: string | undefined }): URL {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const base = url ?? (process.env.PUBLIC_URL || listeningAddress())
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new Error(`--url: ${JSON.stringify(base)} is not a URL. Example: "http://127.0.0.1:3000".`)
  if (base.startsWith('http:') && !isLoopback(base))
    throw new Error(`--url: ${JSON.stringify(base)} is not https. A token would be sent unencrypted.`)
  return new URL(base)
}

/** Where a bot with this environment listens, as seen from its own machine. */
export function listeningAddress(): string {
  const host = process.env.HOST || '127.0.0.1'
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return addressOf(reachable, process.env.PORT || 3000)
}
