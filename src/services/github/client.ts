import { ProbotOctokit } from 'probot'
import type { Pauses } from '../../store/pauses.ts'
import { refuseMalformed } from './answers.ts'
import { statusOfError } from './errors.ts'
import { gone } from './gone.ts'
import type { Budget } from './hourly-quota.ts'
import { type Answer, limitIn, limitReached, resourceOf } from './limits.ts'

/** GitHub's client for one installation, for the App itself, or for a person, who has no `appId`. */
export type GitHub = Pick<
  InstanceType<typeof ProbotOctokit>,
  'graphql' | 'hook' | 'paginate' | 'request' | 'rest'
> & { appId?: number | undefined }

/** What a client knows beyond its token; without `pauses` it keeps none, and without `budget` it notes nothing. */
export type Guard = {
  now: () => Date
  pauses?: Pick<Pauses, 'until' | 'begin'>
  budget?: Pick<Budget, 'note'>
}

type Options = { guard?: Guard; auth?: { appId?: number; installationId?: number } }
type Hooked = Pick<GitHub, 'hook' | 'request'>

/**
 * Every request of every client passes here, so that a reached limit and lost access look the same to all jobs: `retryAfterError`
 * with the time that GitHub names, or `gone`. While an installation's pause lasts, nothing is sent for it. An answer that
 * decides something has the shape that it needs, or is an error.
 */
export function guarded(octokit: Hooked, { guard = { now: () => new Date() }, auth }: Options) {
  const installation = auth?.installationId
  octokit.hook.wrap('request', async (send, options) => {
    const paused = installation && guard.pauses?.until(installation, resourceOf(options.url))
    if (paused) throw limitReached(paused)
    try {
      const answer = await send(options)
      // What an App asks in its own name counts for no installation.
      if (installation && !/^\/app(\/|$)/.test(options.url))
        guard.budget?.note(installation, resourceOf(options.url), answer)
      await refuseLimit(answer, guard, installation)
      refuseMalformed({ method: options.method, url: octokit.request.endpoint(options).url }, answer)
      return answer
    } catch (error) {
      const { response } = error as { response?: Answer }
      if (response) await refuseLimit({ ...response, status: statusOfError(error) ?? 0 }, guard, installation)
      throw (await goneOf(error, octokit, options.url, installation)) ?? error
    }
  })
  return { appId: auth?.appId }
}

/** Begins the pause of the installation and throws, where an answer says that a limit is reached. */
async function refuseLimit(answer: Answer, { now, pauses }: Guard, installation?: number): Promise<void> {
  const limit = limitIn(answer, now())
  if (!limit) return
  if (installation) await pauses?.begin(installation, limit)
  throw limitReached(limit.until)
}

/**
 * Whether the App has lost its access: GitHub says so explicitly, or refuses to create a token for the installation. A 401 says
 * it only where GitHub does not know the installation anymore: with a wrong key, or in an outage, it says 401 too.
 */
async function goneOf(
  error: unknown,
  octokit: Hooked,
  url: string,
  installation: number | undefined,
): Promise<Error | undefined> {
  const status = statusOfError(error)
  const says = error instanceof Error ? error.message : ''
  if (status === 403 && /repository was archived/i.test(says))
    return gone('The repository is archived', error)
  if (status === 403 && /installation has been suspended/i.test(says))
    return gone('The installation is suspended', error)
  const isToken = /\/access_tokens$/.test((error as { request?: { url?: string } }).request?.url ?? '')
  if (status === 404 && isToken) return gone('The installation was removed', error)
  const isUnknown = status === 401 && installation && !url.startsWith('/app/')
  if (isUnknown && !(await isInstalled(octokit, installation)))
    return gone('The installation was removed', error)
  return undefined
}

async function isInstalled(octokit: Hooked, installation_id: number): Promise<boolean> {
  const asked = octokit.request('GET /app/installations/{installation_id}', { installation_id })
  return asked.then(
    ({ data }) => data.suspended_at === null || data.suspended_at === undefined,
    (error: unknown) => statusOfError(error) !== 404,
  )
}

/**
 * Probot's client without Octokit's own retries and waiting: the retry plugin repeats POST too, and the throttling
 * plugin spaces writes a second apart and waits inside the process for up to an hour. A failure is thrown, and the
 * queue runs the job again. A function, since Probot gives throttling options of its own that plain defaults lose to.
 */
export const GateOctokit = ProbotOctokit.plugin(guarded).defaults((options: object) => ({
  ...options,
  retry: { enabled: false },
  throttle: { enabled: false },
}))
