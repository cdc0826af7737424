import { posix } from 'node:path'
import type { RegressionRequest } from '../decision/regression-request.ts'
import type { RunbookSettings } from '../decision/runbook-settings.ts'
import { type Runbooks, readRunbooks } from '../regression/runbook/drill.ts'
import type { GitHub } from '../services/github/client.ts'
import { readBlobs, readFolder } from '../services/github/folders.ts'
import { fileProblem } from './runbooks.ts'

/** Much more than a server has tools, and few enough to be drilled one by one. */
const mostRunbooks = 100

/**
 * The runbooks of a head, to be drilled. A file that cannot be read is a problem of its own, so that no runbook is left out
 * unnoticed; a missing folder has none, which the gate `runbooks` reports.
 */
export async function headRunbooks(
  github: GitHub,
  { pull, sha }: RegressionRequest,
  { folder }: Pick<RunbookSettings, 'folder'>,
  readHead: (path: string) => Promise<string | undefined>,
): Promise<Runbooks> {
  const found = await readFolder(github, pull, sha, folder)
  const entries = found.state === 'read' ? found.entries.filter(({ name }) => name.endsWith('.md')) : []
  const at = (name: string) => posix.join(folder, name)
  const problem = (file: string, message: string) => ({ file, line: 1, column: 1, message })
  if (entries.length > mostRunbooks)
    return {
      runbooks: [],
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
  const read = readRunbooks(files)
  return {
    runbooks: read.runbooks,
    problems: [...wrong, ...binary.map(({ name }) => problem(at(name), 'is not text')), ...read.problems],
    readFile: (path) => readHead(posix.join(folder, path)),
  }
}
