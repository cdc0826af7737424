import { z } from 'zod'
import type { Anchor } from '../../decision/anchor.ts'
import { oneLine } from '../../decision/markdown.ts'
import { urgentShare, urgentShareThreshold } from '../../decision/urgent-share.ts'
import { keptAnchors } from '../../store/audit/anchors.ts'
import { lineOf } from '../../store/audit/export.ts'
import { chainIds, type Verified, verifyChain } from '../../store/audit/verify.ts'
import { partOfChain, readRecords } from '../../store/audit.ts'
import type { Database, Queryable } from '../../store/database.ts'
import { reportByHash } from '../../store/evidence.ts'
import type { Output } from './request.ts'

const anchor = z.strictObject({ installationId: z.int(), seq: z.int(), hash: z.string() })

const day = 24 * 60 * 60 * 1000

/** `anchors`: saved text of the issues, in addition to the anchors in the database. */
export const verifyArgs = z.strictObject({ anchors: z.array(anchor).optional(), json: z.boolean() })

export async function verify(
  { database }: { database: Database },
  { anchors, json }: z.output<typeof verifyArgs>,
  out: Output,
): Promise<number> {
  const kept = await keptAnchors(database)
  const result = await verifyChain(database, undefined, { anchors: [...kept, ...(anchors ?? [])] })
  const compared = { file: anchors, database: kept }
  await out(
    `${json ? JSON.stringify(result) : verifiedText(result, compared, await accountNames(database))}\n`,
  )
  return result.ok ? 0 : 1
}

type Compared = { file?: Anchor[] | undefined; database?: Anchor[] }

/** What the records were compared with, and the result, in sentences. */
export function verifiedText(
  result: Verified,
  { file, database = [] }: Compared,
  names: Map<number, string> = new Map(),
): string {
  const chain = (id: number) => `The chain of ${installation(id, names)}`
  if (!result.ok) return `${chain(result.installationId)} is broken at record ${result.seq}: ${result.why}`
  const chains = result.heads.length === 1 ? '1 chain' : `${result.heads.length} chains`
  return [
    `${result.records} records in ${chains}, unbroken.`,
    ...(file ? [`They match ${counted(result, file, 'of the file')}.`] : []),
    ...(database.length > 0 ? [`They match ${counted(result, database, 'in the database')}.`] : []),
    ...newerText(result, file ?? database),
  ]
    .join(' ')
    .concat(
      ...result.since.map(
        ({ installationId, seq }) => `\n${chain(installationId)} begins after record ${seq}.`,
      ),
    )
}

type Intact = Extract<Verified, { ok: true }>

/** What was anchored before a chain begins has no record to match. */
function counted({ since }: Intact, anchors: Anchor[], where: string): string {
  const begin = new Map(since.map(({ installationId, seq }) => [installationId, seq]))
  const matched = anchors.filter(({ installationId, seq }) => seq >= (begin.get(installationId) ?? 0))
  if (matched.length === anchors.length)
    return anchors.length === 1 ? `the anchor ${where}` : `all ${anchors.length} anchors ${where}`
  return `${matched.length} of ${anchors.length} anchors ${where}; the others are older than the first record`
}

/** Nothing outside of the database shows yet whether these were changed. */
function newerText({ heads, since }: Intact, anchors: Anchor[]): string[] {
  const last = (id: number) =>
    Math.max(...[...since, ...anchors].filter((each) => each.installationId === id).map(({ seq }) => seq), 0)
  const newer = heads.reduce((sum, { installationId, seq }) => sum + seq - last(installationId), 0)
  if (anchors.length === 0 || newer === 0) return []
  return [`${newer === 1 ? '1 record is' : `${newer} records are`} newer than the last anchor.`]
}

function installation(id: number, names: Map<number, string>): string {
  const name = names.get(id)
  return name === undefined ? `installation ${id}` : `installation ${id} (${oneLine(name, 60)})`
}

/** The last known account of each installation. */
async function accountNames(db: Queryable): Promise<Map<number, string>> {
  const rows = await db.query<{ id: number; owner: string }>(
    `SELECT installation_id AS id, owner FROM release_gate.verdicts
     UNION SELECT installation_id, owner FROM release_gate.policies WHERE owner IS NOT NULL`,
  )
  return new Map(rows.map(({ id, owner }) => [id, owner]))
}

const instant = z.iso.datetime({ offset: true })

export const exportArgs = z.strictObject({
  csv: z.boolean(),
  from: instant.optional(),
  to: instant.optional(),
})

export async function exportRecords(
  { database }: { database: Database },
  { csv, from, to }: z.output<typeof exportArgs>,
  out: Output,
): Promise<number> {
  const range = { ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) }
  if (csv) return exportTable(database, range, out)
  for (const id of await chainIds(database)) {
    const part = await partOfChain(database, id, range)
    if (part) for await (const record of readRecords(database, id, part)) await out(lineOf(record))
  }
  return 0
}

async function exportTable(
  database: Database,
  range: { from?: Date; to?: Date },
  out: Output,
): Promise<number> {
  const { changeTableHead, changeTableLine, reviewsOf } = await import('./change-table.ts')
  await out(changeTableHead)
  for (const id of await chainIds(database)) {
    const reviews = await reviewsOf(database, id)
    for await (const record of readRecords(database, id, range)) {
      const line = changeTableLine(record, reviews.get(record.seq))
      if (line) await out(line)
    }
  }
  return 0
}

export const reportArgs = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{12,64}$/) })

/** The text is exactly what the hash covers. */
export async function printReport(
  { database }: { database: Database },
  { hash }: z.output<typeof reportArgs>,
  out: Output,
): Promise<number> {
  const text = await reportByHash(database, hash)
  if (text === undefined) return 1
  await out(text)
  return 0
}

/** `json` is left out where it is not asked for, which a bot of an earlier version does not know. */
export const shareArgs = z.strictObject({
  days: z.int().min(1).max(9_999),
  to: instant,
  json: z.boolean().optional(),
})

export async function printUrgentShare(
  { database }: { database: Database },
  { days, to: end, json }: z.output<typeof shareArgs>,
  out: Output,
): Promise<number> {
  const to = new Date(end)
  const from = new Date(to.getTime() - days * day)
  const names = await accountNames(database)
  const found = []
  for (const id of await chainIds(database)) {
    const records = await Array.fromAsync(readRecords(database, id, { from, to }))
    const { merged, urgent, share } = urgentShare(records, { from, to })
    found.push({ installationId: id, account: names.get(id) ?? null, merged, urgent, share })
    const who = installation(id, names).replace('installation', 'Installation')
    const text = `${who}: ${urgent} of ${merged} merges in ${days} days were urgent (${(share * 100).toFixed(1)}%).\n`
    if (!json) await out(text)
  }
  if (json) await out(`${JSON.stringify({ days, installations: found })}\n`)
  return found.some(({ share }) => share > urgentShareThreshold) ? 1 : 0
}
