import { matchesSegment, matchesSequence } from './globs.ts'

/** One line of a CODEOWNERS file. Without owners, what it matches has none, whatever an earlier line says. */
export type OwnerRule = { line: number; pattern: string; owners: string[] }

export type CodeOwners = { rules: OwnerRule[]; problems: { line: number; message: string }[] }

/** Where GitHub looks for the file, in its order: the first one counts, even if it is invalid. */
export const codeOwnersFiles = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS']

/**
 * Reads a CODEOWNERS file by GitHub's documented syntax. GitHub skips an invalid line in silence, which leaves its files to the
 * line before; here each is reported.
 * https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-syntax
 */
export function parseCodeOwners(text: string): CodeOwners {
  const rules: OwnerRule[] = []
  const problems: CodeOwners['problems'] = []
  for (const [index, written] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1
    const [pattern, ...owners] = wordsOf(written)
    if (pattern === undefined) continue
    const message = patternProblem(pattern) ?? ownerProblem(owners)
    if (message) problems.push({ line, message })
    else rules.push({ line, pattern: pattern.replaceAll('\\ ', ' '), owners })
  }
  return { rules, problems }
}

/** The words of a line up to a comment. A space after a backslash is part of the word. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:\\[ \t]|[^ \t])+/g) ?? []
  const comment = words.findIndex((word) => word.startsWith('#'))
  return comment === -1 ? words : words.slice(0, comment)
}

function patternProblem(pattern: string): string | undefined {
  if (pattern.startsWith('!'))
    return '"!" cannot negate a pattern here; list the exception below, without owners'
  if (/[[\]]/.test(pattern)) return 'character ranges such as [a-z] do not work here; use * or ?'
  if (/\\(?! )/.test(pattern)) return 'a backslash can only escape a space'
  if (pattern.includes('***')) return '*** is not a wildcard; use * or **'
  return /^\/*$/.test(pattern) ? 'the pattern is empty; use * for all files' : undefined
}

function ownerProblem(owners: string[]): string | undefined {
  const wrong = owners.find((owner) => !isAccount(owner) && !isTeam(owner) && !isEmail(owner))
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong.slice(0, 80))} is not an owner; write @login, @org/team or an email address`
}

function isAccount(owner: string): boolean {
  return /^@[A-Za-z0-9][\w-]*$/.test(owner)
}

export function isTeam(owner: string): boolean {
  return /^@[A-Za-z0-9][\w-]*\/[\w.-]+$/.test(owner)
}

export function isEmail(owner: string): boolean {
  return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(owner)
}

/** The rule that owns each path: the last one that matches. Paths that no rule matches, or one without owners, are left out. */
export function ownedPaths(paths: string[], rules: OwnerRule[]): Map<OwnerRule, string[]> {
  const matchers = rules.map((rule) => ({ rule, matches: matcherOf(rule.pattern) })).reverse()
  const owned = new Map<OwnerRule, string[]>()
  for (const path of paths) {
    const segments = path.split('/')
    const rule = matchers.find(({ matches }) => matches(segments))?.rule
    if (rule && rule.owners.length > 0) owned.set(rule, [...(owned.get(rule) ?? []), path])
  }
  return owned
}

/**
 * As in .gitignore, a pattern matches a file or a folder with all that is in it, at any depth unless it has a slash in front
 * or within. Other than there, `docs/*` matches only what is directly in the folder. Case matters.
 */
function matcherOf(pattern: string): (path: string[]) => boolean {
  const isFolder = pattern.endsWith('/')
  const inner = pattern.replace(/\/+$/, '')
  const anchored = inner.includes('/')
  const named = inner.replace(/^\//, '').split('/')
  const segments = anchored ? named : ['**', ...named]
  const last = segments.at(-1)
  const below = last === '**' ? [...segments, '*'] : [...segments, '**', '*']
  const onlyDirect = anchored && last === '*' && !isFolder
  const wanted = [...(isFolder || last === '**' ? [] : [segments]), ...(onlyDirect ? [] : [below])]
  return (path) => wanted.some((each) => matchesSequence(each, path, '**', matchesSegment))
}
