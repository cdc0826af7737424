import { z } from 'zod'

/**
 * The facts about one pull request at one instant: plain data, everything that a gate may look at.
 * Written as zod schemas so that the same source gives the types, the check of a stored snapshot
 * (`release-gate decide --snapshot`) and the published `schema/snapshot.schema.json`.
 */

const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'a full commit id in lower-case hex')
const instant = z.iso.datetime({ offset: true })

/** A GitHub account. The id decides; the login may change or be taken over by somebody else. */
export const personSchema = z.strictObject({
  id: z.int().positive(),
  login: z.string().min(1),
  type: z.enum(['User', 'Bot', 'Organization', 'Mannequin']),
})

/** All that a job carries about a pull request: the ids count, the names are for display and for URLs. */
export const pullRefSchema = z.strictObject({
  installationId: z.int().positive(),
  repositoryId: z.int().positive(),
  owner: z.string().min(1),
  repo: z.string().min(1),
  number: z.int().positive(),
  /** Id of the person who pressed a button; their permission is read again before anything is done. */
  requestedBy: z.int().positive().optional(),
})

/** A review as the reviews API lists it, oldest first. `commit` is null once git has collected the commit. */
export const reviewSchema = z.strictObject({
  id: z.int().positive(),
  person: personSchema.nullable(),
  state: z.enum(['APPROVED', 'CHANGES_REQUESTED', 'COMMENTED', 'DISMISSED', 'PENDING']),
  commit: sha.nullable(),
  submittedAt: instant.nullable(),
  /** Only for DISMISSED: what it had been and who dismissed it, read from the issue's events. */
  dismissal: z
    .strictObject({
      by: personSchema.nullable(),
      was: z.enum(['approved', 'changes_requested', 'commented']),
    })
    .optional(),
})

/** What GitHub says now of one person's access to the repository. */
export const accessSchema = z.strictObject({
  /** The exact role, which may be a custom one: admin, maintain, write, triage, read, none, … */
  role: z.string(),
  /** Whether that role may push: write, maintain, admin, or a custom role that GitHub maps to them. */
  write: z.boolean(),
})

/** Somebody who had a hand in the change and therefore cannot approve it. */
export const contributorSchema = z.strictObject({
  person: personSchema,
  as: z.enum(['opener', 'author', 'committer', 'co-author', 'pusher', 'behind the bot', 'fork owner']),
  commit: sha.optional(),
  /** Co-author of a commit that somebody else made in the browser, as whoever suggested a change is once it is committed. */
  suggestion: z.boolean().optional(),
})

/** A commit of the pull request that GitHub cannot tie to an account. */
export const unattributedSchema = z.strictObject({
  commit: sha,
  field: z.enum(['author', 'committer', 'pusher']),
  name: z.string(),
})

/** Whether the change that was reviewed at another commit is the change at the head. */
export const equalitySchema = z.discriminatedUnion('same', [
  z.strictObject({ same: z.literal(true), how: z.string() }),
  z.strictObject({ same: z.literal(false), why: z.string(), paths: z.array(z.string()) }),
])

/** A label as it is on now, with the latest event that put it on. */
export const labelSchema = z.strictObject({
  name: z.string(),
  by: personSchema.nullable(),
  at: instant.nullable(),
  /**
   * The comment with which `by` had the App put it on, at the comment's time; only where the records prove it. Without this, a label that
   * the App put on is the App's.
   */
  order: z.strictObject({ comment: z.int().positive(), reason: z.string().optional() }).optional(),
  /** Where the head was pushed after that: whether the change at the head of then is the change at the head of now. */
  equality: equalitySchema.optional(),
})

/** A deployment of a commit to the staging environment. */
export const deploymentSchema = z.strictObject({
  id: z.int().positive(),
  sha,
  createdAt: instant,
  /** The newest status, or `none` while there is none. */
  state: z.string(),
  /** Who reported its newest success: the login, since deployers are named by it. Null: nobody has. */
  succeededBy: z.string().nullable(),
  /** When that was. */
  succeededAt: instant.optional(),
})

