import { CST, type Document, Lexer, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { oneLine } from '../decision/markdown.ts'
import { type FileProblem, offsetOf, problemAt } from './yaml-places.ts'
import { atLeast, type Least, messagesFor } from './yaml-words.ts'

export type { FileProblem } from './yaml-places.ts'

export type FileResult<Value> = { ok: true; value: Value } | { ok: false; problems: FileProblem[] }

/** A map of 290 kB with 30,000 keys takes 15 s to parse, so larger files are refused unread. */
export const maximumYamlBytes = 32 * 1024

/** Looking for repeated keys takes a time that grows with their square: 3,500 in 30 kB stopped everything else for seconds. */
export const maximumYamlParts = 3_000

/** Keys, values and list items, counted without building them: the lexer takes a time that grows with the text. */
function partsOf(text: string): number {
  let parts = 0
  for (const token of new Lexer().lex(text)) if (token === CST.SCALAR || /^["'[{-]/.test(token)) parts += 1
  return parts
}

/** How much of what a file may hold a text takes: it is refused where that is more than 1. */
export function shareOfLimits(text: string): number {
  return Math.max(Buffer.byteLength(text) / maximumYamlBytes, partsOf(text) / maximumYamlParts)
}

/** One mistake can cause thousands of errors; nobody reads more than this. */
export const problemsShown = 50

export type YamlOptions = {
  /** The required keys, for a file without them. */
  least: Least
  /** May complete the document before it is checked. */
  prepare?: (document: Document) => void
  /** Makes a value of the JSON text of each number; without it numbers are doubles. */
  number?: (text: string) => unknown
}

/**
 * Reads a YAML file that people wrote, against a strict schema: at most 32 kB, one document, no aliases, no
 * tags, no repeated keys. Every problem names its line and column.
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
  { least, prepare, number }: YamlOptions,
): FileResult<z.output<Schema>> {
  const bytes = Buffer.byteLength(text)
  if (bytes > maximumYamlBytes) {
    const message = `the file has ${bytes} bytes; the limit is ${maximumYamlBytes}. Shorten it.`
    return { ok: false, problems: [{ file, line: 1, column: 1, message }] }
  }
  const parts = partsOf(text)
  if (parts > maximumYamlParts) {
    const message = `the file has ${parts} keys and values; the limit is ${maximumYamlParts}. Shorten it.`
    return { ok: false, problems: [{ file, line: 1, column: 1, message }] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const place = (offset: number, message: string) => problemAt(file, lines, offset, message)
  const broken = [
    ...document.errors.map((error) => place(error.pos[0], syntaxProblem(error.code, error.message))),
    ...aliases(document).map((offset) =>
      place(offset, 'anchors and aliases are not allowed; write the value out'),
    ),
    ...tags(document).map(({ offset, tag }) => place(offset, `the tag ${tag} is not allowed; remove it`)),
  ]
  if (broken.length > 0) return { ok: false, problems: broken.slice(0, problemsShown) }
  if (document.contents === null)
    return { ok: false, problems: [place(0, `the file is empty; ${atLeast(least)}`)] }
  prepare?.(document)
  if (number) writeNumbers(document, number)
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 0 }), { error: messagesFor(least) })
  if (parsed.success) return { ok: true, value: parsed.data }
  const found = parsed.error.issues.flatMap((issue) => explain(issue, schema)).slice(0, problemsShown)
  const problems = found.map(({ path, onKey, message }) => place(offsetOf(document, path, onKey), message))
  return { ok: false, problems }
}

/** The values of a file that `readYaml` accepts, as they were written: without the defaults of a schema. */
export function plainYaml(text: string, prepare?: (document: Document) => void): unknown {
  const document = parseDocument(text, { uniqueKeys: true, version: '1.2' })
  prepare?.(document)
  return document.toJS({ maxAliasCount: 0 })
}

/** A problem with a value of a file. */
export type ProblemAt = (path: PropertyKey[], message: string) => FileProblem

/** Places problems with the values of a file that could be read. It is parsed for the first problem, and only once. */
export function problemsIn(text: string, file: string): ProblemAt {
  const lines = new LineCounter()
  let document: Document | undefined
  return (path, message) => {
    document ??= parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
    return problemAt(file, lines, offsetOf(document, path, false), `\`${nameOf(path)}\`: ${message}`)
  }
}

/** `file:line:column: message`, the form that editors and terminals make clickable. */
export function formatProblem(problem: FileProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${oneLine(problem.message, 5_000)}`
}

/** The parser's message, except where it addresses the programmer. */
function syntaxProblem(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; use a single document without `---`'
  if (message.startsWith('Maximum call stack')) return 'this is nested too deeply'
  const what = (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '')
  const fix = syntaxFixes[code]
  return fix === undefined ? what : `${what}; ${fix}`
}

/** By the parser's codes. */
const syntaxFixes: Record<string, string> = {
  BAD_INDENT: 'indent this line like those beside it',
  BLOCK_AS_IMPLICIT_KEY: 'put a text with a colon in quotes',
  DUPLICATE_KEY: 'remove one of them',
  TAB_AS_INDENT: 'use spaces',
}

function writeNumbers(document: Document, number: (text: string) => unknown): void {
  visit(document, {
    Scalar(key, node) {
      const text = typeof node.value === 'number' && key !== 'key' ? jsonNumber(node.source ?? '') : undefined
      if (text !== undefined) node.value = number(text)
    },
  })
}

/** A number of YAML 1.2 as JSON writes it; undefined for `.inf` and `.nan`, which JSON does not have. */
function jsonNumber(source: string): string | undefined {
  if (/^0[xo]/.test(source)) return String(BigInt(source))
  const [, sign, whole = '', fraction = '', exponent = ''] =
    /^([-+]?)(\d*)(?:\.(\d*))?([eE][-+]?\d+)?$/.exec(source) ?? []
  if (sign === undefined) return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign.replace('+', '')}${digits}${fraction && `.${fraction}`}${exponent}`
}

function aliases(document: Document): number[] {
  const found: number[] = []
  visit(document, {
    Alias: (_key, node) => void found.push(node.range?.[0] ?? 0),
    Value: (_key, node) => void (node.anchor !== undefined && found.push(node.range?.[0] ?? 0)),
  })
  return found
}

/** Some make a map that looks as if it had no keys, such as `!!omap`. */
function tags(document: Document): { offset: number; tag: string }[] {
  const found: { offset: number; tag: string }[] = []
  visit(document, {
    Value(_key, { tag, range }) {
      if (tag !== undefined)
        found.push({ offset: range?.[0] ?? 0, tag: tag.replace('tag:yaml.org,2002:', '!!') })
    },
  })
  return found
}

type Explained = { path: PropertyKey[]; onKey: boolean; message: string }

function explain(issue: z.core.$ZodIssue, schema: z.ZodType): Explained[] {
  const inside = issue.code === 'invalid_union' ? insideOf(issue) : []
  if (inside.length > 0) return inside.flatMap((each) => explain(each, schema))
  if (issue.code !== 'unrecognized_keys') {
    const name = nameOf(issue.path)
    const message = name === undefined ? issue.message : `\`${name}\`: ${issue.message}`
    return [{ path: issue.path, onKey: false, message }]
  }
  const known = keysAt(schema, issue.path)
  const fix = known.length > 0 ? `; known keys: ${known.join(', ')}` : ''
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    onKey: true,
    message: `unknown key \`${key}\`${fix}`,
  }))
}

/** What is wrong inside a map that is one of two forms, the other of which is a word; nothing where it is neither. */
function insideOf({ errors, path }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] {
  const [word = [], map = []] = errors
  const isWord =
    errors.length === 2 && word.every(({ code, path: at }) => code === 'invalid_value' && at.length === 0)
  const isMap = map.some(({ code, path: at }) => code === 'unrecognized_keys' || at.length > 0)
  return isWord && isMap ? map.map((each) => ({ ...each, path: [...path, ...each.path] })) : []
}

/** The key that is wrong, and for an item of a list its place: `teams[1]`. */
function nameOf(path: PropertyKey[]): string | undefined {
  const [parent, last] = path.slice(-2)
  if (typeof last === 'number') return `${String(parent)}[${last}]`
  return path.length === 0 ? undefined : String(path.at(-1))
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
  if (schema instanceof z.ZodPipe) return keysAt(schema.out, path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest)
  if (!(schema instanceof z.ZodObject)) return []
  if (key === undefined) return Object.keys(schema.shape)
  const next: z.core.$ZodType | undefined = schema.shape[String(key)]
  return next ? keysAt(next, rest) : []
}
