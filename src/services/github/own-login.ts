import type { GitHub } from './client.ts'

/** The login of the App's bot, under which GitHub lists what the App did. Whoever owns the App can rename it, so it is read each time. */
export async function ownLogin(github: GitHub): Promise<string> {
  const { data } = await github.rest.apps.getAuthenticated()
  if (!data?.slug) throw new Error('GitHub does not say what the App is called')
  return `${data.slug}[bot]`
}
