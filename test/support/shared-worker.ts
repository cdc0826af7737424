import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Folders whose tests mostly call functions. */
const folders = '{decision,doctor,gate,policy,regression,server,settings,setup,staging,yaml}'

/** What starts a sandbox, a database or a process needs a worker of its own, and what runs for seconds fills one. */
const alone = /\/sandbox\/|\/databases\.ts'|child_process|useFakeTimers|process\.env/
const long = /oracle|property|soundness/

/**
 * The test files that share a worker: to start one, and to load the project into it, takes longer than most of them run.
 * A worker that has grown takes ten times as long to start a process, so files that start any stay out.
 */
export function sharedFiles(): string[] {
  const all = globSync(`test/${folders}/**/*.test.ts`, { cwd: root })
  return all.filter((file) => !long.test(file) && !isAlone(join(root, file))).sort()
}

/** Whether a file of the tests, or one that it imports, has such a line. */
function isAlone(file: string): boolean {
  const text = readFileSync(file, 'utf8')
  const imported = [...text.matchAll(/ from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path))
  return alone.test(text) || imported.filter((path) => path.startsWith(`${root}/test/`)).some(isAlone)
}
