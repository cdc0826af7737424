import type { ListedTool } from '../services/mcp.ts'
import { type Example, exampleArgs } from './example-args.ts'
import { mayWrite, saysThatItWrites } from './read-only-tools.ts'

/** A first suite for a server, as text for the user to complete. */
export type FirstSuite = {
  text: string
  /** The number of cases that are not commented out. */
  cases: number
  /** The names of read-only cases that can run unchanged. */
  ready: string[]
  /** For each tool, the arguments whose values only the user knows. */
  todo: Map<string, string[]>
  /** Tools that are assumed to be read-only because of their names. */
  guessed: string[]
  /** Tools that may write. Their cases are commented out if there are others. */
  writers: string[]
}

export function firstSuite(tools: readonly ListedTool[]): FirstSuite {
  const guessed = tools.filter((tool) => mayWrite(tool) && readsByName(tool)).map(({ name }) => name)
  const reads = (tool: ListedTool) => !mayWrite(tool) || guessed.includes(tool.name)
  const examples = new Map(tools.map((tool) => [tool.name, exampleArgs(tool.inputSchema)]))
  const reading = tools.filter(reads)
  const writing = tools.filter((tool) => !reads(tool))
  const todo = new Map(
    (reading.length > 0 ? reading : writing).flatMap(({ name }) => {
      const missing = examples.get(name)?.todo ?? []
      return missing.length > 0 ? [[name, missing] as const] : []
    }),
  )
  const entry = (tool: ListedTool, writes = false) => caseText(tool, examples.get(tool.name), writes)
  return {
    text: [
      '# Written by `release-gate regress init`. What each setting means: docs/regression.md of release-gate.',
      'version: 1',
      ...(guessed.length > 0
        ? [
            '# The server does not say which tools only read; these are guessed from their names.',
            `reads: ${flow(guessed)}`,
          ]
        : []),
      ...(reading.length === 0
        ? ['gates: { samples: { per_tool: 0, total: 0, reason: "every tool may write" } }']
        : []),
      'cases:',
      ...reading.flatMap((tool) => entry(tool)),
      ...(writing.length > 0 && reading.length > 0
        ? ['', '# These tools may write; their cases run only with --writes.']
        : []),
      ...writing.flatMap((tool) =>
        entry(tool, true).map((line) => (reading.length > 0 ? `# ${line}` : line)),
      ),
    ]
      .join('\n')
      .concat('\n'),
    ready: reading.filter(({ name }) => !todo.has(name)).map(caseName),
    cases: reading.length > 0 ? reading.length : writing.length,
    todo,
    guessed,
    writers: writing.map(({ name }) => name),
  }
}

function caseName({ name }: ListedTool): string {
  return `${name} answers`
}

function caseText(
  tool: ListedTool,
  { args, todo }: Example = { args: {}, todo: [] },
  writes: boolean,
): string[] {
  const missing = todo.length > 0 ? ` # TODO: ${todo.map((name) => JSON.stringify(name)).join(', ')}` : ''
  return [
    `  - name: ${JSON.stringify(caseName(tool))}`,
    `    tool: ${JSON.stringify(tool.name)}`,
    ...(writes ? ['    writes: true'] : []),
    ...(Object.keys(args).length > 0 ? [`    args: ${flow(args)}${missing}`] : []),
    '    # expect: { text: "…" } or { json: { $.path: value } } or { snapshot: true }',
  ]
}

/** JSON is valid YAML, and text cannot break out of it. */
function flow(value: unknown): string {
  return JSON.stringify(value)
}

const readingWords = new Set(
  'browse check count describe echo fetch find get inspect list lookup ping query read resolve search show stat status view'.split(
    ' ',
  ),
)
const writingWords = new Set(
  'add append approve archive book cancel clear close commit create delete deploy drop edit execute insert install invoke issue kill merge move open pay post publish push put register remove rename replace reset restart run save send set start stop submit sync transfer trigger update upload upsert void write'.split(
    ' ',
  ),
)

/** Whether the first or second word of a name indicates reading, and no word indicates writing. */
function readsByName(tool: ListedTool): boolean {
  if (saysThatItWrites(tool) !== undefined) return false
  const words = tool.name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase())
  return (
    words.slice(0, 2).some((word) => readingWords.has(word)) && !words.some((word) => writingWords.has(word))
  )
}
