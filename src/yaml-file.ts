import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { z } from 'zod'

/** Where in a file something is wrong, what, and how to mend it. Lines and columns count from 1. */
export type FileProblem = { file: string; line: number; column: number; message: string }

export type FileResult<Value> = { ok: true; value: Value } | { ok: false; problems: FileProblem[] }

/** A map of 290 kB with 30,000 keys takes 15 s to parse, so larger files are refused unread (rule "Untrusted input"). */
export const maximumYamlBytes = 32 * 1024

/**
 * Reads a YAML file that people wrote, against a strict schema: at most 32 kB, one document, no aliases, no
 * repeated keys. Every problem names its line and column. `prepare` may complete the document before it is checked.
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
  prepare: (document: Document) => void = () => {},
): FileResult<z.output<Schema>> {
  const bytes = Buffer.byteLength(text)
  if (bytes > maximumYamlBytes) {
    const message = `the file has ${bytes} bytes; at most ${maximumYamlBytes} are read. Shorten it.`
    return { ok: false, problems: [{ file, line: 1, column: 1, message }] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const place = (offset: number, message: string) => problemAt(file, lines, offset, message)
  const broken = [
    ...document.errors.map((error) => place(error.pos[0], firstLine(error.message))),
    ...aliases(document).map((offset) =>
      place(offset, 'anchors and aliases are not allowed; write the value out'),
    ),
  ]
  if (broken.length > 0) return { ok: false, problems: broken }
  prepare(document)
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (parsed.success) return { ok: true, value: parsed.data }
  const problems = parsed.error.issues.flatMap((issue) =>
    explain(issue, schema).map(({ path, onKey, message }) => place(offsetOf(document, path, onKey), message)),
  )
  return { ok: false, problems }
}

/** `file:line:column: message`, the form that editors and terminals make clickable. */
export function formatProblem(problem: FileProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}

function problemAt(file: string, lines: LineCounter, offset: number, message: string): FileProblem {
  const { line, col } = lines.linePos(offset)
  return { file, line: Math.max(1, line), column: Math.max(1, col), message }
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '')
}

function aliases(document: Document): number[] {
  const found: number[] = []
  visit(document, {
    Alias: (_key, node) => void found.push(node.range?.[0] ?? 0),
    Value: (_key, node) => void (node.anchor !== undefined && found.push(node.range?.[0] ?? 0)),
  })
  return found
}

type Explained = { path: PropertyKey[]; onKey: boolean; message: string }

function explain(issue: z.core.$ZodIssue, schema: z.ZodType): Explained[] {
  if (issue.code !== 'unrecognized_keys') {
    const name = issue.path.at(-1)
    const message = name === undefined ? issue.message : `\`${String(name)}\`: ${issue.message}`
    return [{ path: issue.path, onKey: false, message }]
  }
  const known = keysAt(schema, issue.path)
  const mend = known.length > 0 ? `; known here: ${known.join(', ')}` : ''
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    onKey: true,
    message: `unknown key \`${key}\`${mend}`,
  }))
}

/** The keys that the schema knows at a path, for the hint beside an unknown one. */
function keysAt(schema: z.core.$ZodType, path: PropertyKey[]): string[] {
  const [key, ...rest] = path
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  ) {
    return keysAt(schema.unwrap(), path)
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest)
  if (!(schema instanceof z.ZodObject)) return []
  if (key === undefined) return Object.keys(schema.shape)
  const next: z.core.$ZodType | undefined = schema.shape[String(key)]
  return next ? keysAt(next, rest) : []
}

/** The place of the deepest node that exists on the path: a missing key is reported at its parent. */
function offsetOf(document: Document, path: PropertyKey[], onKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(document, path.slice(0, length), onKey && length === path.length)
    if (node?.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

function nodeAt(document: Document, path: PropertyKey[], onKey: boolean): Node | undefined {
  if (!onKey) {
    const node = document.getIn(path, true)
    return isNode(node) ? node : undefined
  }
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
  return isNode(pair?.key) ? pair.key : undefined
}
