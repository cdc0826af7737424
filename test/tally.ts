import { readFileSync } from 'node:fs'

type Results = {
  numPassedTests: number
  numFailedTests: number
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

/**
 * Prints `N passed, N failed` from the results of vitest and the names of other steps that failed. A test file that
 * could not even be loaded has no tests, and counts as one that failed; so do results that are not there.
 */
const [file = '', ...failedSteps] = process.argv.slice(2)
const results = read(file)
const unloaded = results.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
)
const broken = [...unloaded.map(({ name }) => name), ...failedSteps]
for (const name of broken) process.stdout.write(`failed: ${name}\n`)
const failed = results.numFailedTests + broken.length
process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`)
process.exitCode = failed > 0 ? 1 : 0

function read(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    failedSteps.push('tests: vitest left no results')
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  }
}
