import canonicalize from 'canonicalize'
import type { ChangeRecord } from '../../src/decision/change-record.ts'
import type { Snapshot } from '../../src/decision/snapshot.ts'
import { decide } from '../../src/decision/verdict.ts'
import { saveLastRun } from '../../src/doctor/last-run.ts'
import { evaluateSnapshot, toStoredVerdict } from '../../src/gate/snapshot-verdict.ts'
import { parsePolicy } from '../../src/policy/policy-file.ts'
import type { RunReport } from '../../src/regression/report-schema.ts'
import { saveAnchor } from '../../src/store/audit/anchors.ts'
import { saveVerified } from '../../src/store/audit/last-verified.ts'
import { verifyEachChain } from '../../src/store/audit/verify.ts'
import { appendRecord, GENESIS, hashOf, type NewRecord } from '../../src/store/audit.ts'
import { savePostedRun } from '../../src/store/check-runs.ts'
import type { Database, Queryable } from '../../src/store/database.ts'
import { hashOfReport, recordBaseline, type StoredEvidence, saveEvidence } from '../../src/store/evidence.ts'
import { keepListed, recordChecked } from '../../src/store/hourly-checks.ts'
import { saveLanding } from '../../src/store/landings.ts'
import { keepValidPolicy } from '../../src/store/policies.ts'
import { nextGeneration, type StoredVerdict, saveVerdict } from '../../src/store/verdicts.ts'
import { aLabel, anApproval, ann, aPerson, aSnapshot, bob, cleo, minutesLater, shaOf } from './snapshot.ts'

/** What the board shows, written straight into the store: no bot, no GitHub. */

export const shop = { installationId: 1, repositoryId: 2, owner: 'acme', repo: 'shop' }
/** A repository of another organization, which no reader of the tests can read. */
export const secret = { installationId: 7, repositoryId: 9, owner: 'other', repo: 'vault' }

/** Tuesday, a day before the window opens. */
export const boardNow = new Date('2026-11-24T18:00:00Z')

export const policyText = `gates:
  approvals: { count: 2 }
  hold: {}
  release_window:
    time_zone: America/Los_Angeles
    windows: [{ opens: Wednesday 10:00, closes: Wednesday 11:00 }]
`

const policy = () => {
  const read = parsePolicy(policyText)
  if (!read.ok) throw new Error('the policy of the world is invalid')
  return read.policy
}

export type Repository = typeof shop

export async function keepPolicy(database: Queryable, repository: Repository): Promise<void> {
  await keepValidPolicy(database, repository, { text: policyText, blob: shaOf('e') })
  const { installationId } = repository
  const named = {
    repositoryId: repository.repositoryId,
    nodeId: 'R_1',
    owner: repository.owner,
    repo: repository.repo,
  }
  await keepListed(database, installationId, [named], boardNow)
  await recordChecked(database, repository, new Date(boardNow.getTime() - 12 * 60_000))
}

/** A commit id for a number. */
export function headOf(number: number): string {
  return (number * 7919 + 1).toString(16).padStart(8, '0').repeat(5)
}

/** The facts of a pull request of a repository, a few minutes before now. */
export function factsOf(
  repository: Repository,
  number: number,
  what: Parameters<typeof aSnapshot>[0] = {},
): Snapshot {
  return aSnapshot({
    pull: { ...repository, number },
    takenAt: minutesLater(-10, boardNow.toISOString()),
    ...what,
    head: { sha: headOf(number), ref: `change-${number}`, ...what.head },
  })
}

/** The verdict on facts, as the bot stores it. */
export function verdictOn(snapshot: Snapshot, generation: number): StoredVerdict {
  const file = { where: '.github/release-gate.yml', blob: shaOf('e'), text: policyText }
  const applicable = {
    kind: 'policy' as const,
    policy: policy(),
    file,
    files: { own: file },
    note: 'Policy: `.github/release-gate.yml`.',
  }
  return toStoredVerdict(evaluateSnapshot(snapshot, applicable), snapshot, applicable, generation)
}

export async function keepVerdict(database: Queryable, snapshot: Snapshot): Promise<StoredVerdict> {
  const stored = verdictOn(snapshot, await nextGeneration(database))
  await saveVerdict(database, stored)
  return stored
}

/** The record of a verdict, with the content that src/gate/records.ts gives it. */
export function decidedRecord(stored: StoredVerdict, at: Date): NewRecord {
  const { pull, headSha, state, source, policy: settings, snapshot } = stored
  const findings = settings
    ? decide(snapshot, settings).findings.map(({ gate, state: found, title, reason }) => ({
        gate,
        state: found,
        title,
        reason,
      }))
    : []
  const { where, blob, valid } = source
  const body = {
    pull,
    head: headSha,
    state,
    findings,
    policy: { where, blob, valid, settings: settings ?? null },
    snapshot,
  }
  return { installationId: pull.installationId, kind: 'decided', at, body }
}

