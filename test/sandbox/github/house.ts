import { Octokit } from '@octokit/rest'
import type { RoleName } from '../../../src/sandbox/github/repository-state.ts'
import { type SandboxGitHub, startGitHub } from '../../../src/sandbox/github/start.ts'

/** A client that speaks as one person (or App) and does nothing by itself: no retries, no waiting, no log lines. */
export function client(url: string, auth?: string): Octokit {
  const quiet = () => undefined
  return new Octokit({
    baseUrl: url,
    ...(auth ? { auth } : {}),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    retry: { enabled: false },
    throttle: { enabled: false },
  })
}

export type House = {
  github: SandboxGitHub
  /** Moves the sandbox's time; milliseconds since 1970. */
  clock: { now: number }
  as(login: string): Octokit
  /** The App under test, installed on `acme`. */
  bot: Octokit
  installationId: number
  repo: { owner: string; repo: string }
  /** A branch with these files on top of main, pushed by a person, and a pull request of it. */
  openPull(
    login: string,
    branch: string,
    files: Record<string, string>,
    options?: { draft?: boolean; base?: string },
  ): Promise<number>
  headOf(number: number): Promise<string>
}

const people: Record<string, RoleName> = {
  ada: 'admin',
  mary: 'maintain',
  wim: 'write',
  wanda: 'write',
  tess: 'triage',
  rob: 'read',
}

/** An organisation with a private repository, `acme/shop`, and a person for each role. */
export async function buildHouse(
  files: Record<string, string> = { 'README.md': '# Shop\n' },
): Promise<House> {
  const clock = { now: Date.parse('2026-03-03T12:00:00Z') }
  const github = await startGitHub({ clock: () => clock.now })
  for (const login of [...Object.keys(people), 'olga', 'nora'])
    github.addUser(login, { name: `${login} of Acme` })
  github.addOrganization('acme', { owners: ['olga'] })
  await github.addRepository({ owner: 'acme', name: 'shop', private: true, files, collaborators: people })
  const { installationId } = github.installApp('acme')
  const clients = new Map<string, Octokit>()
  const as = (login: string) => {
    const known = clients.get(login) ?? client(github.url, github.tokenFor(login))
    clients.set(login, known)
    return known
  }
  const repo = { owner: 'acme', repo: 'shop' }
  return {
    github,
    clock,
    as,
    bot: client(github.url, github.installationToken(installationId)),
    installationId,
    repo,
    async openPull(login, branch, changes, { draft = false, base = 'main' } = {}) {
      const message = `Change ${branch}`
      await github.push('acme/shop', login, { branch, from: base, files: changes, message })
      const opened = await as(login).pulls.create({
        ...repo,
        base,
        head: branch,
        title: `Change ${branch}`,
        draft,
      })
      return opened.data.number
    },
    async headOf(number) {
      return (await as('olga').pulls.get({ ...repo, pull_number: number })).data.head.sha
    },
  }
}

/** The status and message with which GitHub refused; fails when it did not. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ status: number; message: string; errors: unknown }> {
  try {
    await call
  } catch (error) {
    const { status, response } = error as {
      status: number
      response: { data: { message: string; errors?: unknown } }
    }
    return { status, message: response.data.message, errors: response.data.errors }
  }
  throw new Error('The call was not refused')
}

/** Webhooks of one event that were sent so far, oldest first, parsed. */
export async function sent(github: SandboxGitHub, event: string, action?: string) {
  await github.settled()
  return github.deliveries.log
    .filter((delivery) => delivery.event === event && (action === undefined || delivery.action === action))
    .map((delivery) => JSON.parse(delivery.request.payload))
}
