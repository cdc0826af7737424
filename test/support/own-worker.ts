import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** What replaces `fetch`, or the client of `node:http`, for as long as its process lives. */
const replacing = /from '(nock|\.\/simulate\.ts|\.\/bots\.ts)'/

/** To start a process copies the memory map of whoever does, which takes three times as long in a worker that has grown. */
const starting = /from 'node:child_process'/

/** Tests the answers of an app without a server, and every server of Hono replaces `Response` in its process. */
const untouched = ['test/sandbox/github/etags.test.ts']

/**
 * The test files that need a process of their own. All others share three: to start one, and to load the project into it, takes
 * longer than most of them run.
 */
export function filesAlone(): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: root })
  const alone = files.filter((file) => untouched.includes(file) || needsItsOwn(join(root, file)))
  return alone.sort()
}

function needsItsOwn(file: string): boolean {
  const text = readFileSync(file, 'utf8')
  return replacing.test(text) || starting.test(text)
}
