import { type CheckReport, checkName } from '../../decision/report.ts'
import type { GitHub } from './client.ts'
import { nameOf, type RepositoryName } from './repository.ts'

/** A check run as GitHub returns it, for comparison with the request. */
export type StandingRun = { id: number; status: string; conclusion: string | null }

/** `detailsUrl`: where "Details" leads; GitHub shows its own page of the run where there is none. */
export async function createRun(
  github: GitHub,
  repository: RepositoryName,
  run: { sha: string; externalId: string; report: CheckReport; detailsUrl?: string | undefined },
): Promise<StandingRun> {
  const answer = await github.rest.checks.create({
    ...nameOf(repository),
    name: checkName,
    head_sha: run.sha,
    external_id: run.externalId,
    ...(run.detailsUrl === undefined ? {} : { details_url: run.detailsUrl }),
    ...fields(run.report),
  })
  return standing(answer.data)
}

/** Changes a run that is not completed. A completed one is never patched: GitHub answers 200 and changes nothing. */
export async function updateRun(
  github: GitHub,
  repository: RepositoryName,
  run: { id: number; report: CheckReport },
): Promise<StandingRun> {
  const answer = await github.rest.checks.update({
    ...nameOf(repository),
    check_run_id: run.id,
    ...fields(run.report),
  })
  return standing(answer.data)
}

/** Finds a run by the id that we gave it: whether a POST whose answer was lost has been carried out. */
export async function findRun(
  github: GitHub,
  repository: RepositoryName,
  sha: string,
  externalId: string,
): Promise<StandingRun | undefined> {
  const run = await runOf(github, repository, sha, externalId)
  return run && standing(run)
}

/** The same, where it is green: what it says, and when it was completed. */
export async function findGreenRun(
  github: GitHub,
  repository: RepositoryName,
  sha: string,
  externalId: string,
): Promise<{ id: number; title: string; completedAt: Date } | undefined> {
  const run = await runOf(github, repository, sha, externalId)
  if (run?.conclusion !== 'success' || run.completed_at === null) return undefined
  return { id: run.id, title: run.output.title ?? '', completedAt: new Date(run.completed_at) }
}

async function runOf(github: GitHub, repository: RepositoryName, sha: string, externalId: string) {
  const runs = await ownRuns(github, repository, { ref: sha, check_name: checkName })
  return runs.find((candidate) => candidate.external_id === externalId)
}

/**
 * The App's own runs of a check on a commit, newest first. Whoever may push a workflow can post runs of the same name and id under
 * another App, and everybody who reads the repository sees our ids.
 */
export async function ownRuns(
  github: GitHub,
  repository: RepositoryName,
  which: { ref: string; check_name: string; filter?: 'all' | 'latest' },
) {
  const { appId } = github
  if (appId === undefined) throw new Error('Only a client of the App knows which runs are its own')
  const query = { ...nameOf(repository), filter: 'all' as const, ...which, app_id: appId, per_page: 100 }
  return github.paginate(github.rest.checks.listForRef, query)
}

export function matchesReport(run: StandingRun, report: CheckReport): boolean {
  return run.status === report.status && (run.conclusion ?? undefined) === report.conclusion
}

function standing({ id, status, conclusion }: StandingRun): StandingRun {
  return { id, status, conclusion }
}

function fields({ status, conclusion, title, summary, annotations = [] }: CheckReport) {
  return {
    status,
    ...(conclusion ? { conclusion } : {}),
    output: {
      title,
      summary,
      ...(annotations.length > 0 ? { annotations: annotations.map(annotation) } : {}),
    },
  }
}

function annotation({ path, line, column, message }: NonNullable<CheckReport['annotations']>[number]) {
  const place = { path, start_line: line, end_line: line, start_column: column, end_column: column }
  return { ...place, annotation_level: 'failure' as const, title: 'Release policy', message }
}

/** Adds a link to what a run says, and leaves its state as it is. */
export async function linkRun(
  github: GitHub,
  { owner, repo }: RepositoryName,
  { id, url }: { id: number; url: string },
): Promise<void> {
  const { data } = await github.rest.checks.get({ owner, repo, check_run_id: id })
  const { title, summary } = data.output
  if (title === null || summary?.includes(url)) return
  const output = { title, summary: `${summary ?? ''}\n\nAnnounced: ${url}` }
  await github.rest.checks.update({ owner, repo, check_run_id: id, output })
}
