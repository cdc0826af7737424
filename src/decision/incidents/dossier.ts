import { code } from '../markdown.ts'

/** A record of the chain, as far as a dossier reads it. */
export type DossierRecord = { seq: number; kind: string; at: Date; body: object }

/** What happened, and the record that says so. */
export type DossierEntry = { seq: number; at: Date; text: string }

type Repository = { id: number; owner: string; name: string }
type Pull = { repository: Repository; number: number }
type Body = {
  repository?: Repository
  incident?: number
  number?: number
  title?: string
  text?: string
  pull?: Pull
  changes?: { at: string; text: string }[]
  mirror?: string
  wanted?: { action?: string; target?: string; done?: boolean }
  external?: { name: string } | null
  url?: string | null
  release?: string
  verdict?: string
  why?: string
  change?: { seq: number }
}

type Subject = { repositoryId: number; number: number }

/**
 * The timeline of an incident, from the records alone: what happened to it, who was paged, where it is mirrored, the urgent
 * changes that name it with their merges and watches, and its post-mortem.
 */
export function dossierEntries(records: DossierRecord[], subject: Subject): DossierEntry[] {
  const pulls = new Set<string>()
  return records.flatMap(({ seq, kind, at, body }) => {
    const read = body as Body
    const isOurs = read.incident === subject.number && read.repository?.id === subject.repositoryId
    if (isOurs && kind === 'incident linked' && read.pull) pulls.add(keyOf(read.pull))
    const entries = isOurs ? entriesOf(kind, read) : entriesOfPull(kind, read, pulls)
    return entries.map((entry) => ({ seq, at: entry.at ? new Date(entry.at) : at, text: entry.text }))
  })
}

/** By the id of the repository: its name can change, and can then be that of another one. */
function keyOf({ repository, number }: Pull): string {
  return `${repository.id} ${number}`
}

function nameOf({ repository, number }: Pull): string {
  return `${repository.owner}/${repository.name}#${number}`
}

/** A watch names its release by a summary, which ends in the number. */
function watchedKey({ repository, release = '' }: Body): string {
  return `${repository?.id} ${/#(\d+)$/.exec(release)?.[1]}`
}

type Entry = { at?: string; text: string }

function entriesOf(kind: string, body: Body): Entry[] {
  switch (kind) {
    case 'incident':
      return body.changes ?? []
    case 'incident step':
    case 'post-mortem':
      return [{ text: body.text ?? '' }]
    case 'incident linked':
      return body.pull ? [{ text: `Named by the urgent pull request ${nameOf(body.pull)}` }] : []
    case 'incident mirrored':
      return [{ text: mirroredText(body) }]
  }
  return []
}

function mirroredText({ mirror, wanted, external }: Body): string {
  if (mirror === 'jira') return `Jira: ${external?.name ?? 'an issue'}${wanted?.done ? ', done' : ''}`
  const who = wanted?.target === 'lead' ? 'the operations lead' : 'on call'
  const did = {
    trigger: 'accepted the page to',
    acknowledge: 'acknowledged the page to',
    resolve: 'resolved the page to',
  }
  return `PagerDuty ${did[wanted?.action as keyof typeof did] ?? 'took the page to'} ${who}`
}

function entriesOfPull(kind: string, body: Body, pulls: ReadonlySet<string>): Entry[] {
  if (kind === 'watched' && pulls.has(watchedKey(body)))
    return [
      {
        text: `Watch after the release of ${body.release}${body.change ? ` (record ${body.change.seq})` : ''}: ${body.verdict}, ${body.why}`,
      },
    ]
  if ((kind !== 'merged' && kind !== 'exception') || !body.repository || body.number === undefined) return []
  const pull = { repository: body.repository, number: body.number }
  const name = nameOf(pull)
  if (!pulls.has(keyOf(pull))) return []
  return [
    {
      text:
        kind === 'merged'
          ? `Merged: ${name} ${code(body.title ?? '')}`
          : `The merge of ${name} bypassed the gate`,
    },
  ]
}
