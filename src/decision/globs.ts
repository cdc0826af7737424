import picomatch from 'picomatch'
import { z } from 'zod'

/**
 * A glob that takes no time to match, whatever the branch is called: no groups, which would be regular expressions, and
 * few wildcards, since each multiplies the ways to match.
 */
export const branchGlob = z
  .string()
  .min(1, 'the name is empty; write a branch or a glob, like "main" or "release/*"')
  .max(255, 'the glob is longer than 255 characters, which no branch name can be')
  .regex(
    /^[^()|\\]*$/,
    'groups and backslashes are not allowed; write a glob like "release/*" or "{main,next}"',
  )
  .regex(/^(?!!$|!!)/, '"!" is only allowed at the start of a pattern, like "!release/legacy"')
  .refine(
    (glob) => (glob.match(/[*+]+/g) ?? []).length <= 3,
    'at most three wildcards are allowed; write several globs',
  )

/**
 * Whether patterns select a branch. The last pattern that matches decides, as in the branch filters of GitHub Actions;
 * picomatch takes a list for an "or", in which one "!" matches nearly everything.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#onpull_requestpull_request_targetbranchesbranches-ignore
 */
export function selectsBranch(globs: readonly string[], branch: string): boolean {
  const last = globs.findLast((glob) =>
    picomatch.isMatch(branch, glob.replace(/^!/, ''), { dot: true, nonegate: true }),
  )
  return last !== undefined && !last.startsWith('!')
}

/** A glob of paths from the root of the repository. Of its characters only `*` and `?` are special, and `**` as a whole segment. */
export const pathGlob = z
  .string()
  .min(1, 'the path is empty; write a glob like "docs/**"')
  .max(255, 'the glob is longer than 255 characters; write a shorter one')
  .regex(
    /^[^!/]/,
    'write the path from the root of the repository, without "/" or "!" in front, like "docs/**"',
  )
  .regex(/[^/]$/, 'write "docs/**" for everything below a folder')
  .regex(/^[^\\{}[\]()|]*$/, 'only *, ** and ? are special; write several globs like "docs/**"')

type PathMatching = { ignoreCase?: boolean }

/**
 * Whether a glob selects a path. `**` is any number of folders, and at the end everything below. Matching takes time
 * proportional to the lengths at most: authors choose the names of files, and a regular expression of three wildcards can
 * take minutes for a name of 4,000 characters.
 */
export function selectsPath(glob: string, path: string, { ignoreCase = false }: PathMatching = {}): boolean {
  const [pattern, name] = ignoreCase ? [glob.toLowerCase(), path.toLowerCase()] : [glob, path]
  const segments = pattern.split('/')
  if (segments.at(-1) === '**') segments.push('*')
  return matchesSequence(segments, name.split('/'), '**', matchesSegment)
}

/** Whether a name matches a pattern with `*` and `?`; neither matches a slash. */
export function matchesSegment(pattern: string, name: string): boolean {
  return matchesSequence(
    Array.from(pattern),
    Array.from(name),
    '*',
    (one, other) => one === '?' || one === other,
  )
}

/** `star` stands for any number of items. Only the last one is ever extended, which suffices and keeps the time quadratic. */
export function matchesSequence(
  pattern: readonly string[],
  items: readonly string[],
  star: string,
  matches: (pattern: string, item: string) => boolean,
): boolean {
  let [at, item, lastStar, taken] = [0, 0, -1, 0]
  while (item < items.length) {
    const one = pattern[at]
    if (one === star) {
      lastStar = at++
      taken = item
    } else if (one !== undefined && matches(one, items[item] ?? '')) {
      at++
      item++
    } else if (lastStar >= 0) {
      at = lastStar + 1
      item = ++taken
    } else return false
  }
  return pattern.slice(at).every((rest) => rest === star)
}
