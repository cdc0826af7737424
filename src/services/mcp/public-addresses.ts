import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { isLoopback } from '../../settings/addresses.ts'

/** The addresses of the names of a host, or an error where it has none. */
type Resolve = (host: string) => Promise<string[]>

const resolveByDns: Resolve = async (host) => {
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

/**
 * A `fetch` for a login that the server under test describes: it runs the code of a pull request, and must not lead this process
 * into the operator's network. The origins of `trusted`, which the operator set (the server first), are requested wherever they are; all
 * others only over https at public addresses. A name that resolves differently a moment later still needs a certificate for that name. No redirect is
 * followed here: the caller requests its target, if it wants to, and it is checked as well.
 *
 * @throws an Error that names the host and how to allow it.
 */
export function onlyPublicElsewhere(
  base: typeof fetch,
  trusted: string[],
  resolve: Resolve = resolveByDns,
): typeof fetch {
  const origins = new Set(trusted.map((url) => new URL(url).origin))
  // A server on this machine could call it anyway.
  const local = trusted.slice(0, 1).some(isLoopback)
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const allowed = origins.has(url.origin) || (local && isLoopback(url.href))
    const why = allowed ? undefined : await whyNotPublic(url, resolve)
    if (why !== undefined)
      throw new Error(
        `The login at ${url.host} is not requested: ${why}. Set its authorization server as the issuer (STAGING_ISSUER, or SERVER_<NAME>_ISSUER for the bot)`,
      )
    return base(input, { ...init, redirect: init?.redirect === 'error' ? 'error' : 'manual' })
  }
}

async function whyNotPublic(
  { protocol, hostname, host }: URL,
  resolve: Resolve,
): Promise<string | undefined> {
  if (protocol !== 'https:') return 'it is not https'
  // URL has already turned every notation of an IPv4 address, such as 0x7f.1, into the common one.
  const literal = hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(literal) ? [literal] : await resolve(hostname)
  if (addresses.length > 0 && addresses.every(isPublic)) return undefined
  return `${isIP(literal) ? host : (addresses.find((each) => !isPublic(each)) ?? host)} is not a public address`
}

function isPublic(address: string): boolean {
  return isIP(address) === 4
    ? !special.check(address, 'ipv4')
    : global.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

/** https://www.iana.org/assignments/iana-ipv6-special-registry: everything outside of this block is special, mapped IPv4 too. */
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** https://www.iana.org/assignments/iana-ipv4-special-registry, and within IPv6 what is for tests or holds an IPv4 address. */
const special = new BlockList()
const ipv4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
for (const [net, bits] of ipv4) special.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as [string, number][])
  special.addSubnet(net, bits, 'ipv6')