/** What one run of the staging regression found, and what it was tied to. */
export const evidenceSchema = z.strictObject({
  runId: z.string(),
  headSha: sha,
  tree: sha.nullable(),
  /** The operator's name of the server, the environment, and the path of the suite. */
  server: z.string(),
  environment: z.string(),
  suite: z.string(),
  /** Null where the policy asked for no deployment. */
  deploymentId: z.int().positive().nullable(),
  /** What the server said of itself. */
  serverName: z.string().nullable(),
  serverVersion: z.string().nullable(),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  summary: z.string(),
  startedAt: instant,
  /** SHA-256 of the stored report. */
  hash: z.string(),
  /** The check run that shows the report. */
  checkUrl: z.string().nullable(),
  /** What the run lacks under the settings of the policy, which are not those that it was made for: it does not count. */
  lacking: z.string().optional(),
  /** When the first waiver of its suite expires, from which on its contract does not pass. */
  waivedUntil: instant.optional(),
})

/** The facts about staging: what runs there of this head, and the runs on it, both newest first. */
export const regressionSchema = z.strictObject({
  /** The git tree of the head. */
  tree: sha.nullable(),
  deployments: z.array(deploymentSchema),
  runs: z.array(evidenceSchema),
})

/**
 * A path that the change touches, with git's mode before and after it. A renamed file is two of them: the old name has no
 * mode after it, the new one none before.
 */
export const changedPathSchema = z.strictObject({
  path: z.string().min(1),
  was: z.string().optional(),
  is: z.string().optional(),
})

/** Every path that the change touches, or why they are not all known. */
export const changedPathsSchema = z.discriminatedUnion('complete', [
  z.strictObject({ complete: z.literal(true), paths: z.array(changedPathSchema) }),
  z.strictObject({ complete: z.literal(false), why: z.string() }),
])

/** The changed paths that one line of CODEOWNERS owns. */
export const ownedPathsSchema = z.strictObject({
  line: z.int().positive(),
  pattern: z.string(),
  owners: z.array(z.string()),
  paths: z.array(z.string()),
})

/**
 * What CODEOWNERS on the base branch says about the changed paths, and the accounts of the people that it names. Members of
 * teams are in `teams`.
 */
export const codeOwnersSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('missing') }),
  z.strictObject({ state: z.literal('unreadable'), file: z.string(), why: z.string() }),
  z.strictObject({
    state: z.literal('read'),
    file: z.string(),
    problems: z.array(z.strictObject({ line: z.int().positive(), message: z.string() })),
    owned: z.array(ownedPathsSchema),
    people: z.array(z.strictObject({ id: z.int().positive(), login: z.string(), write: z.boolean() })),
  }),
])

/** A runbook as its headings, in order; `empty`: nothing but comments stands under one. */
export const runbookSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('missing') }),
  z.strictObject({ state: z.literal('unreadable'), why: z.string() }),
  z.strictObject({
    state: z.literal('read'),
    sections: z.array(z.strictObject({ heading: z.string(), empty: z.boolean() })),
  }),
])

export const toolRunbookSchema = z.strictObject({
  name: z.string(),
  /** The tool was in the last release before the gate was first evaluated here. */
  existing: z.boolean(),
  runbook: runbookSchema,
})

/** The runbooks of the tools that the regression listed for the head; `no_contract`: it has not listed any yet. */
export const runbooksSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('no_contract'), folder: z.string() }),
  z.strictObject({ state: z.literal('unreadable'), folder: z.string(), why: z.string() }),
  z.strictObject({ state: z.literal('read'), folder: z.string(), tools: z.array(toolRunbookSchema) }),
])

/** `absent`: GitHub knows no such team, or hides it. `no_writers`: it has members, and none of them has write access. */
export const teamProblemSchema = z.enum(['absent', 'unreadable', 'empty', 'no_writers'])

/** The gates in which pull requests differ under another policy; `first` names a few of them. */
const affectedSchema = z.strictObject({
  count: z.int().min(0),
  first: z.array(z.strictObject({ number: z.int().positive(), gates: z.array(z.string()) })),
})

