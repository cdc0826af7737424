import type { Notice, NoticeOf } from './notice.ts'
import { slackLink, slackText } from './slack-escape.ts'

/** The parts that messages share: whom and what they name. */

type Merged = NoticeOf<'merged'>
type Repository = Merged['repository']
type Pull = Merged['pull']

/** A notice that is a message of its own, and one that may also be the message of its change. */
export type Announced = Exclude<Notice, { kind: 'change' | 'release day' | 'violation' }>

export function linksOf({ check, record }: Pick<Merged, 'check' | 'record'>): (string | undefined)[] {
  const row = record && `Change record ${record.seq}`
  return [
    check && slackLink(check.url, 'Check'),
    row && (record.url === undefined ? row : slackLink(record.url, row)),
  ]
}

/** The title stands beside its link, not in it: what people wrote is never part of a link's own syntax. */
export function pullLink(repository: Repository, pull: Pull): string {
  return `${slackLink(pull.url, `${repository.owner}/${repository.repo}#${pull.number}`)} ${slackText(pull.title)}`
}

export function nameOf({ owner, repo }: Repository): string {
  return slackText(`${owner}/${repo}`)
}

export function authorOf({ author }: Pull): string {
  return author === undefined ? 'A deleted account' : slackText(author, 60)
}

export function personOf(login: string | undefined): string {
  return login === undefined ? 'An unknown user' : slackText(login, 60)
}

export function recordsHeadline({ of, seq }: Pick<NoticeOf<'records'>, 'of' | 'seq'>): string {
  return of === 'anchors'
    ? `Anchors of the audit chain are missing on GitHub, from record ${seq} on`
    : `The audit chain is broken at record ${seq}`
}
