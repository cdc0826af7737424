import { readFileSync } from 'node:fs'

type Results = {
  numPassedTests: number
  numFailedTests: number
  testResults: { name: string; status: string; assertionResults: Test[] }[]
}
type Test = { status: string; fullName: string }

/**
 * Prints `N passed, N failed` from the results of vitest and the names of other steps that failed. A test that did not
 * run counts as one that failed: its setup failed, or somebody left a `skip`. So do a test file that could not be loaded
 * and results that are not there.
 */
const [file = '', ...failedSteps] = process.argv.slice(2)
const results = read(file)
const unloaded = results.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((each) => each.status === 'passed'),
)
const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults)
const notRun = tests.filter(({ status }) => status !== 'passed' && status !== 'failed')
const broken = [
  ...unloaded.map(({ name }) => name),
  ...notRun.map(({ fullName }) => `did not run: ${fullName}`),
  ...failedSteps,
]
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