/** What a changed policy would do to the other open pull requests, by what was stored of them. */
export const policyEffectSchema = z.strictObject({
  compared: z.int().min(0),
  /** For how many that is unknown, since the changed policy looks at facts that were not read for them. */
  unknown: z.int().min(0),
  /** How many were left out because matching their changed files would take too long. */
  notCompared: z.int().positive().optional(),
  /** The file is removed or renamed: the only policy, the repository's own beside the organization's, or the organization's. */
  removed: z.enum(['policy', 'own', 'organization']).optional(),
  /** What the changed policy adds and nobody has looked up, in words. */
  notLookedUp: z.array(z.string()).optional(),
  blocked: affectedSchema,
  released: affectedSchema,
})

/** The monitors of production as they were read last, with the names of the open incidents that their alerts opened. */
export const healthFactSchema = z.strictObject({
  monitors: z.array(
    z.strictObject({
      id: z.int().positive(),
      state: z.string(),
      readAt: instant.nullable(),
      incidents: z.array(z.array(z.string())),
    }),
  ),
})

/** The incidents that are not resolved and the post-mortems that are not done. `readAt`: when all of them were read last. */
export const incidentsFactSchema = z.strictObject({
  readAt: instant.nullable(),
  /** Another repository has the name since. */
  replaced: z.literal(true).optional(),
  unresolved: z.array(
    z.strictObject({
      /** By which a description names it, the shortest first. */
      names: z.array(z.string()),
      url: z.string(),
      title: z.string(),
      component: z.string().nullable(),
      /** Every one that was reported; left out where it was one. */
      components: z.array(z.string().nullable()).optional(),
      state: z.string(),
      severity: z.string(),
    }),
  ),
  postMortems: z.array(
    z.strictObject({
      names: z.array(z.string()),
      url: z.string(),
      component: z.string().nullable(),
      /** Every one that was reported; left out where it was one. */
      components: z.array(z.string().nullable()).optional(),
      due: instant,
      zone: z.string(),
    }),
  ),
})

