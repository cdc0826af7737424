import type { RepositoryName } from '../doctor/gather.ts'
import type { GitHub } from '../services/github/client.ts'
import {
  createLabel,
  createRuleset,
  isAdministrator,
  updateRuleset,
} from '../services/github/enforcement/writes.ts'
import { statusOfError } from '../services/github/errors.ts'
import type { SetupStep } from './setup-plan.ts'

/** Why nothing, or not everything, was done; one line each. */
export type Refusal = { refusal: string[] }

/** The administrator's client, or why there is none. */
export async function administratorClient(
  person: GitHub | undefined,
  repository: RepositoryName,
): Promise<GitHub | Refusal> {
  const refuse = (why: string): Refusal => ({ refusal: [`${why} Nothing was changed.`] })
  if (!person) return refuse("--apply needs an administrator's token. Pass --token, or set GITHUB_TOKEN.")
  if (await isAdministrator(person, repository)) return person
  return refuse(`--token: this user is not an administrator of ${repository.owner}/${repository.repo}.`)
}

/**
 * Applies the steps that GitHub's API can do, in order. The ruleset comes first, so that nothing changes where the token
 * is not allowed to create it. `report` is called after each step.
 */
export async function applySteps(
  person: GitHub,
  repository: RepositoryName,
  steps: SetupStep[],
  report: (line: string) => void,
): Promise<Refusal | undefined> {
  for (const [index, step] of steps.entries()) {
    try {
      report(await applyStep(person, repository, step))
    } catch (error) {
      if (![403, 404, 422].includes(statusOfError(error) ?? 0)) throw error
      const done = index === 0 ? 'Nothing was changed.' : `${index} of ${steps.length} steps were done.`
      return {
        refusal: [
          `GitHub refused: ${error instanceof Error ? error.message : String(error)}`,
          `The token needs "Administration: write" and "Issues: write" on the repository. ${done}`,
        ],
      }
    }
  }
  return undefined
}

async function applyStep(person: GitHub, repository: RepositoryName, step: SetupStep): Promise<string> {
  switch (step.kind) {
    case 'create-ruleset':
      await createRuleset(person, repository, step.body)
      return `Created the ruleset "${step.body.name}".`
    case 'update-ruleset':
      await updateRuleset(person, repository, step.id, step.body)
      return `Updated the ruleset "${step.body.name}".`
    case 'create-label':
      await createLabel(person, repository, step.label)
      return `Created the label "${step.label.name}".`
    case 'push-policy':
    case 'fix-policy':
    case 'commit-incident-form':
      throw new Error('release-gate never writes to a repository.')
  }
}
