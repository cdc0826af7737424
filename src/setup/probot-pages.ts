import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

export type SetupHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export type PagesOptions = {
  /** Where the App is made: GitHub's API root, or an Enterprise Server's, whose web pages are on the same host. */
  apiUrl: string
  /** Where GitHub will reach the bot's inbox. Undefined: an address that reaches nobody, to be changed at GitHub. */
  webhookUrl: string | undefined
  /** Told once the credentials are in `.env`. */
  saved: () => void
}

/** GitHub refuses an App whose webhook is on localhost, and Probot's own would hold the one-time token. `.invalid` never resolves. */
const noWebhookYet = 'https://webhook-url-is-not-set.invalid/api/github/webhooks'

/**
 * Probot's own set-up pages, which it does not export: read from its installed files, whose version is pinned. Probot takes
 * what it needs to know from the environment and from `app.yml` in the working folder.
 *
 * @throws when there is no `app.yml`: Probot would make an App that is public and may do nothing.
 */
export async function setupPages(options: PagesOptions): Promise<SetupHandler[]> {
  if (!existsSync('app.yml'))
    throw new Error('app.yml: not found in this folder; start in the folder of release-gate, which holds it')
  tellProbot(options)
  const load = (path: string) => import(new URL(path, import.meta.resolve('probot')).href)
  const { setupAppFactory } = await load('./apps/setup.js')
  const { staticFilesHandler } = await load('./server/handlers/static-files.js')
  const { updateEnv } = await load('./helpers/update-env.js')
  // Probot's words name addresses without the token, and a set-up that is not ours.
  const log = { info() {}, warn() {}, error() {} }
  const save = (values: Record<string, string>) => {
    keepPrivate('.env')
    updateEnv(values)
    options.saved()
  }
  return [staticFilesHandler, await setupAppFactory({ log, updateEnv: save })()]
}

function tellProbot({ apiUrl, webhookUrl }: PagesOptions): void {
  // No channel at smee.io: whoever knows its name reads every event.
  process.env.NO_SMEE_SETUP = 'true'
  process.env.WEBHOOK_PROXY_URL = webhookUrl ?? noWebhookYet
  const { host, hostname, protocol } = new URL(apiUrl)
  if (hostname === 'api.github.com') return
  process.env.GHE_HOST = host
  process.env.GHE_PROTOCOL = protocol.replace(':', '')
}

/** The file holds the App's private key: it belongs to nobody else, from before the first byte. */
function keepPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
}
