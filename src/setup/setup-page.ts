import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'
import { isRepositoryName } from '../decision/github-names.ts'
import { readAppManifest } from '../doctor/app-manifest.ts'
import { policyPath } from '../policy/policy-file.ts'
import { webUrl } from '../services/github/web-url.ts'
import { isLoopback } from '../settings/addresses.ts'
import { isSameSecret } from '../settings/same-secret.ts'
import { exchangeCode, saveCredentials } from './credentials.ts'
import { appManifest, readAppFile } from './manifest.ts'
import { contentSecurityPolicy, type Markup } from './page-layout.ts'
import { samplePolicy } from './sample-policy.ts'
import {
  type Answers,
  createdPage,
  describePage,
  errorPage,
  type Problems,
  reviewPage,
} from './setup-pages.ts'
import { webhookUrlProblem } from './webhook-url.ts'

export type SetupOptions = {
  port: number
  /** The API root where the App is created. An Enterprise Server's web pages are on the same host. */
  apiUrl: string
  /** What the first page is filled in with. */
  webhookUrl: string | undefined
  organization: string | undefined
  envFile?: string
  /** Called once the credentials are in the file. */
  saved: () => void
  log: Pick<Logger, 'error'>
}

/**
 * Serves the page that creates the GitHub App and writes its credentials to `.env`. It listens on loopback only and requires
 * the one-time token in the printed URL; otherwise any web page could make it overwrite `.env`.
 *
 * @throws when the working folder holds no `app.yml`, and when the port is taken.
 */
export async function serveSetupPage(options: SetupOptions): Promise<{ url: string; server: Server }> {
  readAppFile()
  const token = randomBytes(24).toString('base64url')
  const server = createAdaptorServer({ fetch: setupPages(options, token).fetch }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/${token}`, server }
}

function setupPages(options: SetupOptions, token: string): Hono {
  const github = webUrl(options.apiUrl)
  const onServer = github !== 'https://github.com'
  const start = `/${token}`
  // GitHub returns it with the code: a code that someone else obtained is not exchanged.
  const state = randomBytes(24).toString('base64url')
  let created: { appUrl: string; webhookSet: boolean } | undefined
  let webhook: string | undefined

  const review = async (context: Context, answers: Answers) => {
    const problem = answers.webhookUrl ? await webhookUrlProblem(answers.webhookUrl, { onServer }) : undefined
    const problems: Problems = {
      organization: organizationProblem(answers),
      webhookUrl: problem?.kind === 'error' ? problem.text : undefined,
    }
    if (problems.organization ?? problems.webhookUrl)
      return context.html(describePage(answers, problems, `${start}/review`), 400)
    webhook = answers.webhookUrl || undefined
    const urls = {
      webhook,
      redirect: `${new URL(context.req.url).origin}${start}/created`,
    }
    const page = {
      answers,
      warning: problem,
      ...readAppManifest({ onServer }),
      action: `${github}${newAppPath(answers)}?state=${state}`,
      manifest: appManifest(urls, { onServer }),
      back: `${start}?${new URLSearchParams(answers)}`,
    }
    return context.html(reviewPage(page))
  }

  const exchange = async (context: Context) => {
    if (!isSameSecret(context.req.query('state') ?? '', state))
      return context.html(errorPage('This response does not belong to this setup', stateProblem, start), 400)
    const app = await exchangeCode(options.apiUrl, context.req.query('code') ?? '')
    const publicUrl = webhook ? new URL(webhook).origin : undefined
    saveCredentials(app, { file: options.envFile, publicUrl })
    options.saved()
    created = { appUrl: app.html_url, webhookSet: webhook !== undefined }
    // A reload must not send the code again.
    return context.redirect(`${start}/next`, 303)
  }

  const policy = (context: Context) => {
    if (!created) return context.redirect(start, 303)
    const { repository = '', branch = '' } = context.req.query()
    const url = editorUrl(github, repository.trim(), branch.trim() || 'main')
    if (url) return context.redirect(url, 303)
    const problem = 'Type the owner and the name, for example acme/payments.'
    return context.html(createdPage({ ...created, action: `${start}/policy`, repository, problem }), 400)
  }

  const next = (context: Context) => {
    if (!created) return context.redirect(start, 303)
    return context.html(
      createdPage({ ...created, action: `${start}/policy`, repository: '', problem: undefined }),
    )
  }

  return new Hono()
    .use(guard(token, github))
    .get(start, (context) => context.html(describePage(answersOf(context, options), {}, `${start}/review`)))
    .get(`${start}/review`, (context) => review(context, answersOf(context, options)))
    .get(`${start}/created`, exchange)
    .get(`${start}/next`, next)
    .get(`${start}/policy`, policy)
    .onError((error, context) => {
      options.log.error({ problem: error.message }, 'The setup page failed')
      return context.html(errorPage('The App could not be set up', error.message, start) as Markup, 502)
    })
    .notFound((context) => context.text('Not found. Open the URL that was printed at startup.\n', 404))
}

const stateProblem =
  'GitHub returned a state that this page did not send, so the code was not used. Start again from the URL in the terminal.'

/**
 * Accepts a request that names this machine, comes from no other page and carries the token in its path. GitHub's redirect
 * carries it too, since the URL in the manifest contains it. There is no cookie: another page's link could not send it.
 */
function guard(token: string, github: string): MiddlewareHandler {
  return async (context, next) => {
    const { host = '', origin } = context.req.header()
    if (!URL.canParse(`http://${host}`) || !isLoopback(`http://${host}`))
      return context.text('The setup page is only available on this machine.\n', 403)
    if (origin !== undefined && origin !== `http://${host}`)
      return context.text('Requests from other pages are not allowed.\n', 403)
    if (!isSameSecret(context.req.path.split('/')[1] ?? '', token)) return context.notFound()
    await next()
    context.header('content-security-policy', contentSecurityPolicy(github))
    context.header('referrer-policy', 'no-referrer')
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
    context.header('x-frame-options', 'DENY')
  }
}

/** What was typed, or on the first visit what the environment says. */
function answersOf(context: Context, { webhookUrl, organization }: SetupOptions): Answers {
  const typed = context.req.query()
  if (typed.owner === undefined)
    return { owner: 'organization', organization: organization ?? '', webhookUrl: webhookUrl ?? '' }
  return {
    owner: typed.owner === 'user' ? 'user' : 'organization',
    organization: (typed.organization ?? '').trim(),
    webhookUrl: (typed.webhookUrl ?? '').trim(),
  }
}

function organizationProblem({ owner, organization }: Answers): string | undefined {
  if (owner === 'user') return undefined
  if (organization === '') return 'Type the name of the organization, or choose your own account.'
  if (!/^[A-Za-z\d](?:[A-Za-z\d-]{0,38})$/.test(organization))
    return 'This is not the name of an organization. Use the name from its URL, for example acme.'
  return undefined
}

function newAppPath({ owner, organization }: Answers): string {
  return owner === 'user' ? '/settings/apps/new' : `/organizations/${organization}/settings/apps/new`
}

/** GitHub's editor for a new policy file, filled in. Undefined: this is not `owner/name`. */
function editorUrl(github: string, repository: string, branch: string): string | undefined {
  if (!isRepositoryName(repository)) return undefined
  const file = new URLSearchParams({ filename: policyPath, value: samplePolicy })
  return `${github}/${repository}/new/${encodeURIComponent(branch)}?${file}`
}