/** Appends many records to the chain of one installation in a few statements. */
export async function appendAll(database: Database, records: NewRecord[]): Promise<void> {
  const [first] = records
  if (!first) return
  const [last] = await database.query<{ seq: number; hash: string }>(
    'SELECT seq, hash FROM release_gate.audit_records WHERE installation_id = $1 ORDER BY seq DESC LIMIT 1',
    [first.installationId],
  )
  let [seq, previousHash] = [last?.seq ?? 0, last?.hash ?? GENESIS]
  const rows = records.map((record) => {
    seq += 1
    const text = canonicalize(record.body) ?? ''
    const row = { ...record, seq, previousHash, text }
    const hash = hashOf(row)
    const stored = { ...row, hash }
    previousHash = hash
    return stored
  })
  for (let from = 0; from < rows.length; from += 500) {
    const part = rows.slice(from, from + 500)
    await database.query(
      `INSERT INTO release_gate.audit_records (installation_id, seq, kind, at, body, previous_hash, hash)
       SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])`,
      [
        part.map((row) => row.installationId),
        part.map((row) => row.seq),
        part.map((row) => row.kind),
        part.map((row) => row.at.toISOString()),
        part.map((row) => row.text),
        part.map((row) => row.previousHash),
        part.map((row) => row.hash),
      ],
    )
  }
}

/** What a check on a head says. */
export function keepCheck(
  database: Queryable,
  { pull, headSha, report, state }: StoredVerdict,
  what: { state?: StoredVerdict['state']; title?: string } = {},
): Promise<void> {
  const run = {
    externalId: `x${pull.number}`,
    runId: 500 + pull.number,
    digest: 'd',
    postedAt: boardNow,
    reportOnly: false,
  }
  return savePostedRun(
    database,
    { ...pull, sha: headSha },
    { ...run, state: what.state ?? state, title: what.title ?? report.title },
    boardNow,
  )
}

/** A run of the regression of so many tools, as it is stored. */
export function evidenceOf(
  index: number,
  tools: string[],
  what: Partial<StoredEvidence> & { changes?: RunReport['contract']['changes'] } = {},
): StoredEvidence {
  const { changes = [], ...rest } = what
  const startedAt = new Date(boardNow.getTime() - (20 - index) * 7 * 86_400_000).toISOString()
  const row = (tool: string, position: number) => {
    const p95 = 80 + 60 * position + 12 * ((index * 7 + position * 3) % 5)
    return {
      ...{ tool, readOnly: true, calls: 50, passed: 49, toolErrors: (index + position) % 6 === 0 ? 1 : 0 },
      ...{ protocolErrors: 0, transportErrors: 0, expectedErrors: 0, flaky: 0, n: 50, p50: p95 / 2, p95 },
    }
  }
  const report: RunReport = {
    version: 1,
    runId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    verdict: 'passed',
    summary: 'all gates passed',
    startedAt,
    durationMs: 4_000,
    partial: false,
    gates: [],
    errors: { calls: 50, errors: 0, rate: 0, low: 0, high: 0.07, limit: 0.01 },
    tools: tools.map(row),
    notCovered: [],
    cases: [],
    contract: { changes, notes: [] },
    data: [],
    removedCases: [],
    addedWaivers: [],
    addedReads: [],
    changedParts: [],
    notes: [],
  }
  const text = JSON.stringify(report)
  return {
    ...{
      runId: report.runId,
      headSha: headOf(1_000 + index),
      tree: null,
      server: 'staging',
      environment: 'staging',
    },
    ...{
      suite: '.github/mcp-regression.yml',
      deploymentId: null,
      serverName: 'rewards',
      serverVersion: '1',
      verdict: 'passed',
    },
    ...{
      summary: 'all gates passed',
      startedAt,
      hash: hashOfReport(text),
      report: text,
      recorded: '{"tools":[]}',
    },
    ...{ suiteText: null, baselineId: null, requestedBy: null, settings: null },
    ...rest,
  }
}

export async function keepReleases(
  database: Queryable,
  repository: Repository,
  runs: StoredEvidence[],
): Promise<void> {
  for (const run of runs) {
    await saveEvidence(database, repository, run)
    await recordBaseline(database, repository, run, new Date(run.startedAt))
  }
}

