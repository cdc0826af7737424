import { z } from 'zod'
import type { ReleaseNotes } from '../../decision/release-notes.ts'
import { notesMarkdown } from '../../decision/release-notes-text.ts'
import { gatherNotes, type NotesPlace, notesPlace, periodOf } from '../../notices/release-notes.ts'
import { keptPolicies } from '../../store/policies.ts'
import type { Output, RequestShell } from './request.ts'

const month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/)

export const notesArgs = z.strictObject({
  wanted: z.union([z.strictObject({ month }), z.strictObject({ window: z.literal('last') })]),
  repository: z.string().optional(),
  json: z.boolean(),
  now: z.iso.datetime({ offset: true }),
})

/** The release notes of each repository with a policy, or of one. */
export async function printNotes(
  { database }: Pick<RequestShell, 'database'>,
  { wanted, repository, json, now }: z.output<typeof notesArgs>,
  out: Output,
): Promise<number> {
  const places = (await keptPolicies(database)).flatMap((kept) => notesPlace(kept) ?? [])
  const asked = places.filter((place) => repository === undefined || isNamed(place, repository))
  if (asked.length === 0) throw new Error(unknown(repository))
  const notes: ReleaseNotes[] = []
  for (const place of asked) {
    const period = periodOf(place, wanted, new Date(now))
    if (!period && repository !== undefined) throw new Error(noWindow(place))
    if (period) notes.push(await gatherNotes(database, place, period))
  }
  await out(json ? `${JSON.stringify(notes, null, 2)}\n` : notes.map(notesMarkdown).join('\n'))
  return 0
}

function isNamed({ kept }: NotesPlace, repository: string): boolean {
  return `${kept.owner}/${kept.repo}`.toLowerCase() === repository.toLowerCase()
}

function unknown(repository: string | undefined): string {
  return repository === undefined
    ? 'No repository has a valid policy yet, so there are no releases.'
    : `--repository: release-gate does not know a policy for ${repository}. Check the name.`
}

function noWindow({ kept }: NotesPlace): string {
  return `--window: no two release windows of ${kept.owner}/${kept.repo} closed within the last year. Use --month.`
}