export const snapshotSchema = z.strictObject({
  pull: pullRefSchema,
  /** The only clock that a gate may look at. */
  takenAt: instant,
  /** A freeze that was ordered at once, beside those of the policy. */
  frozen: z
    .strictObject({ reason: z.string(), by: z.string(), since: instant, until: instant.optional() })
    .optional(),
  /** An order that freezes do not apply to this pull request; it counts for one head and once a second person confirmed it. */
  exemption: z
    .strictObject({
      /** Its number, which a confirmation names. */
      order: z.int().positive().optional(),
      head: sha,
      /** The branch to merge into. */
      base: z.string().optional(),
      reason: z.string(),
      by: z.string(),
      at: instant,
      until: instant,
      confirmed: z.strictObject({ by: z.string(), at: instant }).optional(),
    })
    .optional(),
  /** The pull request that this one says it reverts, and whether it undoes exactly that; read where the policy asks for it. */
  revert: z
    .strictObject({ pull: z.int().positive(), mergedAt: instant.optional(), proof: equalitySchema })
    .optional(),
  /** Urgent merges whose review is still open, the one due first at the front; read where the policy blocks on overdue ones. */
  owedReviews: z
    .array(z.strictObject({ pull: z.int().positive(), issue: z.int().positive().optional(), due: instant }))
    .optional(),
  /** Seconds by which the clock of `takenAt` was ahead of GitHub's, or behind if negative, where it was wrong. */
  clockAhead: z.int().optional(),
  /** How long it takes now to revoke all green checks, in milliseconds; closing begins at least so long before its time. */
  takeBack: z.int().min(0).optional(),
  /**
   * What is wrong with the policy file at the head, where the pull request changes it. `ignored`: the organization locks it, so
   * it would have no effect.
   */
  policyProblems: z
    .array(
      z.strictObject({
        file: z.string(),
        line: z.int().positive(),
        column: z.int().positive(),
        message: z.string(),
        ignored: z.literal(true).optional(),
      }),
    )
    .optional(),
  /** The pull request changes the policy, and so did the default branch since its branch began, or a pull request ahead in its merge group. */
  policyOutdated: z.literal(true).optional(),
  /** Its policy file is not that of the default branch, and how GitHub compares the two does not tell what a merge gives. */
  policyUnclear: z.literal(true).optional(),
  /** Where the pull request changes the policy to another valid one. */
  policyEffect: policyEffectSchema.optional(),
  title: z.string(),
  body: z.string(),
  state: z.enum(['open', 'closed', 'merged']),
  draft: z.boolean(),
  author: personSchema.nullable(),
  head: z.strictObject({
    sha,
    ref: z.string(),
    fork: z.boolean(),
    /** The fork does not let the App read who pushed to it: one of them may be an approver. */
    pushersHidden: z.boolean().optional(),
    /** Merged, and the base holds this very commit: not after a squash or a rebase. */
    landed: z.boolean().optional(),
    /** When GitHub took in the last push of this head, by the activity API; left out where it does not tell. */
    pushedAt: instant.optional(),
  }),
  base: z.strictObject({
    sha,
    ref: z.string(),
    /** The repository's default branch, which the policy always covers. */
    defaultBranch: z.string(),
    /**
     * When the pull request was last pointed at another base, and whether the head's change against this base is the
     * one against every base that it had before.
     */
    changed: z.strictObject({ at: instant, equality: equalitySchema }).optional(),
  }),
  labels: z.array(labelSchema),
  reviews: z.array(reviewSchema),
  contributors: z.array(contributorSchema),
  unattributed: z.array(unattributedSchema),
  /** Co-authors named in free text that match no account: shown, never barred. */
  unmatchedCoAuthors: z.array(z.string()),
  /** Bots that wrote or pushed and behind which nobody is known. */
  unownedBots: z.array(personSchema),
  /** Why the commits could not be read to the end, when they could not. */
  commitsIncomplete: z.string().optional(),
  /** Access now, by account id, of everybody whose review or label may count. */
  access: z.record(z.string(), accessSchema),
  /** Whether the change at an older reviewed commit equals the one at the head, by commit id. */
  equalities: z.record(z.string(), equalitySchema),
  /** Account ids of the members of each team that the policy names, nested teams included. */
  teams: z.record(z.string(), z.array(z.int().positive())),
  /** Why nobody of a team can act, for teams where that is so. Earlier versions did not read it. */
  teamProblems: z.record(z.string(), teamProblemSchema).optional(),
  /** Read only where the policy looks at paths. */
  changed: changedPathsSchema.optional(),
  /** Read only where the policy names the gate `code_owners`. */
  codeOwners: codeOwnersSchema.optional(),
  /** Read only where the policy names the gate `staging_regression`. */
  regression: regressionSchema.optional(),
  /** Read only where the policy names the gate `runbooks`. */
  runbooks: runbooksSchema.optional(),
  /** Read only where the policy names the gate `incidents`. */
  incidents: incidentsFactSchema.optional(),
  /** Read only where the policy names the gate `production_health`. */
  health: healthFactSchema.optional(),
})

export type PolicyEffect = z.infer<typeof policyEffectSchema>
export type TeamProblem = z.infer<typeof teamProblemSchema>
export type OwnedPaths = z.infer<typeof ownedPathsSchema>
export type CodeOwnersFacts = z.infer<typeof codeOwnersSchema>
export type ChangedPath = z.infer<typeof changedPathSchema>
export type ChangedPaths = z.infer<typeof changedPathsSchema>
export type Person = z.infer<typeof personSchema>
export type PullRef = z.infer<typeof pullRefSchema>
export type Review = z.infer<typeof reviewSchema>
export type Access = z.infer<typeof accessSchema>
export type Contributor = z.infer<typeof contributorSchema>
export type Unattributed = z.infer<typeof unattributedSchema>
export type Equality = z.infer<typeof equalitySchema>
export type Label = z.infer<typeof labelSchema>
export type Deployment = z.infer<typeof deploymentSchema>
export type Evidence = z.infer<typeof evidenceSchema>
export type RegressionFacts = z.infer<typeof regressionSchema>
export type Runbook = z.infer<typeof runbookSchema>
export type ToolRunbook = z.infer<typeof toolRunbookSchema>
export type HealthFact = z.infer<typeof healthFactSchema>
export type IncidentsFact = z.infer<typeof incidentsFactSchema>
export type RunbookFacts = z.infer<typeof runbooksSchema>
export type Snapshot = z.infer<typeof snapshotSchema>
