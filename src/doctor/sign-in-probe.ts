import { callbackPath } from '../services/github/user-tokens.ts'
import { canSendBack } from '../settings/addresses.ts'
import type { Settings } from '../settings/settings.ts'
import type { Probe } from './probes.ts'

/** Whether people can sign in, as far as the environment tells. What the App's settings allow cannot be read from GitHub. */
export function signInProbe({
  client,
  publicUrl,
  host,
}: Pick<Settings, 'client' | 'publicUrl' | 'host'>): Probe {
  return {
    name: 'sign-in',
    run: async () => {
      if (!client)
        return {
          unknown:
            'Nobody can sign in to the board: GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET are not set. Scripts use OPERATOR_TOKEN.',
        }
      if (!canSendBack({ publicUrl, host }))
        return {
          failed: 'Nobody can sign in to the board, since GitHub could not send anyone back.',
          fix: 'Set PUBLIC_URL to the address that people open, for example https://gate.example.',
        }
      const address = publicUrl ?? 'the address where the bot listens'
      return `People sign in at ${address}. The App's settings need ${address}${callbackPath} as a callback URL.`
    },
  }
}
