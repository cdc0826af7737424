import { noticeSchema } from '../decision/notice.ts'
import type { Sent } from '../notices/notify.ts'
import { linkRun } from '../services/github/checks.ts'
import { appendRecord } from '../store/audit.ts'
import { postedRun } from '../store/check-runs.ts'
import { claimAnnouncement } from '../store/landings.ts'
import { hasRoomForGreen, noteWrite } from '../store/write-budget.ts'
import type { MergeShell } from './shell.ts'

/**
 * Links a merge and its notice both ways, once: the records hold the notice's permalink, and so does the gate's check on the
 * merged head, with one write. That write is skipped while the hour's writes are reserved for revoking green checks.
 */
export async function linkNotice(
  shell: Pick<MergeShell, 'database' | 'github' | 'now' | 'log'>,
  data: object,
  sent: Sent[],
): Promise<void> {
  const notice = noticeSchema.parse(data)
  const [place] = sent
  if (!place || (notice.kind !== 'merged' && notice.kind !== 'exception')) return
  const { installationId } = notice.repository
  const landing = await shell.database.transaction(async (tx) => {
    const taken = await claimAnnouncement(tx, notice.repository, notice.key)
    if (!taken) return undefined
    const { repositoryId, owner, repo } = notice.repository
    const body = {
      repository: { id: repositoryId, owner, name: repo },
      change: { seq: taken.recordSeq },
      permalink: place.permalink,
    }
    await appendRecord(tx, { installationId, kind: 'announced', at: shell.now(), body })
    return taken
  })
  if (landing?.headSha === undefined) return
  try {
    await linkCheck(shell, { ...landing.repository, sha: landing.headSha }, place.permalink)
  } catch (error) {
    shell.log.warn(
      { notice: notice.key, problem: String(error) },
      'The check could not be linked to the notice',
    )
  }
}

type Head = Parameters<typeof postedRun>[1]

async function linkCheck(
  { database, github, now }: Pick<MergeShell, 'database' | 'github' | 'now'>,
  head: Head,
  permalink: string,
): Promise<void> {
  const posted = await postedRun(database, head)
  if (!posted?.runId || !(await hasRoomForGreen(database, head.installationId, now()))) return
  await noteWrite(database, head.installationId, now())
  await linkRun(await github(head.installationId), head, { id: posted.runId, url: permalink })
}
