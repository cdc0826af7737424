import { z } from 'zod'
import type { ChangeRecord } from '../../decision/change-record.ts'
import { oneLine, plural } from '../../decision/markdown.ts'
import { chainIds } from '../../store/audit/verify.ts'
import { readRecords } from '../../store/audit.ts'
import type { Output, RequestShell } from './request.ts'

export const blockedArgs = z.strictObject({ since: z.iso.datetime({ offset: true }), json: z.boolean() })

type Blocked = { number: number; title: string; mergedAt: string; mergedBy: string | null; by: string[] }
type InRepository = { repository: string; merges: number; gates: Record<string, number>; blocked: Blocked[] }

/** Merges under policies that only reported, and what would have blocked them. Merges under an enforced policy are not among them. */
export async function printBlocked(
  { database }: Pick<RequestShell, 'database'>,
  { since, json }: z.output<typeof blockedArgs>,
  out: Output,
): Promise<number> {
  const found = new Map<string, InRepository>()
  for (const id of await chainIds(database))
    for await (const { body } of readRecords(database, id, { from: new Date(since), kinds: ['merged'] }))
      add(found, body as unknown as ChangeRecord)
  const repositories = [...found.values()]
  await out(json ? `${JSON.stringify({ since, repositories }, null, 2)}\n` : textOf(since, repositories))
  return 0
}

function add(found: Map<string, InRepository>, change: ChangeRecord): void {
  const { reportOnly, repository: of, number, title, mergedAt, mergedBy } = change
  if (!reportOnly) return
  const name = `${of.owner}/${of.name}`
  const repository = found.get(name) ?? { repository: name, merges: 0, gates: {}, blocked: [] }
  found.set(name, repository)
  repository.merges += 1
  const { wouldBlock } = reportOnly
  if (wouldBlock.length === 0) return
  for (const { gate } of wouldBlock) repository.gates[gate] = (repository.gates[gate] ?? 0) + 1
  const by = wouldBlock.map(({ gate, title: what }) => `${gate}: ${what}`)
  repository.blocked.push({ number, title, mergedAt, mergedBy: mergedBy?.login ?? null, by })
}

function textOf(since: string, repositories: InRepository[]): string {
  if (repositories.length === 0)
    return `No merges under a policy with \`enforce: false\` since ${dayOf(since)}.\n`
  return repositories.map((each) => `${linesOf(each, since).join('\n')}\n`).join('\n')
}

function linesOf({ repository, merges, gates, blocked }: InRepository, since: string): string[] {
  const counts = Object.entries(gates).map(([gate, count]) => `${gate} ${count}`)
  return [
    `${repository}: ${plural(merges, 'merge')} since ${dayOf(since)}, ${blocked.length} would have been blocked.`,
    ...(counts.length > 0 ? [`By gate: ${counts.join(', ')}.`] : []),
    ...blocked.flatMap(({ number, title, mergedAt, mergedBy, by }) => [
      `  #${number} ${oneLine(title, 50)} (${dayOf(mergedAt)}${mergedBy === null ? '' : `, ${mergedBy}`})`,
      ...by.map((line) => `    ${oneLine(line, 74)}`),
    ]),
  ]
}

function dayOf(instant: string): string {
  return `${instant.slice(0, 10)} UTC`
}
