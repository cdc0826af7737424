import type { GitHub } from './client.ts'

/** The login of the App's bot, under which GitHub lists what the App did. Whoever owns the App can rename it, so it is read each time. */
export async function ownLogin(github: GitHub): Promise<string> {
  const { data } = await github.rest.apps.getAuthenticated()
  if (!data?.slug) throw new Error('GitHub does not say what the App is called')
  return `${data.slug}[bot]`
}

type ByAccount = { user?: { login: string; type?: string | undefined } | null | undefined }

/**
 * The first of some issues that the App wrote itself. Any workflow of a repository writes as a bot too, and could put its own in the place of
 * ours. GitHub is asked who the App is only where one of them is a bot's.
 */
export async function firstOwn<One extends ByAccount>(
  github: GitHub,
  issues: One[],
): Promise<One | undefined> {
  const ofBots = issues.filter(({ user }) => user?.type === 'Bot')
  if (ofBots.length === 0) return undefined
  const own = await ownLogin(github)
  return ofBots.find(({ user }) => user?.login === own)
}
