import type { RepositoryName } from '../doctor/gather.ts'
import { type GitHub, statusOfError } from '../services/github/client.ts'
import {
  createLabel,
  createRuleset,
  isAdministrator,
  updateRuleset,
} from '../services/github/enforcement/writes.ts'
import type { SetupStep } from './setup-plan.ts'

/** Why nothing, or not everything, is done; a line each. */
export type Refusal = { refusal: string[] }

/** The person who may do it, or why nobody may. */
export async function asAdministrator(
  person: GitHub | undefined,
  repository: RepositoryName,
): Promise<GitHub | Refusal> {
  const refuse = (why: string): Refusal => ({ refusal: [`${why} Nothing was done.`] })
  if (!person)
    return refuse('--apply needs the token of an administrator: give --token, or set GITHUB_TOKEN.')
  if (await isAdministrator(person, repository)) return person
  return refuse(`--token: this person is no administrator of ${repository.owner}/${repository.repo}.`)
}

/**
 * Does what GitHub can be asked to do, in order: the ruleset comes first, so that where the token may not make it nothing
 * is done at all. `say` hears of each step that is done.
 */
export async function applySteps(
  person: GitHub,
  repository: RepositoryName,
  steps: SetupStep[],
  say: (line: string) => void,
): Promise<Refusal | undefined> {
  for (const [index, step] of steps.entries()) {
    try {
      say(await applyStep(person, repository, step))
    } catch (error) {
      if (![403, 404, 422].includes(statusOfError(error) ?? 0)) throw error
      const done = index === 0 ? 'Nothing was done.' : `${index} of ${steps.length} steps were done.`
      return {
        refusal: [
          `GitHub refuses: ${error instanceof Error ? error.message : String(error)}`,
          `The token needs the permissions Administration: write and Issues: write on the repository. ${done}`,
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
      return `Changed the ruleset "${step.body.name}".`
    case 'create-label':
      await createLabel(person, repository, step.label)
      return `Created the label "${step.label.name}".`
    case 'push-policy':
    case 'mend-policy':
      throw new Error('The content of a repository is never written.')
  }
}
