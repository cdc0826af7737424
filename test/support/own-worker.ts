import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** nock replaces `fetch` and the client of `node:http` for as long as the process lives, and nothing else may be asked through it. */
const replacing = /from 'nock'/

/** Tests the answers of an app without a server, and every server of Hono replaces `Response` in its process. */
const untouched = ['test/sandbox/github/etags.test.ts']

/**
 * The test files that need a process of their own. All others share three: to start one, and to load the project into it, takes
 * longer than most of them run.
 */
export function filesAlone(): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: root })
  const alone = files.filter(
    (file) => untouched.includes(file) || replacing.test(readFileSync(join(root, file), 'utf8')),
  )
  return alone.sort()
}
