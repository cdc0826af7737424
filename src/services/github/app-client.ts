import type { Logger } from 'pino'
import { Probot } from 'probot'
import type { Settings } from '../../settings/settings.ts'
import { countedFetch } from '../metrics.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { GateOctokit, type Guard } from './client.ts'
import { type ClockOffset, createClockOffset } from './clock-offset.ts'
import { conditionalFetch } from './conditional-fetch.ts'

/** Probot as the App: `auth()` gives the client of the App itself, `auth(installationId)` that of an installation. */
export function createAppProbot(
  settings: Pick<Settings, 'appId' | 'privateKey' | 'webhookSecrets' | 'apiUrl'>,
  log: Logger,
  guard?: Guard,
  clock: Pick<ClockOffset, 'comparing'> = createClockOffset(),
): Probot {
  const [secret] = settings.webhookSecrets
  return new Probot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret,
    baseUrl: settings.apiUrl,
    Octokit: guard ? GateOctokit.defaults((options: object) => ({ ...options, guard })) : GateOctokit,
    request: { fetch: conditionalFetch(countedFetch(clock.comparing(boundedFetch()))) },
    // Probot logs whole payloads at its lower levels.
    log: log.child({}, { level: 'warn' }),
  })
}
