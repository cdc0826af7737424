import { posix } from 'node:path'
import type { RegressionRequest } from '../decision/regression-request.ts'
import type { RunbookSettings } from '../decision/runbook-settings.ts'
import { type Runbooks, readRunbooks } from '../regression/runbook/drill.ts'
import type { GitHub } from '../services/github/client.ts'
import { readBlobs, readFolder } from '../services/github/folders.ts'
import type { FileProblem } from '../yaml/yaml-file.ts'
import { fileProblem } from './runbooks.ts'

/** Much more than a server has tools, and few enough to be drilled one by one. */
const mostRunbooks = 100

/** The texts of the runbooks in a folder, and the problems of those that have none. */
export type RunbookFiles = {
  folder: string
  files: { file: string; text: string }[]
  problems: FileProblem[]
}

/**
 * The runbooks of a head, to be drilled. A file that cannot be read is a problem of its own, so that no runbook is left out
 * unnoticed; a missing folder has none, which the gate `runbooks` reports.
 */
export async function headRunbooks(
  github: GitHub,
  { pull, sha }: RegressionRequest,
  { folder }: Pick<RunbookSettings, 'folder'>,
): Promise<RunbookFiles> {
  const found = await readFolder(github, pull, sha, folder)
  const entries = found.state === 'read' ? found.entries.filter(({ name }) => name.endsWith('.md')) : []
  const at = (name: string) => posix.join(folder, name)
  const problem = (file: string, message: string) => ({ file, line: 1, column: 1, message })
  if (entries.length > mostRunbooks)
    return {
      ...{ folder, files: [] },
      problems: [problem(folder, `has ${entries.length} runbooks; at most ${mostRunbooks} are drilled`)],
    }
  const wrong = entries.flatMap((entry) => {
    const why = fileProblem(entry)
    return why === undefined ? [] : [problem(at(entry.name), why)]
  })
  const readable = entries.filter((entry) => fileProblem(entry) === undefined)
  const texts = await readBlobs(github, pull, [...new Set(readable.map(({ oid }) => oid))])
  const files = readable.flatMap(({ name, oid }) => {
    const text = texts.get(oid)
    return typeof text === 'string' ? [{ file: at(name), text }] : []
  })
  const binary = readable.filter(({ oid }) => typeof texts.get(oid) !== 'string')
  return {
    ...{ folder, files },
    problems: [...wrong, ...binary.map(({ name }) => problem(at(name), 'is not text'))],
  }
}

/** Reads the runbooks, which may read more files of the head. */
export function drillable(
  { folder, files, problems }: RunbookFiles,
  readHead: (path: string) => Promise<string | undefined>,
): Runbooks {
  const read = readRunbooks(files)
  return {
    runbooks: read.runbooks,
    problems: [...problems, ...read.problems],
    readFile: (path) => readHead(posix.join(folder, path)),
  }
}
