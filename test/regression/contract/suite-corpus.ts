import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Json, Node } from './random-schemas.ts'
import { draft07, draft2020, type Judge, judgeOf } from './validators.ts'

/** One schema in one dialect, with the values that its neighbors in the suite are tested with. */
export type Entry = { file: string; uri: string; schema: Node; values: Json[]; judge: Judge }

type Group = { schema: Json; tests: { data: Json }[] }

const published = join(
  dirname(createRequire(import.meta.url).resolve('json-schema-test-suite')),
  'tests/draft4',
)

/**
 * The schemas of the JSON-Schema-Test-Suite. npm has it up to draft-04, whose schemas are read here by both newer dialects;
 * `JSON_SCHEMA_TEST_SUITE=/path/to/JSON-Schema-Test-Suite` adds its own draft-07 and 2020-12.
 */
export function suiteCorpus(more: Record<string, Json[]>): Entry[] {
  const checkout = process.env.JSON_SCHEMA_TEST_SUITE
  const own = Object.entries(more).map(([file, schemas]) => ({
    file,
    groups: schemas.map((schema) => ({ schema, tests: [] })),
  }))
  const bothDialects = [...read(published), ...own]
  const newest = checkout === undefined ? [] : read(join(checkout, 'tests/draft2020-12'))
  const older = checkout === undefined ? [] : read(join(checkout, 'tests/draft7'))
  return [
    ...[...bothDialects, ...older].flatMap((entry) => entriesOf(entry, draft07)),
    ...[...bothDialects, ...newest].flatMap((entry) => entriesOf(entry, draft2020)),
  ]
}

function read(folder: string): { file: string; groups: Group[] }[] {
  const files = globSync('*.json', { cwd: folder }).sort()
  return files.map((file) => ({ file, groups: JSON.parse(readFileSync(join(folder, file), 'utf8')) }))
}

function entriesOf({ file, groups }: { file: string; groups: Group[] }, uri: string): Entry[] {
  const values = groups.flatMap(({ tests }) => tests.map(({ data }) => data))
  return groups.flatMap(({ schema }) => {
    if (typeof schema !== 'object' || schema === null) return []
    const declared = { ...schema, $schema: uri }
    const judge = judgeOf(declared, uri)
    return judge === undefined ? [] : [{ file, uri, schema: declared, values, judge }]
  })
}
