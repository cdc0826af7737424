import type { Stage } from '../../src/sandbox/stage.ts'
import { type Change, setUpRepositories, type Workshop } from '../../src/sandbox/workshop.ts'
import { readRecords } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database/open.ts'

/** Tuesday before the window, and Wednesday in it, under the default calendar. */
export const closed = new Date('2026-11-24T22:00:00Z')
export const inWindow = new Date('2026-11-25T18:00:00Z')

export const windowPolicy = `gates:
  approvals: {}
  release_window: {}
slack:
  channel: "#releases"
`

type Params = { title?: string; body?: string; base?: string }

/** A workshop whose merges are announced. */
export type MergingShop = Workshop & {
  change: (params?: Params) => Promise<Change>
  approvedChange: (params?: Params) => Promise<Change>
  /** What Slack was told of merges and exceptions in this repository, oldest first. */
  messages: () => string[]
}

let count = 0

export async function aRepositoryOf(
  stage: Stage,
  policy: string | null = windowPolicy,
): Promise<MergingShop> {
  count += 1
  const shop = await setUpRepositories(stage, { repo: `merging-${count}`, policy })
  const change = (params: Params = {}) => {
    count += 1
    return shop.openPull('ana', {
      branch: `change-${count}`,
      title: params.title ?? 'A change',
      files: { [`src/file-${count}.ts`]: `export const value = ${count}\n` },
      ...(params.body === undefined ? {} : { body: params.body }),
      ...(params.base === undefined ? {} : { base: params.base }),
    })
  }
  return {
    ...shop,
    change,
    approvedChange: async (params) => {
      const made = await change(params)
      await shop.review('chloe', made)
      await shop.review('dev', made)
      return made
    },
    messages: () =>
      stage.slack.messages
        .filter(({ threadTs }) => threadTs === undefined)
        .map((message) => JSON.stringify(message))
        .filter(
          (text) =>
            text.includes(`${shop.name}|`) ||
            text.includes(`${shop.name}#`) ||
            text.includes(`${shop.name}/`),
        )
        .filter((text) => /Merged|Release gate bypassed/.test(text)),
  }
}

type QueueOptions = {
  strategy?: 'ALLGREEN' | 'HEADGREEN'
  method?: 'MERGE' | 'SQUASH' | 'REBASE'
  alsoNeeds?: string | undefined
  branch?: string
  policy?: string | undefined
}

export type QueuedShop = Awaited<ReturnType<typeof queueOn>>

/** A repository with a merge queue on a branch, in which a second check can keep groups open. */
export async function queueOn(
  stage: Stage,
  { strategy = 'ALLGREEN', method = 'MERGE', alsoNeeds, branch = 'main', policy }: QueueOptions = {},
) {
  const shop = await aRepositoryOf(stage, policy)
  const { repository, name } = shop
  await requireQueue(stage, shop, { strategy, method, alsoNeeds, branch })
  return {
    ...shop,
    enqueue: async ({ number }: Change) => {
      await stage.github.enqueue(`${name}#${number}`, 'eva')
      await stage.settled()
    },
    dequeue: async ({ number }: Change) => {
      await stage.github.dequeue(`${name}#${number}`, 'eva')
      await stage.settled()
    },
    /** Lets the second check pass on a commit. */
    succeed: async (sha: string) => {
      const status = { sha, context: alsoNeeds ?? '', state: 'success' as const }
      await stage.as('olga').rest.repos.createCommitStatus({ ...repository, ...status })
      await stage.settled()
    },
    isMerged: async ({ number }: Change) =>
      (await stage.as('eva').rest.pulls.get({ ...repository, pull_number: number })).data.merged,
    groupHeads: async () => {
      const ref = `heads/gh-readonly-queue/${branch}/pr-`
      const { data } = await stage.as('eva').rest.git.listMatchingRefs({ ...repository, ref })
      return data.map(({ object }) => object.sha)
    },
  }
}