/** A merge: its record, that of its exception where it is one, and its follow-ups. */
export async function keepMerge(
  database: Database,
  snapshot: Snapshot,
  what: { at?: Date; urgent?: boolean; bypassed?: string[]; title?: string } = {},
): Promise<number> {
  const { pull } = snapshot
  const at = what.at ?? new Date('2026-11-18T18:20:00Z')
  const record = mergedBody(snapshot, at, what)
  const { installationId } = pull
  const { seq, hash } = await appendRecord(database, { installationId, kind: 'merged', at, body: record })
  const about = { repository: record.repository, number: pull.number, change: { seq, hash } }
  if (what.bypassed)
    await appendRecord(database, {
      installationId,
      kind: 'exception',
      at,
      body: { ...about, bypassed: what.bypassed, kind: 'late' },
    })
  const owes = what.urgent || what.bypassed
  await saveLanding(database, {
    repository: pull,
    key: `#${pull.number}`,
    number: pull.number,
    headSha: snapshot.head.sha,
    landedAt: at,
    recordSeq: seq,
    exception: what.bypassed !== undefined,
    urgent: what.urgent === true,
    review: owes ? { key: 'review', title: 'Review', body: '', labels: [] } : undefined,
    dueAt: owes ? new Date(at.getTime() + 2 * 86_400_000) : undefined,
    notice: { key: `merged/${pull.number}` } as never,
  })
  return seq
}

function mergedBody(
  snapshot: Snapshot,
  at: Date,
  what: { urgent?: boolean; title?: string; bypassed?: string[] },
): ChangeRecord {
  const { pull, head } = snapshot
  const takenAt = at.toISOString()
  const facts = { ...snapshot, takenAt }
  const { state, findings } = decide(facts, policy())
  const gates = findings.map(({ gate, state: found, title, reason }) => ({
    gate,
    state: found,
    title,
    reason,
  }))
  return {
    repository: { id: pull.repositoryId, owner: pull.owner, name: pull.repo },
    number: pull.number,
    url: `https://github.com/${pull.owner}/${pull.repo}/pull/${pull.number}`,
    title: what.title ?? snapshot.title,
    base: { ref: snapshot.base.ref, sha: snapshot.base.sha },
    head: { ref: head.ref, sha: head.sha },
    mergeCommit: shaOf('f'),
    author: snapshot.author,
    contributors: [],
    description: { tickets: [], reason: null, risk: null, rollback: null },
    approvers: [
      { id: ann.id, login: ann.login, role: 'write', commit: head.sha, at: takenAt },
      { id: bob.id, login: bob.login, role: 'write', commit: head.sha, at: takenAt },
    ],
    checks: [],
    verdict: { state: 'passed', since: takenAt, head: head.sha, title: 'Ready to merge' },
    gates,
    atMerge: { state, gates, policy: policy(), snapshot: facts },
    window: { state: 'window', closesAt: null },
    urgent: what.urgent
      ? {
          by: 'eva',
          byId: 1,
          at: takenAt,
          until: takenAt,
          reason: 'Payments fail',
          skipped: ['Release window'],
        }
      : null,
    regression: null,
    policy: { where: '.github/release-gate.yml', blob: shaOf('e') },
    rules: '0.1.0',
    mergedBy: cleo,
    mergedAt: takenAt,
    exception: what.bypassed ? { kind: 'late', bypassed: what.bypassed } : null,
  }
}

const approved = (sha: string) => [anApproval(ann, { commit: sha }), anApproval(bob, { commit: sha })]

/** The story of one change, #7: opened, approved, pushed again, held, approved again, and ready. */
export async function tellChange(
  database: Database,
  repository: Repository = shop,
  title = 'Raise the cap on rewards',
): Promise<void> {
  const [first, second] = [shaOf('1a2b3c4'), headOf(7)]
  const at = (minutes: number) => minutesLater(minutes, '2026-11-23T17:00:00Z')
  const stages: { minutes: number; what: Parameters<typeof aSnapshot>[0] }[] = [
    { minutes: 0, what: { head: { sha: first, pushedAt: at(-2) } } },
    {
      minutes: 30,
      what: {
        head: { sha: first },
        reviews: [anApproval(ann, { id: 41, commit: first, submittedAt: at(29) })],
      },
    },
    {
      minutes: 90,
      what: {
        head: { pushedAt: at(88) },
        reviews: [anApproval(ann, { id: 41, commit: first, submittedAt: at(29) })],
        equalities: { [first]: { same: false, why: 'the content changed', paths: ['src/rewards.ts'] } },
      },
    },
    {
      minutes: 150,
      what: { labels: [aLabel({ name: 'hold', by: aPerson('gus'), at: at(149) })] },
    },
    {
      minutes: 240,
      what: {
        reviews: [
          anApproval(ann, { id: 51, commit: second, submittedAt: at(230) }),
          anApproval(bob, { id: 52, commit: second, submittedAt: at(238) }),
        ],
      },
    },
  ]
  for (const { minutes, what } of stages) {
    const snapshot = factsOf(repository, 7, { title, ...what, takenAt: at(minutes) })
    const stored = await keepVerdict(database, snapshot)
    const time = new Date(at(minutes))
    await appendRecord(database, decidedRecord(stored, time))
    const body = {
      repository: { id: repository.repositoryId, owner: repository.owner, repo: repository.repo },
      head: stored.headSha,
      pulls: [7],
      checkRun: 90,
      state: stored.state,
      title: stored.report.title,
    }
    await appendRecord(database, {
      installationId: repository.installationId,
      kind: 'published',
      at: time,
      body,
    })
  }
}

