import type { GitHub } from './client.ts'

/** A person, as GitHub knows the owner of a token. */
export type SignedInPerson = { id: number; login: string; name: string | undefined }

/** Whose token it is. Undefined: an account that is not a person's. */
export async function readPerson(github: GitHub): Promise<SignedInPerson | undefined> {
  const { data } = await github.rest.users.getAuthenticated()
  if (data.type !== 'User') return undefined
  return { id: data.id, login: data.login, name: data.name ?? undefined }
}

/**
 * The ids of the repositories that both the App and the person can read: one request, and another for every hundred repositories
 * of each installation. The client is the person's.
 */
export async function readReadable(github: GitHub): Promise<number[]> {
  const { apps } = github.rest
  const installations = await github.paginate(apps.listInstallationsForAuthenticatedUser, { per_page: 100 })
  const readable = await Promise.all(
    installations.map(async ({ id }) => {
      const options = { installation_id: id, per_page: 100 }
      const repositories = await github.paginate(apps.listInstallationReposForAuthenticatedUser, options)
      return repositories.filter(({ permissions }) => permissions?.pull === true).map((one) => one.id)
    }),
  )
  return [...new Set(readable.flat())]
}
