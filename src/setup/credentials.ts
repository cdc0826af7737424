import { closeSync, existsSync, fchmodSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { z } from 'zod'

const answer = z.object({
  id: z.number().int().positive(),
  html_url: z.url(),
  pem: z.string().includes('PRIVATE KEY'),
  webhook_secret: z.string().min(16),
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
})

/** The App that GitHub created, with everything that is secret about it. */
export type NewApp = z.infer<typeof answer>

/**
 * Exchanges the code of GitHub's redirect for the credentials of the new App. A code works once and for one hour.
 *
 * @throws Error that says what happened and what to do, if GitHub refuses the code, cannot be reached within ten seconds, or
 *   its answer is not the App.
 */
export async function exchangeCode(apiUrl: string, code: string): Promise<NewApp> {
  const url = `${apiUrl.replace(/\/$/, '')}/app-manifests/${encodeURIComponent(code)}/conversions`
  const headers = { accept: 'application/vnd.github+json', 'user-agent': 'release-gate' }
  const signal = AbortSignal.timeout(10_000)
  const response = await fetch(url, { method: 'POST', headers, redirect: 'error', signal }).catch(
    (error: unknown) => {
      throw new Error(`GitHub could not be reached at ${new URL(url).origin} (${reasonOf(error)}).`)
    },
  )
  if (response.status === 404 || response.status === 422)
    throw new Error(
      'GitHub did not accept the code. It works once and for one hour. If the App was created, delete it on GitHub.',
    )
  if (response.status !== 201) throw new Error(`GitHub answered ${response.status} instead of the new App.`)
  const app = answer.safeParse(await response.json().catch(() => undefined))
  if (!app.success) throw new Error('GitHub answered, but not with the credentials of an App.')
  return app.data
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error as { cause?: NodeJS.ErrnoException }
  return cause?.code ?? error.message
}

/**
 * Writes the credentials to an `.env` file that only its owner can read. Other lines stay as they are. The file is replaced
 * as a whole, so a full disk leaves the old one.
 */
export function saveCredentials(
  app: NewApp,
  { file = '.env', publicUrl }: { file?: string | undefined; publicUrl?: string | undefined } = {},
): void {
  const values: Record<string, string> = {
    APP_ID: String(app.id),
    PRIVATE_KEY: app.pem.trim().replaceAll('\n', '\\n'),
    WEBHOOK_SECRET: app.webhook_secret,
    GITHUB_CLIENT_ID: app.client_id,
    GITHUB_CLIENT_SECRET: app.client_secret,
    ...(publicUrl !== undefined && { PUBLIC_URL: publicUrl }),
  }
  const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const kept = before.filter((line) => !(nameOf(line) in values))
  while (kept.at(-1) === '') kept.pop()
  const lines = [...kept, ...Object.entries(values).map(([name, value]) => `${name}="${value}"`), '']
  replacePrivately(file, lines.join('\n'))
}

function nameOf(line: string): string {
  return /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? ''
}

function replacePrivately(file: string, text: string): void {
  const draft = `${file}.new`
  // The mode is set before the first byte: the file holds a private key.
  const handle = openSync(draft, 'w', 0o600)
  try {
    fchmodSync(handle, 0o600)
    writeSync(handle, text)
  } finally {
    closeSync(handle)
  }
  renameSync(draft, file)
}
