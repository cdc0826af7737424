import type { Operator } from '../regression/operator.ts'
import { targetOf } from '../regression/target.ts'
import type { Login, StagingTarget } from '../services/mcp.ts'
import { isPlainHttp } from '../settings/servers.ts'
import type { ServerOptions } from './server-options.ts'

/** The server, and the values of headers and queries, which must not appear in anything stored or printed. */
export type CliTarget = { target: StagingTarget; secrets: string[] }

/** The server that the options of a command name. Throws a line that says what is wrong with them. */
export function cliTarget(options: ServerOptions, { login }: Pick<Operator, 'login'>): CliTarget {
  const { server, transport, passEnv = [], header = [], query = [] } = options
  const passed = passEnv.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  )
  const target = targetOf(server, login, { transport, environment: Object.fromEntries(passed) })
  if (!target) throw new Error(`--server: ${server} is neither an http(s) address nor a command`)
  const headers = header.map((text) => pair('--header', text))
  const queries = query.map((text) => pair('--query', text))
  if (target.kind === 'stdio') {
    if (headers.length + queries.length === 0) return { target, secrets: [] }
    throw new Error(
      '--header and --query: a command on stdio does not support them; set --server to an address.',
    )
  }
  for (const [name, value] of headers) checkHeader(name, value, login)
  if (login.kind !== 'none') refusePlainHttp(target.url, `unset ${variableOf(login)}`)
  if (headers.length + queries.length > 0) refusePlainHttp(target.url, 'leave --header and --query out')
  const url = new URL(target.url)
  for (const [name, value] of queries) url.searchParams.append(name, value)
  return {
    target: {
      ...target,
      url: url.href,
      ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    },
    secrets: [...headers, ...queries].map(([, value]) => value),
  }
}

/** `NAME=VALUE`, where `$VARIABLE` and `${VARIABLE}` stand for a variable of the environment. */
function pair(option: string, text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new Error(`${option}: ${text} has no value; write it like '${option} NAME=$VARIABLE'.`)
  const value = text.slice(at + 1).replace(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced, bare) => {
    const found = process.env[braced ?? bare]
    if (!found) throw new Error(`${option}: the variable ${braced ?? bare} is not set; export it.`)
    return found
  })
  return [text.slice(0, at), value]
}

/** Headers that the protocol sends itself: another value would break it, or impersonate another client. */
const ofTheProtocol =
  /^(accept|connection|content-length|content-type|host|last-event-id|mcp-.*|transfer-encoding)$/i

function checkHeader(name: string, value: string, login: Login): void {
  try {
    new Headers([[name, value]])
  } catch {
    throw new Error(
      `--header: ${name} cannot be sent; names have only letters, digits and dashes, and values no line breaks.`,
    )
  }
  if (ofTheProtocol.test(name)) throw new Error(`--header: ${name} belongs to the protocol; remove it.`)
  if (/^authorization$/i.test(name) && login.kind !== 'none') {
    throw new Error(`--header: ${variableOf(login)} sets authorization already; use one of them.`)
  }
}

function variableOf(login: Login): string {
  return login.kind === 'bearer' ? 'STAGING_TOKEN' : 'STAGING_CLIENT_ID'
}

/** As for the bot, credentials are sent only over https or to this machine. The address may contain a secret too. */
function refusePlainHttp(url: string, fix: string): void {
  if (!isPlainHttp(url)) return
  throw new Error(
    `--server: ${new URL(url).origin} is plain http, over which anyone on the network could read the credentials; ` +
      `use https, or ${fix}.`,
  )
}
