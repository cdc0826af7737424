import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { exactNumber } from '../services/mcp.ts'
import { type FileResult, readYaml } from '../yaml/yaml-file.ts'
import { comparison, expectedValue } from './expectation-schema.ts'
import { type Suite, suiteSchema } from './suite-schema.ts'

const least = { version: '1', cases: '[ { name: it answers, tool: search } ]' }

/** Reads a suite file. Problems name file, line and column, and how to fix them. */
export function readSuite(text: string, file: string): FileResult<Suite> {
  return readYaml(text, file, suiteSchema, { least, number: exactNumber })
}

/** The JSON Schema that editors use to complete and check a suite. */
export function suiteJsonSchema(): Record<string, unknown> {
  const anything = z.unknown().optional()
  const flat = comparison.extend({
    equals: anything,
    contains: anything,
    one_of: z.array(z.unknown()).min(1).optional(),
  })
  const compared = z.toJSONSchema(flat, { io: 'input' })
  delete compared.$schema
  const { $schema, ...rest } = z.toJSONSchema(suiteSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // Any value can be expected; listing the comparisons first lets editors complete them.
      if (zodSchema === expectedValue) Object.assign(jsonSchema, { $ref: undefined, anyOf: [compared, {}] })
    },
  })
  return { $schema, title: 'Staging regression suite of release-gate', ...rest }
}

/** The suite under a policy that requires a case for every tool, whatever the suite itself says. */
export function covering(suite: Suite, { coverage }: { coverage: Suite['coverage'] }): Suite {
  return coverage === 'required' ? { ...suite, coverage } : suite
}

/** What a pull request took from the suite of its base. It must be shown, because the suite comes from the head. */
export type SuiteChanges = {
  removedCases: string[]
  addedWaivers: string[]
  addedReads: string[]
  /** Checks, settings and cases of the base that are different or gone. */
  changedParts: string[]
}

export function compareSuites(base: Suite, head: Suite): SuiteChanges {
  const kept = new Set(head.cases.map(({ name }) => name))
  const known = new Set(base.contract.waivers.map(waiverKey))
  return {
    removedCases: base.cases.map(({ name }) => name).filter((name) => !kept.has(name)),
    addedReads: readsOf(head).filter((read) => !readsOf(base).includes(read)),
    addedWaivers: head.contract.waivers.map(waiverKey).filter((key) => !known.has(key)),
    changedParts: changedParts(base, head),
  }
}

function changedParts(base: Suite, head: Suite): string[] {
  const missing = <Part>(parts: readonly Part[], kept: readonly Part[]) =>
    parts.filter((part) => !kept.some((other) => isDeepStrictEqual(part, other)))
  const settings = [
    ...(isDeepStrictEqual(base.defaults, head.defaults) ? [] : ['defaults']),
    ...(isDeepStrictEqual(base.gates, head.gates) ? [] : ['gates']),
    ...(base.contract.fail_on === head.contract.fail_on ? [] : ['contract.fail_on']),
    ...(base.coverage === head.coverage ? [] : ['coverage']),
  ]
  const kept = base.cases.filter(({ name }) => head.cases.some((entry) => entry.name === name))
  return [
    ...settings,
    ...missing(kept, head.cases).map(({ name }) => `the case ${name}`),
    ...missing(base.reconcile, head.reconcile).map(({ name }) => `reconcile of ${name}`),
    ...missing(base.mirror, head.mirror).map(({ table }) => `mirror of ${table}`),
    ...missing(base.sanitized, head.sanitized).map(({ table }) => `sanitized of ${table}`),
    ...missing(base.isolated, head.isolated).map(({ table }) => `isolated of ${table}`),
  ]
}

function readsOf({ reads, cases }: Suite): string[] {
  return [...reads, ...cases.filter((entry) => entry.reads).map(({ name }) => `the case ${name}`)]
}

function waiverKey({ rule, tool, path, expires }: Suite['contract']['waivers'][number]): string {
  return `${rule} on ${tool ?? 'the server'}${path === undefined ? '' : ` at ${path}`} until ${expires}`
}

/** `node src/regression/suite-file.ts` regenerates the schema. */
if (import.meta.main) {
  const file = new URL('../../schema/suite.schema.json', import.meta.url)
  writeFileSync(file, `${JSON.stringify(suiteJsonSchema(), null, 2)}\n`)
}
