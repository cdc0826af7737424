import { codeOwnersFiles } from './code-owners.ts'
import { isRegularFile } from './content/file-mode.ts'
import { selectsBranch, selectsPath } from './globs.ts'
import { code } from './markdown.ts'
import type { Override } from './override-settings.ts'
import type { ChangedPath, Label, Snapshot } from './snapshot.ts'

/**
 * Whether a condition is met. A doubt says why it is unknown, or what keeps it from counting: it is enough for an
 * override that only tightens, and never for one that loosens.
 */
export type ConditionResult = 'yes' | 'no' | { doubt: string }

export type Condition = keyof Override['when']
type Conditions = {
  [Name in Condition]: (listed: string[], snapshot: Snapshot, guarded: string[]) => ConditionResult
}

const branches: Conditions['branches'] = (globs, { base }) => (selectsBranch(globs, base.ref) ? 'yes' : 'no')

const unreadPaths = { doubt: 'the changed files are not known' }

/**
 * For an override that loosens: nothing that the author of a change controls alone may meet one of these. `guarded` are
 * files, beside those of GitHub and of this policy, that count only where they are named in full.
 */
export const conditionsOfLoosening: Conditions = {
  branches,
  paths(globs, { changed }, guarded) {
    if (!changed?.complete) return changed ? { doubt: changed.why } : unreadPaths
    const { paths } = changed
    if (paths.length === 0 || !paths.every(({ path }) => globs.some((glob) => selectsPath(glob, path))))
      return 'no'
    const [doubt] = paths.flatMap((path) => doubtAbout(path, globs, guarded) ?? [])
    return doubt === undefined ? 'yes' : { doubt }
  },
  authors(logins, snapshot) {
    if (snapshot.contributors.some(({ person }) => !isListed(person, logins))) return 'no'
    return doubtAboutContributors(snapshot) ?? 'yes'
  },
  labels(names, snapshot) {
    const labels = snapshot.labels.filter(({ name }) => has(names, name))
    const doubts = labels.map((label) => doubtAboutLabel(label, snapshot))
    if (labels.length === 0 || doubts.includes(undefined)) return labels.length === 0 ? 'no' : 'yes'
    return { doubt: doubts[0] ?? '' }
  },
}

/** For an override that only tightens: one file, contributor or label is enough, or that none can be ruled out. */
export const conditionsOfTightening: Conditions = {
  branches,
  paths(globs, { changed }) {
    if (!changed?.complete) return changed ? { doubt: changed.why } : unreadPaths
    const matches = ({ path }: ChangedPath) =>
      globs.some((glob) => selectsPath(glob, path, { ignoreCase: true }))
    return changed.paths.some(matches) ? 'yes' : 'no'
  },
  authors(logins, snapshot) {
    if (snapshot.contributors.some(({ person }) => isListed(person, logins))) return 'yes'
    return doubtAboutContributors(snapshot) ?? 'no'
  },
  labels: (names, { labels }) => (labels.some(({ name }) => has(names, name)) ? 'yes' : 'no'),
}

function doubtAbout({ path, was, is }: ChangedPath, globs: string[], guarded: string[]): string | undefined {
  const protects =
    isBelow('.github', path) ||
    has(codeOwnersFiles, path) ||
    guarded.some((glob) => selectsPath(glob, path, { ignoreCase: true }))
  if (protects && !globs.includes(path)) return `${code(path)} must be named in full, without a wildcard`
  if ([was, is].some((mode) => mode !== undefined && !isRegularFile(mode)))
    return `${code(path)} is a symbolic link or a submodule`
  if (was !== undefined && is !== undefined && was !== is) return `the mode of ${code(path)} changed`
  return undefined
}

function isBelow(folder: string, path: string): boolean {
  return path.toLowerCase().startsWith(`${folder}/`)
}

/** No person can have a login that ends in `[bot]`. */
function isListed({ login, type }: { login: string; type: string }, logins: string[]): boolean {
  return has(logins, login) && login.endsWith('[bot]') === (type === 'Bot')
}

function doubtAboutContributors(snapshot: Snapshot): { doubt: string } | undefined {
  const { author, contributors, unattributed, unmatchedCoAuthors, commitsIncomplete, head } = snapshot
  const unknown =
    !author ||
    !contributors.some(({ person }) => person.id === author.id) ||
    unattributed.length + unmatchedCoAuthors.length > 0 ||
    commitsIncomplete !== undefined ||
    head.pushersHidden === true
  return unknown ? { doubt: 'not everyone who contributed is known' } : undefined
}

/** A label counts for the content that it was added to, and nobody decides on a change that they worked on. */
function doubtAboutLabel(label: Label, { access, contributors, base, head }: Snapshot): string | undefined {
  const { by, at } = label
  const name = code(label.name)
  if (!by || at === null) return `GitHub does not yet list who added the label ${name}`
  const who = `the label ${name} was added by ${code(by.login)}`
  if (by.type !== 'User') return `${who}, which is not a person`
  if (!access[by.id]?.write) return `${who}, who has no write access`
  if (contributors.some(({ person }) => person.id === by.id)) return `${who}, who worked on this change`
  const added = Date.parse(at)
  if (base.changed && Date.parse(base.changed.at) >= added)
    return `the label ${name} was added before the base branch was changed`
  const isSameHead = head.pushedAt !== undefined && Date.parse(head.pushedAt) < added
  if (!isSameHead && !label.equality?.same) return `the label ${name} was added before the last push`
  return undefined
}

/** GitHub ignores the case of labels and logins. Of guarded files it is ignored because that guards more of them. */
function has(names: string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase())
}
