import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** Where the long files are, the longest first. A file with a bot runs for up to a minute, one of pure functions for a second. */
const long = [
  'commands/installed.test.ts',
  'simulation/',
  'services/mcp/conformance.test.ts',
  'end-to-end/',
  'store/',
  'decision/',
  'regression/',
  'notices/',
  'sandbox/',
  'doctor/',
  'commands/',
]

/**
 * Starts long files first, so that no worker is left alone with one at the end. Before them come those with a worker of their
 * own, together, since only neighbors share one. Vitest takes a class.
 */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  if (project.config.isolate) return -1
  const found = long.findIndex((where) => moduleId.includes(`/test/${where}`))
  return found < 0 ? long.length : found
}
