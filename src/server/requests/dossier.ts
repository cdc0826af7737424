import { z } from 'zod'
import { formatTimeWithYear } from '../../decision/calendar.ts'
import { type DossierRecord, dossierEntries } from '../../decision/incidents/dossier.ts'
import { oneLine } from '../../decision/markdown.ts'
import { lineOf } from '../../store/audit/export.ts'
import { type AuditRecord, readRecords } from '../../store/audit.ts'
import { incidentNamed } from './incidents.ts'
import type { Output, RequestShell } from './request.ts'

export const dossierArgs = z.strictObject({ name: z.string(), ndjson: z.boolean() })

/**
 * `audit dossier`: the timeline of an incident from the records. As NDJSON, every record from its first to its last one, so that
 * `audit verify --file` can compute each hash again.
 */
export async function printDossier(
  { database }: Pick<RequestShell, 'database'>,
  { name, ndjson }: z.output<typeof dossierArgs>,
  out: Output,
): Promise<number> {
  const stored = await incidentNamed(database, name)
  if (typeof stored === 'string') throw new Error(stored)
  const { repository, number, facts, settings, incident, alias } = stored
  const records = await Array.fromAsync(readRecords(database, repository.installationId))
  const entries = dossierEntries(records satisfies DossierRecord[], { ...repository, number })
  const [first, last] = [entries[0]?.seq, entries.at(-1)?.seq]
  if (first === undefined || last === undefined)
    throw new Error(
      `The records of ${JSON.stringify(name)} are no longer kept: see RECORDS_MONTHS. An export from before has them.`,
    )
  if (ndjson) {
    for (const record of within(records, first, last)) await out(lineOf(record))
    return 0
  }
  const zone = settings.time_zone
  const ordered = entries.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq)
  const title = `${repository.owner}/${repository.repo}#${number}${alias === null ? '' : ` (${alias})`}`
  const lines = [
    `${title}  ${incident.severity}  ${incident.state}  ${oneLine(facts.title, 200)}`,
    '',
    ...ordered.map(
      ({ seq, at, text }) => `${formatTimeWithYear(at, zone)}  ${oneLine(text, 500)}  [record ${seq}]`,
    ),
    '',
    `Records ${first} to ${last} of installation ${repository.installationId}. To check them without the bot:`,
    `release-gate audit dossier ${alias ?? `${repository.owner}/${repository.repo}#${number}`} --ndjson --output dossier.ndjson`,
    'release-gate audit verify --file dossier.ndjson',
  ]
  await out(`${lines.join('\n')}\n`)
  return 0
}

function within(records: AuditRecord[], first: number, last: number): AuditRecord[] {
  return records.filter(({ seq }) => seq >= first && seq <= last)
}
