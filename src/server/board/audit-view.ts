import { isSameName } from '../../decision/github-names.ts'
import { type LastVerified, lastVerified } from '../../store/audit/last-verified.ts'
import {
  type ChainHead,
  chainHeads,
  deferredReviews,
  exceptions,
  type MonthOfMerges,
  mergesByMonth,
  newestAnchors,
  recordsBySeq,
  type Shortened,
  type ShownAnchor,
  type ShownLanding,
} from '../../store/board/audit-overview.ts'
import type { KnownRepository } from '../../store/board/open-pulls.ts'
import type { Database } from '../../store/database.ts'

/** What is known of one chain: its head, how far it was verified, and what was wrong with it. */
export type ChainView = {
  account: string
  head: ChainHead
  verified: { seq: number; at: Date } | undefined
  broken: { seq: number; why: string; at: Date } | undefined
}

export type ExceptionView = ShownLanding & { bypassed: string[] }

/** `issue` is missing where it is in a repository that the person cannot read: then not even its name is shown. */
export type AnchorView = Pick<ShownAnchor, 'seq' | 'hash' | 'at'> & {
  issue: { repository: string; number: number } | undefined
}

export type AuditView = {
  chains: ChainView[]
  anchors: AnchorView[]
  months: MonthOfMerges[]
  exceptions: Shortened<ExceptionView>
  deferred: Shortened<ShownLanding>
  at: Date
}

/** So many lines of each list are shown; the export has all of them. */
const most = 30
const months = 12

export async function auditView(
  { database, now }: { database: Database; now: () => Date },
  repositories: KnownRepository[],
): Promise<AuditView> {
  const at = now()
  const ids = repositories.map(({ repositoryId }) => repositoryId)
  const accounts = new Map(repositories.map(({ installationId, owner }) => [installationId, owner]))
  const installations = [...accounts.keys()]
  const last = await lastVerified(database, now)
  const heads = await chainHeads(database, installations)
  const bypasses = await exceptions(database, ids, most)
  return {
    at,
    chains: heads.map((head) => chainView(head, accounts.get(head.installationId) ?? '', last)),
    anchors: (await newestAnchors(database, installations, 10)).map((anchor) =>
      anchorView(anchor, repositories),
    ),
    months: await mergesByMonth(database, ids, startOfMonth(at, months)),
    exceptions: { ...bypasses, first: await withReasons(database, bypasses.first) },
    deferred: await deferredReviews(database, ids, most),
  }
}

/** The first instant in UTC of the month so many months ago, so that no month is shown in part. */
function startOfMonth(at: Date, ago: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - ago))
}

function anchorView({ owner, repo, issue, ...anchor }: ShownAnchor, readable: KnownRepository[]): AnchorView {
  const repository = `${owner}/${repo}`
  const isReadable = readable.some((one) => isSameName(`${one.owner}/${one.repo}`, repository))
  return { ...anchor, issue: isReadable ? { repository, number: issue } : undefined }
}

function chainView(head: ChainHead, account: string, last: LastVerified | undefined): ChainView {
  const at = last && new Date(last.at)
  const view = { account, head, verified: undefined, broken: undefined }
  if (!last || !at) return view
  const isOwn = ({ installationId }: { installationId: number }) => installationId === head.installationId
  const fault = last.results.filter((result) => !result.ok).find(isOwn)
  if (fault) return { ...view, broken: { seq: fault.seq, why: fault.why, at } }
  const known = last.results.flatMap((result) => (result.ok ? result.heads : [])).find(isOwn)
  return known ? { ...view, verified: { seq: known.seq, at } } : view
}

async function withReasons(database: Database, landings: ShownLanding[]): Promise<ExceptionView[]> {
  const byChain = Map.groupBy(landings, ({ installationId }) => installationId)
  const reasons = new Map<string, string[]>()
  for (const [installationId, own] of byChain) {
    // The exception of a merge is the record after its own; that of a push is its own.
    const seqs = own.flatMap(({ recordSeq }) => [recordSeq, recordSeq + 1])
    for (const { seq, kind, body } of await recordsBySeq(database, installationId, seqs)) {
      const { bypassed = [], change } = body as { bypassed?: string[]; change?: { seq?: number } }
      if (kind === 'exception') reasons.set(`${installationId} ${change?.seq ?? seq}`, bypassed)
    }
  }
  return landings.map((landing) => ({
    ...landing,
    bypassed: reasons.get(`${landing.installationId} ${landing.recordSeq}`) ?? [],
  }))
}
