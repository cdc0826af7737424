import { defineConfig } from 'vitest/config'
import { LongFilesFirst } from './test/support/long-files-first.ts'
import { sharedFiles } from './test/support/shared-worker.ts'
import { temporaryFiles } from './test/support/temporary-files.ts'

process.env.TMPDIR = temporaryFiles()

const shared = sharedFiles()

/** Processes, not threads: tests start bots, git and databases, and some look at `process`. Three for two cores, since a test often waits for its bot or its database. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongFilesFirst },
    // Nets for what hangs, not deadlines: a busy machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 290_000 } },
    slowTestThreshold: 2_000,
    // One line a file, unless something in it failed.
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: shared,
          globalSetup: 'test/support/prepared-databases.ts',
          setupFiles: ['test/support/held-to-github.ts'],
        },
      },
      { extends: true, test: { name: 'shared', include: shared, isolate: false } },
    ],
  },
})
