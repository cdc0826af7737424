import { hasRole } from '../../src/sandbox/github/access.ts'
import type { Hub } from '../../src/sandbox/github/hub.ts'
import type { Activity, IssueEvent, Review } from '../../src/sandbox/github/repository-state.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import type { House } from './house.ts'

/** A pull request as GitHub has it at one moment. */
export type PullPhoto = {
  number: number
  open: boolean
  merged: boolean
  mergedBy: number | null
  draft: boolean
  author: number
  body: string
  base: string
  branch: string
  head: string
  reviews: Review[]
  labels: string[]
  events: IssueEvent[]
}

/** What GitHub knew of a repository at one moment. Commits are not in it: they never change. */
export type Photo = {
  at: number
  /** Photos are numbered in the order in which they were taken. */
  taken: number
  /** Where each branch stands. */
  tips: Map<string, string>
  pulls: PullPhoto[]
  /** Ids of the people who may write, and of those in the team. */
  writers: Set<number>
  team: Set<number>
  activity: Activity[]
  frozen: boolean
  /** Commits on which the newest run of our check is a success. */
  green: Set<string>
  /** Commits that have any run of our check. */
  checked: Set<string>
}

let count = 0

/** Taken at once, without waiting for anything, so that nothing changes meanwhile. */
export function takePhoto(github: SandboxGitHub, house: House): Photo {
  const { repository } = house
  const at = github.clock()
  const hub = { world: github.world } as Hub
  const tips = new Map(house.first)
  for (const { ref, after } of repository.activity) tips.set(ref.replace('refs/heads/', ''), after)
  const pulls = [...repository.issues.values()].flatMap((issue): PullPhoto[] => {
    const { pull } = issue
    if (!pull) return []
    return [
      {
        number: issue.number,
        open: issue.state === 'open',
        merged: pull.mergedAt !== null,
        mergedBy: pull.mergedBy,
        draft: pull.draft,
        author: issue.userId,
        body: issue.body ?? '',
        base: pull.baseRef,
        branch: pull.headRef,
        head: pull.headSha,
        reviews: pull.reviews.map((review) => ({ ...review })),
        labels: issue.labels.map(({ name }) => name),
        events: [...issue.events],
      },
    ]
  })
  const team = github.world.teams.find(({ organizationId }) => organizationId === repository.ownerId)
  const accounts = [...github.world.accounts.values()].filter(({ type }) => type === 'User')
  const runs = [...repository.checkRuns].map(([sha, list]) => {
    const ours = list.filter(({ appId, name }) => appId === github.app.id && name === 'Release gate')
    return { sha, newest: ours.sort((a, b) => b.id - a.id)[0] }
  })
  return {
    at,
    taken: ++count,
    tips,
    pulls,
    writers: new Set(accounts.filter(({ id }) => hasRole(hub, repository, id, 'write')).map(({ id }) => id)),
    team: new Set(team?.members.keys()),
    activity: [...repository.activity],
    frozen: house.freezes.some(({ from, until, liftedAt }) => from <= at && at < Math.min(until, liftedAt)),
    green: new Set(runs.flatMap(({ sha, newest }) => (newest?.conclusion === 'success' ? [sha] : []))),
    checked: new Set(runs.flatMap(({ sha, newest }) => (newest ? [sha] : []))),
  }
}
