import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

const path = '/api/github/webhooks'
const example = `https://gate.example.com${path}`

/** What is wrong with a webhook URL: `error` stops the setup, `warning` is shown and may be ignored. */
export type UrlProblem = { kind: 'error' | 'warning'; text: string }

/**
 * Checks a webhook URL before the App is created with it. Its shape must be right; that its name resolves to a public address
 * may be true only for GitHub (split DNS, a tunnel that is not up yet), so that is a warning.
 *
 * @param onServer whether GitHub is an Enterprise Server, which may reach private addresses.
 */
export async function webhookUrlProblem(
  text: string,
  { onServer, resolve = resolveAddresses }: { onServer: boolean; resolve?: typeof resolveAddresses },
): Promise<UrlProblem | undefined> {
  const wrong = shapeProblem(text)
  if (wrong) return { kind: 'error', text: wrong }
  const { hostname } = new URL(text)
  const host = hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(host) ? [host] : await resolve(host)
  if (addresses.some(isLocal)) return { kind: 'error', text: notThisMachine(hostname) }
  if (addresses.length === 0)
    return {
      kind: 'warning',
      text: `${hostname} does not resolve from this machine. GitHub must be able to resolve and reach it.`,
    }
  if (!onServer && addresses.every(isPrivate))
    return {
      kind: 'warning',
      text: `${hostname} is a private address (${addresses[0]}). github.com cannot reach it unless a public proxy or tunnel forwards to it.`,
    }
  return undefined
}

function shapeProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return `This is not a URL. Use the full address, for example ${example}`
  const url = new URL(text)
  if (url.protocol !== 'https:') return `The URL must begin with https://, for example ${example}`
  if (url.username || url.password) return 'The URL must not contain a user name or password. Remove them.'
  if (url.pathname === path && !url.search && !url.hash) return localName(url.hostname)
  return `The bot receives webhooks at ${path}. Use ${url.origin}${path}`
}

function localName(hostname: string): string | undefined {
  return /^localhost$|\.localhost$/.test(hostname) ? notThisMachine(hostname) : undefined
}

function notThisMachine(hostname: string): string {
  return `${hostname} is this machine itself, and GitHub cannot reach it. Use the public name of the bot, for example ${example}`
}

/** The addresses of a name; none if it does not resolve within five seconds. */
async function resolveAddresses(host: string): Promise<string[]> {
  const late = new Promise<never[]>((done) => setTimeout(done, 5_000, []).unref())
  const found = lookup(host, { all: true }).then((all) => all.map(({ address }) => address))
  return Promise.race([found.catch(() => []), late])
}

const local = new BlockList()
local.addSubnet('127.0.0.0', 8)
local.addAddress('0.0.0.0')
local.addAddress('::1', 'ipv6')
local.addAddress('::', 'ipv6')

const reserved = new BlockList()
reserved.addSubnet('10.0.0.0', 8)
reserved.addSubnet('172.16.0.0', 12)
reserved.addSubnet('192.168.0.0', 16)
reserved.addSubnet('169.254.0.0', 16)
reserved.addSubnet('100.64.0.0', 10)
reserved.addSubnet('fc00::', 7, 'ipv6')
reserved.addSubnet('fe80::', 10, 'ipv6')

function isLocal(address: string): boolean {
  return local.check(address, family(address))
}

function isPrivate(address: string): boolean {
  return reserved.check(address, family(address))
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
