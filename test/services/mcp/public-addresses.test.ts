import { describe, expect, test, vi } from 'vitest'
import { onlyPublicElsewhere } from '../../../src/services/mcp/public-addresses.ts'

/** The server under test runs the code of a pull request, and names the addresses of its login: they must not lead into the network of the bot. */

const trusted = ['https://staging.internal/mcp', 'http://127.0.0.1:9000/issuer']

/** Requests through the guard; the names of the table resolve as given, and no other name does. */
function guarded(names: Record<string, string[]> = {}, set = trusted) {
  const sent: string[] = []
  const base = async (input: string | URL | Request) => {
    sent.push(input instanceof Request ? input.url : String(input))
    return new Response()
  }
  const resolve = vi.fn(async (host: string) => {
    const found = names[host]
    if (!found) throw new Error(`getaddrinfo ENOTFOUND ${host}`)
    return found
  })
  return { sent, resolve, request: onlyPublicElsewhere(base as typeof fetch, set, resolve) }
}

describe('an address that the operator did not set', () => {
  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://10.0.0.5/',
    'https://0xa.0.0.5/',
    'https://172.16.0.1/',
    'https://172.31.255.254/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.100.100.200/',
    'https://192.0.0.192/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[2002:a9fe:a9fe::1]/',
    'https://[2001:0:a9fe:a9fe::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
  ])('is refused where it is not public: %s', async (url) => {
    const { request, sent, resolve } = guarded()
    await expect(request(url)).rejects.toThrow('is not a public address')
    expect(sent).toEqual([])
    expect(resolve).not.toHaveBeenCalled()
  })

  test.each([
    ['a private address', ['10.1.2.3']],
    ['a private address among public ones', ['93.184.215.14', '192.168.0.7']],
    ['a mapped private address', ['::ffff:10.1.2.3']],
    ['a local IPv6 address', ['fd12::1']],
    ['nothing', []],
  ])('is refused where its name resolves to %s', async (_, addresses) => {
    const { request, sent } = guarded({ 'login.example': addresses })
    await expect(request('https://login.example/token')).rejects.toThrow('is not a public address')
    expect(sent).toEqual([])
  })

  test.each([
    'http://login.example/',
    'http://93.184.215.14/',
    'http://127.0.0.1:9001/',
    'file:///etc/passwd',
  ])('is refused where it is not https: %s', async (url) => {
    const { request, sent } = guarded({ 'login.example': ['93.184.215.14'] })
    await expect(request(url)).rejects.toThrow('is not https')
    expect(sent).toEqual([])
  })

  test.each([
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07::1]/',
    'https://172.32.0.1/',
    'https://login.example/token',
  ])('is used where it is public: %s', async (url) => {
    const { request, sent } = guarded({ 'login.example': ['93.184.215.14', '2606:2800:21f:cb07::1'] })
    await request(url)
    await request(new Request(url))
    expect(sent).toEqual([url, url])
  })

  test('is refused where its name does not resolve', async () => {
    const { request, sent } = guarded()
    await expect(request('https://login.example/token')).rejects.toThrow('ENOTFOUND')
    expect(sent).toEqual([])
  })
})

describe('an address that the operator set', () => {
  test.each(['https://staging.internal/.well-known/x', 'http://127.0.0.1:9000/token'])(
    'is used wherever it is: %s',
    async (url) => {
      const { request, sent, resolve } = guarded()
      await request(url)
      expect(sent).toEqual([url])
      expect(resolve).not.toHaveBeenCalled()
    },
  )

  test('opens neither another port nor another protocol of its host', async () => {
    const { request, sent } = guarded({ 'staging.internal': ['10.0.0.9'] })
    await expect(request('https://staging.internal:8443/')).rejects.toThrow('is not a public address')
    await expect(request('http://staging.internal/')).rejects.toThrow('is not https')
    expect(sent).toEqual([])
  })
})

test('a server on this machine may name other addresses of this machine, and no others that are not public', async () => {
  const { request, sent } = guarded({}, ['http://localhost:8080/mcp'])
  await request('http://127.0.0.1:9001/token')
  await expect(request('http://10.0.0.5/')).rejects.toThrow('is not https')
  await expect(request('https://169.254.169.254/')).rejects.toThrow('is not a public address')
  expect(sent).toEqual(['http://127.0.0.1:9001/token'])
})

test('the error names the host and the fix, and nothing else of the address', async () => {
  const { request } = guarded()
  await expect(request('https://user:word@10.0.0.5/secret-path?key=canary')).rejects.toThrow(
    'The login at 10.0.0.5 is not requested: 10.0.0.5 is not a public address. Set its authorization server as the issuer (STAGING_ISSUER, or SERVER_<NAME>_ISSUER for the bot)',
  )
})
