import { expect, test } from 'vitest'
import { signInProbe } from '../../src/doctor/sign-in-probe.ts'

const client = { id: 'Iv1.1', secret: 'x' }

test.each([
  [
    'without a client, nobody',
    { client: undefined, publicUrl: undefined, host: '127.0.0.1' },
    { unknown: /GITHUB_CLIENT_ID/ },
  ],
  [
    'on all addresses without a public one',
    { client, publicUrl: undefined, host: '0.0.0.0' },
    { failed: /Nobody can sign in/, fix: /PUBLIC_URL/ },
  ],
  [
    'on an IPv6 address without a public one',
    { client, publicUrl: undefined, host: '::' },
    { failed: /Nobody can sign in/, fix: /PUBLIC_URL/ },
  ],
])('who can sign in is reported: %s', async (_, settings, says) => {
  const answer = await signInProbe(settings).run()
  for (const [name, pattern] of Object.entries(says))
    expect(answer).toMatchObject({ [name]: expect.stringMatching(pattern) })
})

test.each([
  [
    { client, publicUrl: 'https://gate.example', host: '0.0.0.0' },
    /https:\/\/gate\.example\/sign-in\/callback as a callback URL/,
  ],
  [{ client, publicUrl: undefined, host: '::1' }, /the address where the bot listens/],
])('a good environment names the callback URL', async (settings, says) => {
  expect(await signInProbe(settings).run()).toMatch(says)
})
