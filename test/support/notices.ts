import type { NoticeOf } from '../../src/decision/notice.ts'
import type { Announced } from '../../src/decision/notice-parts.ts'

export const aRepository = { installationId: 1, repositoryId: 2, owner: 'foodyepay', repo: 'mcp-server' }

/** A merge in the window; only what matters is given. */
export const aMerge = (changes: Partial<NoticeOf<'merged'>> = {}): NoticeOf<'merged'> => ({
  kind: 'merged',
  key: 'merged/2/12',
  repository: aRepository,
  pull: {
    number: 12,
    title: 'Cap rewards at 100 points',
    author: 'ana',
    url: 'https://github.com/foodyepay/mcp-server/pull/12',
  },
  mergedBy: 'eva',
  approvedBy: ['chloe', 'dev'],
  timing: { kind: 'window', closesAt: '2026-11-25T19:00:00Z', zone: 'America/Los_Angeles' },
  check: { url: 'https://github.com/foodyepay/mcp-server/runs/99' },
  record: { seq: 42, url: 'https://gate.example/records/42' },
  ...changes,
})

export const anException = (changes: Partial<NoticeOf<'exception'>> = {}): NoticeOf<'exception'> => ({
  kind: 'exception',
  key: 'exception/2/abcdef0',
  repository: aRepository,
  how: 'merged',
  branch: 'main',
  by: 'olga',
  commit: {
    sha: 'abcdef0123456789abcdef0123456789abcdef01',
    url: 'https://github.com/foodyepay/mcp-server/commit/abcdef0',
  },
  bypassed: ['Approvals: Waiting for 2 approvals', 'Release window: Opens Wed, Dec 2, 10:00 AM PST'],
  ...changes,
})

export const anUrgent = (changes: Partial<NoticeOf<'urgent'>> = {}): NoticeOf<'urgent'> => ({
  kind: 'urgent',
  key: 'urgent/2/12/2026-11-27T23:40:00Z',
  repository: aRepository,
  pull: aMerge().pull,
  by: 'eva',
  at: '2026-11-27T23:40:00Z',
  until: '2026-11-28T23:40:00Z',
  zone: 'America/Los_Angeles',
  reason: 'diners are paid twice',
  ...changes,
})

export const aFreeze = (changes: Partial<NoticeOf<'freeze'>> = {}): NoticeOf<'freeze'> => ({
  kind: 'freeze',
  key: 'freeze/foodyepay/mcp-server/2026-11-25T18:30:00Z',
  action: 'freeze',
  scope: 'foodyepay/mcp-server',
  by: 'eva (maintain)',
  at: '2026-11-25T18:30:00Z',
  reason: 'The ledger is off',
  still: [],
  ...changes,
})

export const anExemption = (changes: Partial<NoticeOf<'exemption'>> = {}): NoticeOf<'exemption'> => ({
  kind: 'exemption',
  key: 'exemption/2/17/requested',
  repository: aRepository,
  pull: aMerge().pull,
  action: 'requested',
  order: 17,
  by: 'eva (maintain)',
  until: '2026-11-28T23:40:00Z',
  zone: 'America/Los_Angeles',
  reason: 'Pays the tax office',
  ...changes,
})

/** One notice of every kind that is a message of its own. */
export const everyKind: Announced[] = [
  aMerge(),
  anException(),
  {
    kind: 'drift',
    key: 'drift/2/d/2026-11-25',
    repository: aRepository,
    problems: ['No ruleset requires the check.'],
  },
  { kind: 'records', key: 'records/1/7', installationId: 1, seq: 7, why: 'its hash does not match' },
  {
    kind: 'dead letter',
    key: 'dead-letter/evaluate/2/12/2026-11-25T18',
    repository: aRepository,
    queue: 'evaluate',
    number: 12,
    problem: 'GitHub keeps the check at completed',
  },
  {
    kind: 'organization policy',
    key: 'organization-policy/1/8',
    installationId: 1,
    seq: 8,
    organization: 'foodyepay',
    before: 'approvals, branches',
    after: '',
  },
  anUrgent(),
  {
    kind: 'late hold',
    key: 'late-hold/2/77',
    repository: aRepository,
    pull: aMerge().pull,
    by: 'gus',
    url: 'https://github.com/foodyepay/mcp-server/pull/12#issuecomment-77',
    at: '2026-11-25T18:10:00Z',
    mergedAt: '2026-11-25T18:11:00Z',
    zone: 'UTC',
  },
  aFreeze(),
  anExemption(),
]
