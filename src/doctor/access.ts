import { existsSync } from 'node:fs'
import { pino } from 'pino'
import { createAppProbot } from '../services/github/app-client.ts'
import type { GitHub } from '../services/github/client.ts'
import { statusOfError } from '../services/github/errors.ts'
import { personClient } from '../services/github/person-client.ts'
import { readSettings, type Settings } from '../settings/settings.ts'
import type { RepositoryName } from './gather.ts'

/** A command's access to GitHub: as the App, and as the person whose token was given. */
export type Access = {
  settings: Settings
  app: GitHub
  installation: (id: number) => Promise<GitHub>
  person: GitHub | undefined
  serves: (account: string) => boolean
}

/** Settings (including `.env`) and clients, or one line per mistake. */
export async function openAccess(wanted: { token?: string }): Promise<Access | { mistakes: string[] }> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const token = wanted.token ?? process.env.GITHUB_TOKEN
  const read = readSettings(process.env)
  if (!read.ok) return { mistakes: read.problems }
  const { settings } = read
  const person = token ? personClient(settings.apiUrl, token) : undefined
  if (person && (await isRejected(person)))
    return { mistakes: ['--token: GitHub does not accept this token. Check it, or create a new one.'] }
  const probot = createAppProbot(settings, pino({ level: 'silent' }))
  return {
    settings,
    app: await probot.auth(),
    installation: (id) => probot.auth(id),
    person,
    serves: (account) => settings.allowedAccounts?.includes(account.toLowerCase()) ?? true,
  }
}

async function isRejected(person: GitHub): Promise<boolean> {
  try {
    await person.rest.users.getAuthenticated()
    return false
  } catch (error) {
    // A token that is not a person's cannot ask who it is, but it is valid.
    if (statusOfError(error) === 403) return false
    if (statusOfError(error) === 401) return true
    throw error
  }
}

/** `owner/name` as its two parts. */
export function parseRepository(text: string): RepositoryName | undefined {
  const [, owner, repo] = /^([A-Za-z0-9_.-]+)\/([A-Za-z0-9_.-]+)$/.exec(text) ?? []
  return owner && repo ? { owner, repo } : undefined
}
