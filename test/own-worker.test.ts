import { expect, test } from 'vitest'
import { filesAlone } from './support/own-worker.ts'

test('files that replace what a process has once, or start processes, have one of their own, and all others share theirs', () => {
  const alone = filesAlone()
  expect(alone).toContain('test/services/slack.test.ts')
  expect(alone).toContain('test/simulation/simulation.test.ts')
  expect(alone).toContain('test/commands/start.test.ts')
  expect(alone).toContain('test/sandbox/github/etags.test.ts')
  expect(alone).not.toContain('test/decision/verdict.test.ts')
  expect(alone).not.toContain('test/end-to-end/path.test.ts')
})
