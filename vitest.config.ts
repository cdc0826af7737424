import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { shortLived } from './src/sandbox/bot-process.ts'
import { LongFilesFirst } from './test/support/long-files-first.ts'
import { filesAlone } from './test/support/own-worker.ts'
import { temporaryFiles } from './test/support/temporary-files.ts'

process.env.TMPDIR = temporaryFiles()
// Every process that a test starts loads what the one before it has compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/release-gate/compiled')

const alone = filesAlone()

/** Processes, not threads: tests start bots, git and databases, and some look at `process`. Four for two cores, since a test often waits for its bot or its database. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: shortLived,
    maxWorkers: 4,
    sequence: { sequencer: LongFilesFirst },
    // Nets for what hangs, not deadlines: a busy machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 290_000 } },
    slowTestThreshold: 2_000,
    // One line a file, unless something in it failed.
    reporters: ['default'],
    globalSetup: 'test/support/prepared-databases.ts',
    setupFiles: ['test/support/clean-up.ts', 'test/support/held-to-github.ts'],
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: alone,
          isolate: false,
        },
      },
    ],
  },
})