async function requireQueue(
  stage: Stage,
  { repository }: Workshop,
  { strategy, method, alsoNeeds, branch }: QueueOptions,
): Promise<void> {
  const ours = { context: 'Release gate', integration_id: stage.github.app.id }
  await stage.as('olga').request('POST /repos/{owner}/{repo}/rulesets', {
    ...repository,
    name: 'queue',
    target: 'branch',
    enforcement: 'active',
    conditions: { ref_name: { include: [`refs/heads/${branch}`], exclude: [] } },
    rules: [
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [ours, ...(alsoNeeds ? [{ context: alsoNeeds }] : [])],
        },
      },
      {
        type: 'merge_queue',
        parameters: {
          check_response_timeout_minutes: 60,
          grouping_strategy: strategy ?? 'ALLGREEN',
          max_entries_to_build: 5,
          max_entries_to_merge: 5,
          merge_method: method ?? 'MERGE',
          min_entries_to_merge: 1,
          min_entries_to_merge_wait_minutes: 0,
        },
      },
    ],
  })
}

export type ShownIssue = { number: number; title: string; body: string; labels: string[]; state: string }

/** Issues of a repository that are no pull requests and not where the records are written down, oldest first. */
export async function openedIssues(stage: Stage, { repository }: Workshop): Promise<ShownIssue[]> {
  const { data } = await stage
    .as('eva')
    .rest.issues.listForRepo({ ...repository, state: 'all', per_page: 100 })
  return data
    .filter((issue) => !issue.pull_request)
    .map(({ number, title, body, labels, state }) => ({
      number,
      title,
      body: body ?? '',
      state,
      labels: labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
    }))
    .filter(({ labels }) => !labels.includes('release-gate-records'))
    .toSorted((a, b) => a.number - b.number)
}

/** A record of a chain; a stage has one for each installation. */
export type ReadRecord = { seq: number; kind: string; at: Date; body: Record<string, unknown> }

/** Reads every record, beside the bot: its state must be in Postgres. */
export async function recordsOf(stage: Stage): Promise<ReadRecord[]> {
  const database = await openDatabase(stage.database)
  const records: ReadRecord[] = []
  const chains = await database.query<{ id: number }>(
    'SELECT DISTINCT installation_id AS id FROM release_gate.audit_records',
  )
  for (const { id } of chains) {
    for await (const { seq, kind, at, body } of readRecords(database, id)) {
      records.push({ seq, kind, at, body: body as Record<string, unknown> })
    }
  }
  await database.close()
  return records
}

/** Those about one repository, of the kinds that this work appends. */
export function about(records: ReadRecord[], { repository }: Workshop, kind: string): ReadRecord[] {
  return records.filter((record) => {
    const of = record.body.repository as { name?: string } | undefined
    return record.kind === kind && of?.name === repository.repo
  })
}

type Bypass = { mode?: 'always' | 'pull_request'; appId?: number }

/** Lets whoever owns the organisation, and an App, merge past every rule, and push. */
export async function allowBypass(
  stage: Stage,
  { repository }: Workshop,
  { mode = 'always', appId }: Bypass = {},
): Promise<void> {
  const apps =
    appId === undefined ? [] : [{ actor_id: appId, actor_type: 'Integration' as const, bypass_mode: mode }]
  const rulesets = await stage.as('olga').request('GET /repos/{owner}/{repo}/rulesets', repository)
  for (const { id } of rulesets.data) {
    await stage.as('olga').request('PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
      ...repository,
      ruleset_id: id,
      bypass_actors: [{ actor_id: 1, actor_type: 'OrganizationAdmin', bypass_mode: mode }, ...apps],
    })
  }
}

type Rule = { include: string; check?: string; enforcement?: 'active' | 'disabled' }

/** A ruleset that requires a check on the branches of a pattern: ours, unless another one is named. */
export async function requireCheck(
  stage: Stage,
  { repository }: Workshop,
  { include, check = 'Release gate', enforcement = 'active' }: Rule,
): Promise<void> {
  const parameters = {
    required_status_checks: [{ context: check }],
    strict_required_status_checks_policy: false,
  }
  await stage.as('olga').request('POST /repos/{owner}/{repo}/rulesets', {
    ...repository,
    name: `${check} on ${include}`,
    target: 'branch',
    enforcement,
    conditions: { ref_name: { include: [`refs/heads/${include}`], exclude: [] } },
    rules: [{ type: 'required_status_checks', parameters }],
  })
}

/** Slack takes one message a second for each channel, and other notices may stand in the line. */
export async function letNoticesPass(stage: Stage, seconds = 12): Promise<void> {
  for (let second = 0; second < seconds; second += 2) {
    await stage.moveTo(new Date(stage.now().getTime() + 2_000))
  }
}
