import { z } from 'zod'
import { appendRecord } from '../../store/audit.ts'
import { installationsOf } from '../../store/hourly-checks.ts'
import { repositoryName } from '../command-requests.ts'
import type { Output, RequestShell } from './request.ts'

/** The command line has checked the evidence against its schema; here it is kept as it came. */
export const runbookArgs = z.strictObject({
  evidence: z.looseObject({ runbook: z.string(), verdict: z.string(), startedAt: z.iso.datetime() }),
  by: z.string().min(1).max(100),
  repository: repositoryName.optional(),
})

/** Appends the evidence of a runbook to the records of the installation that the repository belongs to. */
export async function recordRunbook(
  { database }: RequestShell,
  { evidence, by, repository }: z.output<typeof runbookArgs>,
  out: Output,
): Promise<number> {
  const installations = await installationsOf(database, repository)
  const [installationId] = installations
  if (installationId === undefined)
    throw new Error(
      repository === undefined ? 'the bot knows no repository yet' : `the bot does not know ${repository}`,
    )
  if (installations.length > 1)
    throw new Error('the bot serves several organizations; name a repository with --repository')
  const body = { ...evidence, by, ...(repository === undefined ? {} : { repository }) }
  const { seq } = await appendRecord(database, { installationId, kind: 'runbook', at: new Date(), body })
  await out(`Recorded as record ${seq} of installation ${installationId}.\n`)
  return 0
}
