import type { GitHub } from '../client.ts'
import { orAbsent, statusOfError } from '../errors.ts'
import { nameOf, type RepositoryName } from '../repository.ts'

type Body = { name: string; enforcement: 'active' } & object

/** Whether the person of this client is an administrator of the repository, which they may not even see. */
export async function isAdministrator(person: GitHub, repository: RepositoryName): Promise<boolean> {
  const found = await orAbsent(person.rest.repos.get(repository))
  return found?.data.permissions?.admin === true
}

export async function createRuleset(person: GitHub, repository: RepositoryName, body: Body): Promise<void> {
  await person.rest.repos.createRepoRuleset({ ...nameOf(repository), ...body })
}

/** Changes what the body names; who may bypass stays as it is. */
export async function updateRuleset(
  person: GitHub,
  repository: RepositoryName,
  id: number,
  body: Body,
): Promise<void> {
  await person.rest.repos.updateRepoRuleset({ ...nameOf(repository), ruleset_id: id, ...body })
}

/** A label that was created in the meantime is fine. */
export async function createLabel(
  person: GitHub,
  repository: RepositoryName,
  label: { name: string; color: string; description: string },
): Promise<void> {
  try {
    await person.rest.issues.createLabel({ ...nameOf(repository), ...label })
  } catch (error) {
    const says = error instanceof Error ? error.message : ''
    if (statusOfError(error) !== 422 || !says.includes('already_exists')) throw error
  }
}
