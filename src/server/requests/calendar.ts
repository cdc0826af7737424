import { z } from 'zod'
import { keyNamed, replaceKey } from '../../store/keys.ts'
import { calendarLink } from '../calendar-link.ts'
import type { Output, RequestShell } from './request.ts'

export const calendarArgs = z.strictObject({
  base: z.url(),
  repository: z.string().optional(),
  newKey: z.boolean(),
  json: z.boolean(),
})

/** The secret URL of a calendar feed; with a new key all URLs before it end. */
export async function printCalendarLink(
  { database }: RequestShell,
  { base, repository, newKey, json }: z.output<typeof calendarArgs>,
  out: Output,
): Promise<number> {
  const key = await (newKey ? replaceKey(database, 'calendar') : keyNamed(database, 'calendar'))
  const url = calendarLink(base, key, repository)
  await out(`${json ? JSON.stringify({ url }) : url}\n`)
  return 0
}
