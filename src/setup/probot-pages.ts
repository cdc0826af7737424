import { chmodSync, closeSync, existsSync, openSync, readFileSync as readText } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse, stringify } from 'yaml'
import { cloudEvents } from '../doctor/app-manifest.ts'

export type SetupHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export type PagesOptions = {
  /** The API root where the App is created. An Enterprise Server's web pages are on the same host. */
  apiUrl: string
  /** Where GitHub will reach the bot. Undefined: a placeholder URL, to be changed on GitHub. */
  webhookUrl: string | undefined
  /** Called once the credentials are in `.env`. */
  saved: () => void
}

/** GitHub refuses an App whose webhook is on localhost, and Probot's own would hold the one-time token. `.invalid` never resolves. */
const noWebhookYet = 'https://webhook-url-is-not-set.invalid/api/github/webhooks'

/**
 * Probot's own setup pages, loaded from its installed files since it does not export them; its version is pinned. Probot
 * reads its settings from the environment and `app.yml` in the working folder.
 *
 * @throws when there is no `app.yml`, since Probot would create a public App without permissions.
 */
export async function setupPages(options: PagesOptions): Promise<SetupHandler[]> {
  if (!existsSync('app.yml'))
    throw new Error('app.yml: not found in this folder. Start in the release-gate folder, which contains it')
  configureProbot(options)
  const load = (path: string) => import(new URL(path, import.meta.resolve('probot')).href)
  const { ManifestCreation } = await load('./manifest-creation.js')
  if (isServer(options.apiUrl)) withoutCloudEvents(ManifestCreation.prototype)
  const { setupAppFactory } = await load('./apps/setup.js')
  const { staticFilesHandler } = await load('./server/handlers/static-files.js')
  const { updateEnv } = await load('./helpers/update-env.js')
  // Probot's log lines print URLs without the token.
  const log = { info() {}, warn() {}, error() {} }
  const save = (values: Record<string, string>) => {
    keepPrivate('.env')
    updateEnv(values)
    options.saved()
  }
  return [staticFilesHandler, await setupAppFactory({ log, updateEnv: save })()]
}

function configureProbot({ apiUrl, webhookUrl }: PagesOptions): void {
  // No smee.io channel: anyone who knows its name can read every event.
  process.env.NO_SMEE_SETUP = 'true'
  process.env.WEBHOOK_PROXY_URL = webhookUrl ?? noWebhookYet
  const { host, protocol } = new URL(apiUrl)
  if (!isServer(apiUrl)) return
  process.env.GHE_HOST = host
  process.env.GHE_PROTOCOL = protocol.replace(':', '')
}

function isServer(apiUrl: string): boolean {
  return new URL(apiUrl).hostname !== 'api.github.com'
}

type Manifests = { getManifest: (options: { readFileSync?: (path: string) => string }) => string }

/** An Enterprise Server refuses an App that subscribes to an event that it does not have. */
function withoutCloudEvents(manifests: Manifests): void {
  const { getManifest } = manifests
  manifests.getManifest = function (options) {
    const readFileSync = (path: string) => serverManifest(readText(path, 'utf8'))
    return getManifest.call(this, { ...options, readFileSync })
  }
}

/** The text of `app.yml` without the events that an Enterprise Server does not have. */
export function serverManifest(text: string): string {
  const manifest = parse(text)
  const events: string[] = manifest.default_events
  return stringify({ ...manifest, default_events: events.filter((name) => !cloudEvents.includes(name)) })
}

/** The file will contain the App's private key, so its permissions are set before the first byte. */
function keepPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
}
