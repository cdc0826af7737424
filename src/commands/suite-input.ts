import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { mergeSuites, type SuitePart } from '../regression/merge-suites.ts'
import { readSuite } from '../regression/suite-file.ts'
import type { Suite } from '../regression/suite-schema.ts'
import type { FileProblem, FileResult } from '../yaml/yaml-file.ts'
import { requireInput } from './input-file.ts'

export type SuiteInput = { suite: Suite; files: string[]; parts: SuitePart[] }

/** One suite out of all files that an option names: files, globs, and folders with YAML files in them. */
export function suiteInput(option: string, named: readonly string[]): FileResult<SuiteInput> {
  const files = [...new Set(named.flatMap((name) => filesOf(option, name)))]
  const parts: SuitePart[] = []
  const problems: FileProblem[] = []
  for (const file of files) {
    const read = readSuite(requireInput(option, file, 'a suite, like .github/mcp-regression.yml'), file)
    if (read.ok) parts.push({ file, suite: read.value })
    else problems.push(...read.problems)
  }
  const merged = problems.length > 0 ? { ok: false as const, problems } : mergeSuites(parts)
  return merged.ok ? { ok: true, value: { suite: merged.value, files, parts } } : merged
}

function filesOf(option: string, name: string): string[] {
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) {
    return found(option, name, globSync(join(name, '*.{yml,yaml}')))
  }
  return /[*?{[]/.test(name) ? found(option, name, globSync(name)) : [name]
}

function found(option: string, name: string, files: string[]): string[] {
  if (files.length > 0) return files.sort()
  throw new Error(
    `${option}: ${name} has no suite in it; give the path of a suite, like .github/mcp-regression.yml.`,
  )
}
