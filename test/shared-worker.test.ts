import { expect, test } from 'vitest'
import { sharedFiles } from './support/shared-worker.ts'

test('files that only call functions share a worker, and files that start a sandbox, a database or git do not', () => {
  const shared = sharedFiles()
  expect(shared).toContain('test/decision/verdict.test.ts')
  expect(shared).toContain('test/regression/run.test.ts')
  // It starts a sandbox through a file beside it.
  expect(shared).not.toContain('test/doctor/gather.test.ts')
  expect(shared).not.toContain('test/decision/content.test.ts')
  expect(shared).not.toContain('test/gate/calendar/transitions.test.ts')
})
