import { formatTime } from '../decision/calendar.ts'
import { code } from '../decision/markdown.ts'
import { checkReport } from '../decision/report.ts'
import { decide } from '../decision/verdict.ts'
import { timeZoneOf } from '../decision/window-settings.ts'
import { postedRun } from '../store/check-runs.ts'
import type { CommandContext, Facts } from './command-context.ts'

/** What is missing at a time: a comment stays as it is, unlike the check. */
export async function whyNot(context: CommandContext, { snapshot, policy }: Facts): Promise<string> {
  // An override that applies, or would but for one fact, is part of the answer, so the policy is not resolved yet.
  const verdict = decide(snapshot, context.applicable.policy)
  const open = verdict.findings.filter(({ state }) => state !== 'passed')
  const zone = timeZoneOf(policy.gates)
  const at = formatTime(new Date(snapshot.takenAt), zone)
  const { summary } = checkReport({ ...verdict, findings: open }, { head: snapshot.head })
  return open.length > 0
    ? `${at}:\n\n${summary}`
    : `${at}: ${await asPosted(context, snapshot.head.sha)} ${summary}`
}

/** A check belongs to a commit, which other pull requests may share, and it may have to wait for its turn. */
async function asPosted({ shell, pull }: CommandContext, sha: string): Promise<string> {
  const posted = await postedRun(shell.database, { ...pull, sha })
  if (!posted || posted.runId === null)
    return 'This pull request passes every gate. Its check is not written yet.'
  return posted.state === 'passed'
    ? 'Ready to merge.'
    : `This pull request passes every gate, but the check says: ${code(posted.title, 140)}.`
}
