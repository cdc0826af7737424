import { type GitHub, orAbsent, statusOfError } from '../client.ts'

type Repository = { owner: string; repo: string }
type Body = { name: string; enforcement: 'active' } & object

/** Whether the person of this client is an administrator of the repository, which they may not even see. */
export async function isAdministrator(person: GitHub, repository: Repository): Promise<boolean> {
  const found = await orAbsent(person.rest.repos.get(repository))
  return found?.data.permissions?.admin === true
}

export async function createRuleset(person: GitHub, repository: Repository, body: Body): Promise<void> {
  await person.rest.repos.createRepoRuleset({ ...repository, ...body })
}

/** Changes what the body names; who may bypass stays as it is. */
export async function updateRuleset(
  person: GitHub,
  repository: Repository,
  id: number,
  body: Body,
): Promise<void> {
  await person.rest.repos.updateRepoRuleset({ ...repository, ruleset_id: id, ...body })
}

/** A label that somebody made in the meantime is as good. */
export async function createLabel(
  person: GitHub,
  repository: Repository,
  label: { name: string; color: string; description: string },
): Promise<void> {
  try {
    await person.rest.issues.createLabel({ ...repository, ...label })
  } catch (error) {
    const says = error instanceof Error ? error.message : ''
    if (statusOfError(error) !== 422 || !says.includes('already_exists')) throw error
  }
}
