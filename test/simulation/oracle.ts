import type { Hub } from '../../src/sandbox/github/hub.ts'
import { accountOfEmail } from '../../src/sandbox/github/shapes/commit.ts'
import type { SandboxGitHub } from '../../src/sandbox/github/start.ts'
import { type Commits, commitsOf, refOf, tipOf } from './commits.ts'
import type { House } from './house.ts'
import type { Photo, PullPhoto } from './photo.ts'
import type { Rules } from './rules.ts'

/**
 * The rules told a second time, from GitHub's own state, slowly and obviously. No code of the gate is used here. `unsure`:
 * the rules leave room, such as in the last minutes before closing; nothing is then demanded either way.
 */
export type Opinion = { deserves: 'green' | 'not green' | 'unsure'; why: string }

const no = (why: string): Opinion => ({ deserves: 'not green', why })
const unsure = (why: string): Opinion => ({ deserves: 'unsure', why })
const yes: Opinion = { deserves: 'green', why: 'everything is met' }

/** The worst of several: each must be met. */
function worstOf(opinions: Opinion[]): Opinion {
  const of = (what: Opinion['deserves']) => opinions.find(({ deserves }) => deserves === what)
  return of('not green') ?? of('unsure') ?? yes
}

export type Oracle = ReturnType<typeof consult>

export function consult(github: SandboxGitHub, house: House) {
  const commits = commitsOf(house.repository)
  const accountOf = (email: string) => accountOfEmail({ world: github.world } as Hub, email)?.id

  async function rulesAt(photo: Photo): Promise<Rules | 'broken'> {
    const text = await commits.fileAt(photo.tips.get('main'), '.github/release-gate.yml')
    return house.policies.get(text ?? '') ?? 'broken'
  }

  /** The opinion on one pull request alone, with these facts at this time. */
  async function ofPull(photo: Photo, pull: PullPhoto, at = photo.at): Promise<Opinion> {
    const rules = await rulesAt(photo)
    if (rules === 'broken') return no('the policy is broken')
    if (pull.draft) return no('it is a draft')
    if (rules.hold && pull.labels.includes('hold')) return no('it is on hold')
    return worstOf([await approvals(photo, pull, rules), await calendar(photo, pull, rules, at)])
  }

  /**
   * The opinion on the check of a commit: the worst over all open pull requests with that head that are covered, those of
   * outsiders left out where somebody else offers the same to the same base. Undefined: no check is due.
   */
  async function ofHead(photo: Photo, head: string): Promise<Opinion | undefined> {
    const rules = await rulesAt(photo)
    const covered = photo.pulls.filter((pull) => pull.open && pull.head === head && covers(rules, pull.base))
    const isWriters = ({ author }: PullPhoto) => photo.writers.has(author)
    const deciding = covered.filter(
      (pull) => isWriters(pull) || !covered.some((other) => other.base === pull.base && isWriters(other)),
    )
    if (deciding.length === 0) return undefined
    return worstOf(await Promise.all(deciding.map((pull) => ofPull(photo, pull))))
  }

  async function approvals(photo: Photo, pull: PullPhoto, rules: Rules): Promise<Opinion> {
    const standing = standingReviews(pull).filter(({ userId }) => photo.writers.has(userId))
    if (standing.some(({ state }) => state === 'CHANGES_REQUESTED')) return no('changes are requested')
    const barred = await contributors(photo, pull)
    const approving = standing.filter(({ state, userId }) => state === 'APPROVED' && !barred.has(userId))
    const fresh = await Promise.all(approving.map((review) => freshness(commits, photo, pull, review)))
    const peopleWith = (...wanted: string[]) =>
      approving.flatMap(({ userId }, index) => (wanted.includes(fresh[index] ?? '') ? [userId] : []))
    const puttingBack = new Set(commits.puttingBack(photo, pull, await commits.ownCommits(photo, pull)))
    if (
      isEnough(
        peopleWith('fresh').filter((id) => !puttingBack.has(id)),
        photo,
        rules,
      )
    )
      return yes
    if (isEnough(peopleWith('fresh', 'unsure'), photo, rules))
      return unsure('an approval may be stale, or by somebody who put the branch back')
    const { count, team } = rules
    return no(
      `${peopleWith('fresh').length} of ${count} approvals count${team ? `, ${team} must be among them` : ''}`,
    )
  }

  /** The author, and everybody who wrote, committed or pushed one of its commits. */
  async function contributors(photo: Photo, pull: PullPhoto): Promise<Set<number>> {
    const own = await commits.ownCommits(photo, pull)
    const emails = own.flatMap(({ sha, author, committer }) => [
      author.email,
      ...(commits.isSigned(sha) ? [] : [committer.email]),
    ])
    const writers = emails.flatMap((email) => accountOf(email) ?? [])
    return new Set([pull.author, ...writers, ...(await commits.pushersOf(photo, pull, own))])
  }

  async function calendar(photo: Photo, pull: PullPhoto, rules: Rules, at: number): Promise<Opinion> {
    const open = photo.frozen ? no('it is frozen') : windowOpen(rules, at)
    if (open.deserves === 'green') return open
    const urgent = await urgency(commits, photo, pull, rules, at)
    if (urgent.deserves === 'not green') return open
    return urgent
  }

  return { ofHead, ofPull, rulesAt, covers }
}

