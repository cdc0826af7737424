import { type Finding, failed } from './gate.ts'
import { code, list, plural, sentence, short } from './markdown.ts'
import type { Snapshot, Unattributed } from './snapshot.ts'

/** A contributor is unknown and therefore cannot be excluded, so the gate can't pass. */
export function unattributedFinding(
  snapshot: Snapshot,
  unattributed: 'fail' | 'ignore',
): Finding | undefined {
  if (snapshot.commitsIncomplete !== undefined) {
    return failed(
      'Not all commits could be read',
      `${sentence(snapshot.commitsIncomplete)} Their authors are unknown and must not approve. Split the change, or squash its commits.`,
      { who: 'The author' },
    )
  }
  const pushed = snapshot.unattributed.filter(({ field }) => field === 'pusher')
  if (pushed.length > 0) return unknownPusher(pushed)
  const written = snapshot.unattributed.filter(({ field }) => field !== 'pusher')
  return unattributed === 'fail' && written.length > 0 ? unknownWriter(written) : undefined
}

/** `unattributed: ignore` applies to names in commits, not to pushers, so it does not help here. */
function unknownPusher(entries: Unattributed[]): Finding {
  return failed(
    'Pusher unknown',
    `GitHub does not say who pushed ${commitsOf(entries)}, and whoever did must not approve. ` +
      `GitHub may list a push a little late. It does not list one that is too old: then rewrite these commits (${code('git rebase --force-rebase')}) and push them again.`,
    { who: 'The author' },
  )
}

function unknownWriter(entries: Unattributed[]): Finding {
  const commits = new Set(entries.map(({ commit }) => commit))
  const fields = [...new Set(entries.map(({ field }) => field))]
  const names = [...new Set(entries.map(({ name }) => name))].slice(0, 3).map((name) => code(name, 40))
  return failed(
    `${plural(commits.size, 'commit')} without a known ${list(fields, 'or')}`,
    `The ${list(fields)} of ${commitsOf(entries)} (${list(names)}) is not linked to a GitHub account, and whoever it is must not approve. ` +
      'Add the email address to the GitHub account that it belongs to, or amend the commit with an address that GitHub knows and push it.',
    { who: 'The author of the commit' },
  )
}

function commitsOf(entries: Unattributed[]): string {
  const commits = [...new Set(entries.map(({ commit }) => commit))]
  const shown = commits.slice(0, 3).map(short)
  return list(commits.length > 3 ? [...shown, `${commits.length - 3} more`] : shown)
}
