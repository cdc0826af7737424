import { z } from 'zod'
import { isRepositoryName } from '../decision/github-names.ts'

/** What the requests of the command line share. A repository is sent by its name. */
export const repositoryName = z
  .string()
  .refine(isRepositoryName, { error: 'is not a repository name like owner/name' })

/** How old an order may be, so that one that hangs somewhere is not carried out later, and a recorded one is not sent again. */
const validFor = 5 * 60_000

/** Why an order of this time is not carried out; by the system's clock, also when the bot runs on a simulated one. */
export function clockProblem(at: string): string | undefined {
  const age = Date.now() - Date.parse(at)
  if (Math.abs(age) <= validFor) return undefined
  const what = age > 0 ? 'more than five minutes old' : 'more than five minutes ahead of the bot'
  return `The request is ${what}. Check the clocks of both machines.`
}

/** When an order was sent. By a clock that is ahead, that would be after it arrived, and after orders that come later. */
export function sentAt(at: string): string {
  return new Date(Math.min(Date.parse(at), Date.now())).toISOString()
}

/** The answer to a request of the command line that is not carried out. */
export function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } })
}

/** It is shown in checks, messages and terminals. */
export const oneLineOfText = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must be one line, without control characters')