const verbs = ['Raise', 'Rename', 'Speed up', 'Fix', 'Document', 'Retry', 'Cache', 'Validate']
const things = [
  'the cap on rewards',
  'the refund tool',
  'ledger reads',
  'rounding of points',
  'the menu search',
  'webhook signatures',
  'table orders',
]

/** So many open pull requests of all states; number 7 is left to `tellChange`. */
export function manyPulls(repository: Repository, count: number, from = 10): Snapshot[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    const sha = headOf(number)
    const title = `${verbs[index % verbs.length]} ${things[index % things.length]}`
    const kind = index % 5
    const reviews =
      kind === 0
        ? approved(sha)
        : kind === 1
          ? [anApproval(ann, { commit: sha })]
          : kind === 2
            ? [anApproval(bob, { commit: sha, state: 'CHANGES_REQUESTED' })]
            : []
    return factsOf(repository, number, {
      title,
      reviews,
      draft: kind === 4,
      labels: kind === 3 ? [aLabel({ name: 'hold', by: cleo })] : [],
    })
  })
}

/** So many records of verdicts on these pull requests, one after the other. */
export function manyRecords(snapshots: Snapshot[], count: number): NewRecord[] {
  const stored = snapshots.map((snapshot, index) => verdictOn(snapshot, index + 1))
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(boardNow.getTime() - (count - index) * 60_000)
    const one = stored[index % stored.length]
    if (!one) throw new Error('no pull requests were given')
    return decidedRecord(one, at)
  })
}

/** What the daily check and the verification have left. */
export async function keepDaily(database: Database): Promise<void> {
  const now = () => new Date(boardNow.getTime() - 3 * 3_600_000)
  await saveVerified(database, await verifyEachChain(database), now)
  const finding = { rule: 'x', about: 'y', fix: 'Require the check in a ruleset of the organization.' }
  await saveLastRun(
    database,
    {
      at: now().toISOString(),
      remember: [
        {
          ...finding,
          severity: 'error',
          repository: 'acme/shop',
          what: 'The branch "main" does not require the check "Release gate".',
        },
        {
          ...finding,
          severity: 'warning',
          repository: 'acme',
          what: '2 people can bypass the rulesets of the organization.',
        },
        { ...finding, severity: 'error', repository: 'other/vault', what: 'A secret finding.' },
        { ...finding, severity: 'error', repository: 'this machine', what: 'A finding of the machine.' },
      ],
    },
    now,
  )
}

export function keepAnchor(database: Queryable, seq: number, hash: string): Promise<void> {
  return saveAnchor(database, {
    installationId: 1,
    seq,
    hash,
    at: boardNow,
    owner: 'acme',
    repo: 'shop',
    issue: 3,
  })
}

/** The world of the tests: a dozen open pull requests in every state, one told change, merges, releases and a foreign repository. */
export async function fillBoard(database: Database): Promise<void> {
  for (const repository of [shop, secret]) await keepPolicy(database, repository)
  await tellChange(database)
  for (const snapshot of manyPulls(shop, 20)) await keepVerdict(database, snapshot)
  await keepMerge(database, factsOf(shop, 3, { state: 'merged', title: 'Pay out twice a week' }), {
    urgent: true,
  })
  await keepMerge(database, factsOf(shop, 4, { state: 'merged', title: 'Round half up' }), {
    at: new Date('2026-10-21T19:05:00Z'),
    bypassed: ['Release window: closed'],
  })
  await keepMerge(database, factsOf(shop, 5, { state: 'merged' }), { at: new Date('2026-11-18T18:10:00Z') })
  const tools = ['get_balance', 'redeem_points', 'search_menu', 'create_order']
  const changes: RunReport['contract']['changes'] = [
    {
      severity: 'breaking',
      rule: 'r',
      tool: 'redeem_points',
      path: '/points',
      side: 'input',
      message: 'The property "points" became required.',
    },
  ]
  await keepReleases(
    database,
    shop,
    Array.from({ length: 8 }, (_, index) => evidenceOf(index, tools, index === 5 ? { changes } : {})),
  )
  await keepVerdict(database, factsOf(secret, 12, { title: 'The secret change' }))
  await keepDaily(database)
}
