import { dirname, join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { FileProblem, FileResult } from '../yaml/yaml-file.ts'
import { type Suite, suiteSchema } from './suite-schema.ts'

export type SuitePart = { file: string; suite: Suite }

/**
 * Merges several suite files into one by appending their cases and lists. Settings for the whole run, such as `gates`, must be
 * in one file or equal in all files that set them, since it would be unclear which one counts.
 */
export function mergeSuites([first, ...others]: readonly SuitePart[]): FileResult<Suite> {
  if (!first) throw new RangeError('there is no suite to merge')
  const parts = [first, ...others]
  const problems = [...conflicts(parts), ...repeatedNames(parts)]
  if (problems.length > 0) return { ok: false, problems }
  const all = <Key extends keyof Suite>(key: Key) => parts.map(({ suite }) => suite[key])
  const { defaults, gates, coverage } = Object.fromEntries(
    single.map((key) => [key, all(key).find((value) => isSet(key, value)) ?? unset[key]]),
  ) as Pick<Suite, (typeof single)[number]>
  const contracts = all('contract')
  const value: Suite = {
    version: 1,
    defaults,
    gates,
    coverage,
    contract: {
      fail_on: contracts.some(({ fail_on }) => fail_on === 'warning') ? 'warning' : 'breaking',
      waivers: contracts.flatMap(({ waivers }) => waivers),
    },
    reads: [...new Set(all('reads').flat())],
    cases: all('cases').flat(),
    reconcile: parts.flatMap((part) => movedExports(part, dirname(first.file))),
    mirror: all('mirror').flat(),
    sanitized: all('sanitized').flat(),
    isolated: all('isolated').flat(),
  }
  return { ok: true, value }
}

const single = ['defaults', 'gates', 'coverage'] as const
const unset = suiteSchema.parse({ version: 1, cases: [{ name: 'any', tool: 'any' }] })

function isSet(key: (typeof single)[number], value: unknown): boolean {
  return !isDeepStrictEqual(value, unset[key])
}

function conflicts(parts: readonly SuitePart[]): FileProblem[] {
  return single.flatMap((key) => {
    const [one, ...more] = parts.filter(({ suite }) => isSet(key, suite[key]))
    const other = more.find(({ suite }) => !isDeepStrictEqual(suite[key], one?.suite[key]))
    return one && other
      ? [problem(other, `\`${key}\` differs from the one in ${one.file}; set it in one of them`)]
      : []
  })
}

function repeatedNames(parts: readonly SuitePart[]): FileProblem[] {
  const seen = new Map<string, SuitePart>()
  return parts.flatMap((part) =>
    part.suite.cases.flatMap(({ name }) => {
      const before = seen.get(name)
      seen.set(name, before ?? part)
      return before ? [problem(part, `the case "${name}" is also in ${before.file}; rename one of them`)] : []
    }),
  )
}

function problem({ file }: SuitePart, message: string): FileProblem {
  return { file, line: 1, column: 1, message }
}

/** Export files are next to the suite that names them; paths become relative to the folder of the first suite. */
function movedExports({ file, suite }: SuitePart, folder: string): Suite['reconcile'] {
  const moved = relative(folder, dirname(file))
  return suite.reconcile.map((entry) => {
    const { csv } = entry.equals
    return csv
      ? { ...entry, equals: { ...entry.equals, csv: { ...csv, file: join(moved, csv.file) } } }
      : entry
  })
}
