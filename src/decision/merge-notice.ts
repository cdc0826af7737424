import type { ChangeRecord } from './change-record.ts'
import { bypassedByPush, type DirectPush, keyOfPush } from './direct-push-record.ts'
import type { NoticeOf } from './notice.ts'

type Repository = NoticeOf<'merged'>['repository']
type Links = { seq: number; check?: string | undefined }

/** What is announced of a merge: the exception where it is one, else who, why and when. */
export function mergeNotice(
  repository: Repository,
  record: ChangeRecord,
  links: Links,
  zone: string | undefined,
): NoticeOf<'merged'> | NoticeOf<'exception'> {
  const shared = { repository, pull: pullOf(record), ...linked(links) }
  const by = record.mergedBy?.login
  if (record.exception) {
    const sha = record.mergeCommit ?? record.head.sha
    return {
      kind: 'exception',
      key: `exception/${repository.repositoryId}/#${record.number}`,
      how: 'merged',
      branch: record.base.ref,
      ...(by === undefined ? {} : { by }),
      commit: { sha, url: record.url.replace(/\/pull\/\d+$/, `/commit/${sha}`) },
      bypassed: record.exception.bypassed,
      ...shared,
    }
  }
  return {
    kind: 'merged',
    key: `merged/${repository.repositoryId}/${record.number}`,
    ...(by === undefined ? {} : { mergedBy: by }),
    approvedBy: record.approvers.map(({ login }) => login),
    timing: timingIn(record, zone),
    ...shared,
  }
}

export function pushNotice(
  repository: Repository,
  push: DirectPush,
  links: Links & { commit: string },
): NoticeOf<'exception'> {
  return {
    kind: 'exception',
    key: `exception/${repository.repositoryId}/${keyOfPush(push)}`,
    repository,
    how: 'pushed',
    branch: push.branch,
    ...(push.by ? { by: push.by.login } : {}),
    commit: { sha: push.after, url: links.commit },
    bypassed: bypassedByPush(push),
    ...linked(links),
  }
}

function linked({ seq, check }: Links) {
  return { record: { seq }, ...(check === undefined ? {} : { check: { url: check } }) }
}

function pullOf({ number, title, author, url }: ChangeRecord): NoticeOf<'merged'>['pull'] {
  return { number, title, url, ...(author ? { author: author.login } : {}) }
}

function timingIn({ urgent, window }: ChangeRecord, zone = 'UTC'): NoticeOf<'merged'>['timing'] {
  if (urgent) {
    const { by, at, reason } = urgent
    return { kind: 'urgent', by, at, zone, ...(reason === null ? {} : { reason }) }
  }
  return window.closesAt === null ? { kind: 'any time' } : { kind: 'window', closesAt: window.closesAt, zone }
}
