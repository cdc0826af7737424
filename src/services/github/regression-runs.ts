import { regressionCheckName, runAgain, type ShownRegression } from '../../decision/regression-check.ts'
import { ownRuns } from './checks.ts'
import type { GitHub } from './client.ts'
import { statusOfError } from './errors.ts'
import { nameOf, type RepositoryName } from './repository.ts'

export type RegressionRun = { id: number; url: string | null; completed: boolean }

export async function createRegressionRun(
  github: GitHub,
  repository: RepositoryName,
  { sha, externalId, shown }: { sha: string; externalId: string; shown: ShownRegression },
): Promise<RegressionRun> {
  const { data } = await github.rest.checks.create({
    ...nameOf(repository),
    name: regressionCheckName,
    head_sha: sha,
    external_id: externalId,
    ...fields(shown),
  })
  return { id: data.id, url: data.html_url, completed: data.status === 'completed' }
}

/** Changes a run that is not completed. Undefined: it is gone. */
export async function updateRegressionRun(
  github: GitHub,
  repository: RepositoryName,
  { id, shown }: { id: number; shown: ShownRegression },
): Promise<RegressionRun | undefined> {
  try {
    const { data } = await github.rest.checks.update({
      ...nameOf(repository),
      check_run_id: id,
      ...fields(shown),
    })
    return { id: data.id, url: data.html_url, completed: data.status === 'completed' }
  } catch (error) {
    if (statusOfError(error) === 404) return undefined
    throw error
  }
}

/** Whether a run whose answer was lost has been made. */
export async function findRegressionRun(
  github: GitHub,
  repository: RepositoryName,
  sha: string,
  externalId: string,
): Promise<RegressionRun | undefined> {
  const runs = await ownRuns(github, repository, { ref: sha, check_name: regressionCheckName })
  const run = runs.find((candidate) => candidate.external_id === externalId)
  return run && { id: run.id, url: run.html_url, completed: run.status === 'completed' }
}

function fields({ status, conclusion, title, summary }: ShownRegression) {
  return {
    status,
    ...(conclusion ? { conclusion } : {}),
    output: { title, summary },
    actions: status === 'completed' ? [runAgain] : [],
  }
}
