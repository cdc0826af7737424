import { defineConfig } from 'vitest/config'
import { LongFilesFirst } from './test/support/long-files-first.ts'

/** Processes, not threads: tests start bots, git and databases, and some look at `process`. Two, as many as CI has cores. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/prepared-databases.ts',
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFilesFirst },
    setupFiles: ['test/support/held-to-github.ts'],
    // Nets for what hangs, not deadlines: a busy machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 290_000 } },
    slowTestThreshold: 2_000,
    // A file is told in one line unless something in it failed.
    reporters: ['default'],
  },
})
