import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { cloudEvents } from '../doctor/app-manifest.ts'
import { callbackPath } from '../services/github/user-tokens.ts'

export type ManifestUrls = {
  /** Where GitHub will reach the bot. Undefined: a placeholder that never resolves, to be changed on GitHub. */
  webhook: string | undefined
  /** Where GitHub sends the browser with the code for the new App's credentials. */
  redirect: string
}

/** GitHub refuses an App without a webhook URL and one on localhost. `.invalid` never resolves (RFC 2606). */
const noWebhookYet = 'https://webhook-url-is-not-set.invalid/api/github/webhooks'

/**
 * The manifest that GitHub creates the App from
 * (https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest): `app.yml` of the working
 * folder with the URLs of this installation.
 *
 * @throws when there is no `app.yml`.
 */
export function appManifest(urls: ManifestUrls, { onServer }: { onServer: boolean }): object {
  const manifest = readAppFile()
  const events: string[] = manifest.default_events
  return {
    ...manifest,
    // An Enterprise Server refuses an App that subscribes to an event that it does not have.
    default_events: onServer ? events.filter((name) => !cloudEvents.includes(name)) : events,
    hook_attributes: { url: urls.webhook ?? noWebhookYet, active: true },
    redirect_url: urls.redirect,
    // Where people come back to when they sign in to the board.
    callback_urls: [`${new URL(urls.webhook ?? urls.redirect).origin}${callbackPath}`],
  }
}

/** @throws when there is no `app.yml` in the working folder, which alone says what the App may do. */
export function readAppFile(): { default_events: string[]; default_permissions: Record<string, string> } {
  if (!existsSync('app.yml'))
    throw new Error('app.yml: not found in this folder. Start in the release-gate folder, which contains it')
  return parse(readFileSync('app.yml', 'utf8'))
}