export const aboutToClose = 'the window is about to close'

/** The default branch is always covered. */
function covers(rules: Rules | 'broken', base: string): boolean {
  if (base === 'main') return true
  return rules !== 'broken' && rules.branches !== undefined && base.startsWith('release/')
}

function isEnough(people: number[], photo: Photo, { count, team }: Rules): boolean {
  return people.length >= count && (!team || people.some((person) => photo.team.has(person)))
}

/** Of each person the last review that is no comment; a dismissed one stands for nothing. */
function standingReviews({ reviews }: PullPhoto): PullPhoto['reviews'] {
  const last = new Map<number, PullPhoto['reviews'][number]>()
  for (const review of reviews)
    if (review.state !== 'COMMENTED' && review.state !== 'PENDING') last.set(review.userId, review)
  return [...last.values()]
}

/** An approval is for one change. Where another commit brings an equal change, proofs differ, so nothing is demanded. */
async function freshness(
  commits: Commits,
  photo: Photo,
  pull: PullPhoto,
  { commitId, submittedAt }: PullPhoto['reviews'][number],
): Promise<'fresh' | 'stale' | 'unsure'> {
  if (!commitId) return 'stale'
  const tip = tipOf(photo, pull)
  if (
    commitId !== pull.head &&
    (await commits.changeOf(tip, commitId)) !== (await commits.changeOf(tip, pull.head))
  )
    return 'stale'
  return commitId === pull.head && !movedSince(pull, submittedAt) ? 'fresh' : 'unsure'
}

function movedSince({ events }: PullPhoto, time: number): boolean {
  return events.some(
    ({ event, createdAt }) =>
      ['base_ref_changed', 'automatic_base_change_succeeded'].includes(event) && createdAt >= time,
  )
}

/** The label lifts the window and freezes, where a person who may write put it on, for this head and base, not too long ago. */
async function urgency(
  commits: Commits,
  photo: Photo,
  pull: PullPhoto,
  { urgent = {} }: Rules,
  at: number,
): Promise<Opinion> {
  const label = pull.events.findLast(
    ({ event, detail }) =>
      event === 'labeled' && (detail.label as { name?: string } | undefined)?.name === 'urgent',
  )
  if (!pull.labels.includes('urgent') || !label?.actorId) return no('it has no label')
  const { actorId: by, createdAt } = label
  const reasons = [
    photo.writers.has(by) || 'who put it on may not write',
    urgent.allowAuthor !== false || by !== pull.author || 'its author put it on',
    !urgent.reason || pull.body.startsWith('Urgent: ') || 'no reason is given',
    at < createdAt + (urgent.expiresAfterHours ?? 24) * 3_600_000 || 'it has expired',
    !movedSince(pull, createdAt - 1_000) || 'the base has changed since',
  ]
  const reason = reasons.find((each) => each !== true)
  if (reason) return no(String(reason))
  return urgent.boundToHead === false ? yes : unchangedSince(commits, photo, pull, createdAt - 1_000)
}

async function unchangedSince(
  commits: Commits,
  photo: Photo,
  pull: PullPhoto,
  time: number,
): Promise<Opinion> {
  const [push] = photo.activity.filter(({ ref, timestamp }) => ref === refOf(pull) && timestamp >= time)
  if (!push) return yes
  if (/^0+$/.test(push.before)) return unsure('it was pushed as it was labelled')
  const tip = tipOf(photo, pull)
  const isSame = (await commits.changeOf(tip, push.before)) === (await commits.changeOf(tip, pull.head))
  return isSame ? unsure('the same was pushed again') : no('something else was pushed since')
}

/** Before closing, green checks are taken back early enough to be gone by then, so nothing is demanded for some minutes. */
const beforeClosing = 5 * 60_000

function windowOpen({ window }: Rules, at: number): Opinion {
  if (!window) return yes
  const { day, hour } = wallClock(at)
  if (!window.days.includes(day) || hour < window.opens || hour >= window.closes)
    return no('the window is closed')
  return wallClock(at + beforeClosing).hour >= window.closes ? unsure(aboutToClose) : yes
}

const inLosAngeles = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  weekday: 'long',
  hour: 'numeric',
  hourCycle: 'h23',
})

function wallClock(at: number): { day: string; hour: number } {
  const parts = inLosAngeles.formatToParts(at)
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? ''
  return { day: part('weekday'), hour: Number(part('hour')) }
}
