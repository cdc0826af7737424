import { setImmediate } from 'node:timers/promises'
import { selectsPath } from '../decision/globs.ts'
import { isSuiteFile, onlySuite, type SuitePlaces, suiteGlobs, suitesName } from '../decision/suite-places.ts'
import { mergeSuites, type SuitePart } from '../regression/merge-suites.ts'
import { readSuite } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import { withKnownPatterns } from '../regression/suite-values.ts'
import { type FileResult, formatProblem } from '../yaml/yaml-file.ts'

/** Reads one side of a pull request: the head, or the default branch. `list` gives undefined where not all files are known. */
export type SuiteReader = {
  side: string
  read: (path: string) => Promise<string | undefined>
  list: () => Promise<string[] | undefined>
  /** Takes what there is, for a side that is only compared with: one place may be empty there. */
  partly?: boolean
}

export type SuiteText = { file: string; text: string }

type ReadFile = { file: string; read: FileResult<Suite> }

/** The suites as one, and what they were read from. */
export type FoundSuites = { suite: Suite; parts: SuitePart[] }

/** Much more than a policy needs, and few enough to be read one by one. */
const mostFiles = 50

/** The texts of the suites of one side, or what is wrong with them: never a part of them, which could pass for want of a case. */
export async function findSuites(
  places: SuitePlaces,
  reader: SuiteReader,
): Promise<{ texts: SuiteText[] } | { wrong: string }> {
  const files = await filesOf(places, reader)
  if ('wrong' in files) return files
  const texts: SuiteText[] = []
  for (const file of files.found) {
    const text = await reader.read(file)
    if (text === undefined) return { wrong: `the ${reader.side} has no suite at ${file}` }
    texts.push({ file, text })
  }
  return { texts }
}

/** Reads suites as one. */
export function readSuites(texts: readonly SuiteText[]): FoundSuites | { wrong: string } {
  const read = readTexts(texts)
  return read.ok ? read.value : { wrong: read.problems.map(formatProblem).join('; ') }
}

async function filesOf(
  places: SuitePlaces,
  { side, list, partly = false }: SuiteReader,
): Promise<{ found: string[] } | { wrong: string }> {
  const only = onlySuite(places)
  if (only !== undefined) return { found: [only] }
  const all = await list()
  if (all === undefined)
    return { wrong: `GitHub does not list all files of the ${side}; name one suite file` }
  const each = suiteGlobs(places).map((glob) => ({
    glob,
    found: all.filter((file) => isSuiteFile(file) && selectsPath(glob, file)),
  }))
  const empty = each.find(({ found }) => found.length === 0)
  if (empty && !partly) return { wrong: `the ${side} has no suite at ${empty.glob}` }
  const found = [...new Set(each.flatMap((one) => one.found.sort()))]
  if (found.length > mostFiles)
    return {
      wrong: `${found.length} files match ${suitesName(places)}; at most ${mostFiles} suites are read`,
    }
  return { found }
}

function readTexts(texts: readonly SuiteText[]): FileResult<FoundSuites> {
  return merged(texts.map(({ file, text }) => ({ file, read: readSuite(text, file) })))
}

function merged(each: readonly ReadFile[]): FileResult<FoundSuites> {
  const problems = each.flatMap(({ read }) => (read.ok ? [] : read.problems))
  if (problems.length > 0) return { ok: false, problems }
  const parts = each.flatMap(({ file, read }) => (read.ok ? [{ file, suite: read.value }] : []))
  if (parts.length === 0) return { ok: false, problems: [] }
  const suite = mergeSuites(parts)
  return suite.ok ? { ok: true, value: { suite: suite.value, parts } } : suite
}

/** The text of the suites as it is kept with a run: one as it is written; several as JSON, a list, which no suite is. */
export function keptText(texts: readonly SuiteText[]): string {
  const [one, ...others] = texts
  return one && others.length === 0 ? one.text : JSON.stringify(texts)
}

/**
 * The suite of a run that was kept; undefined where this version cannot read it. It is read in the bot's own thread, so other work has its
 * turn between the files, each of which takes up to 60 ms.
 */
export async function keptSuite(text: string, name: string): Promise<Suite | undefined> {
  const texts: SuiteText[] = text.startsWith('[{"file":') ? JSON.parse(text) : [{ file: name, text }]
  const each: ReadFile[] = []
  for (const one of texts) {
    if (each.length > 0) await setImmediate()
    each.push({ file: one.file, read: withKnownPatterns(() => readSuite(one.text, one.file)) })
  }
  const read = merged(each)
  return read.ok ? read.value.suite : undefined
}
