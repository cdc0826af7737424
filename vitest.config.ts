import { defineConfig } from 'vitest/config'

/** Processes, not threads: tests start bots, git and databases, and some look at `process`. Two, as many as CI has cores. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    slowTestThreshold: 2_000,
    // A file is told in one line unless something in it failed.
    reporters: ['default'],
  },
})
