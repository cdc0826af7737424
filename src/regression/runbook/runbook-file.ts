import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { RE2JS } from 're2js'
import { exactNumber } from '../../services/mcp.ts'
import { type FileProblem, readYaml } from '../../yaml/yaml-file.ts'
import { namesIn } from '../steps.ts'
import { type RunbookBlock, type RunbookStep, runbookBlock } from './runbook-schema.ts'
import { blocksOf } from './sections.ts'

/** A runbook that can be run: its steps, and which version of the file they are from. */
export type RunnableRunbook = RunbookBlock & { name: string; file: string; hash: string }

/** A file without a block has no steps: a person follows it. */
export type RunbookFile = { runbook: RunnableRunbook | undefined; problems: FileProblem[] }

const least = { steps: '[ { name: it answers, tool: search } ]' }

/** Reads the block `yaml runbook` of a Markdown file. Problems name the line of the file, and how to fix them. */
export function readRunbook(text: string, file: string): RunbookFile {
  const blocks = runbookBlocks(text)
  if (!blocks) return broken({ file, line: 1, column: 1, message: 'this is nested too deeply to be read' })
  const [first, second] = blocks
  if (!first) return { runbook: undefined, problems: [] }
  if (second)
    return broken({ file, line: second.line, column: 1, message: 'a runbook has one block; merge the two' })
  const read = readYaml(first.yaml, file, runbookBlock, { least, number: exactNumber })
  const moved = (problem: FileProblem) => ({ ...problem, line: problem.line + first.line })
  if (!read.ok) return { runbook: undefined, problems: read.problems.map(moved) }
  const stem = posix.basename(file.replaceAll('\\', '/'), '.md')
  const hash = createHash('sha256').update(text).digest('hex')
  const runbook = { ...read.value, name: read.value.name ?? stem, file, hash }
  const problems = lint(runbook).map((message) => ({ file, line: first.line, column: 1, message }))
  return { runbook: problems.length > 0 ? undefined : runbook, problems }
}

function broken(problem: FileProblem): RunbookFile {
  return { runbook: undefined, problems: [problem] }
}

/** The text of each block, and the line of its fence. */
function runbookBlocks(text: string): { yaml: string; line: number }[] | undefined {
  const tokens = blocksOf(text)
  if (!tokens) return undefined
  const lines = (part: string) => part.split('\n').length - 1
  const total = lines(text.replace(/\r\n?/g, '\n'))
  // Front matter is not a token, so lines are counted from the end of it.
  let line = total - lines(tokens.map(({ raw }) => raw).join('')) + 1
  return tokens.flatMap((token) => {
    const at = line
    line += lines(token.raw)
    const isRunbook = token.type === 'code' && /^ya?ml\s+runbook$/i.test(String(token.lang ?? '').trim())
    return isRunbook
      ? [{ yaml: String(token.text), line: at + lines(/^\n*/.exec(token.raw)?.[0] ?? '') }]
      : []
  })
}

/** What the schema cannot see: variables that nobody sets or reads, and values that a drill lacks. */
function lint({ variables, steps }: RunbookBlock): string[] {
  const declared = Object.keys(variables)
  const captured = new Set<string>()
  const unset = steps.flatMap((step) => {
    const missing = namesIn(step).filter(
      (name) => !declared.includes(name) && !captured.has(name) && !isGiven(name),
    )
    for (const name of Object.keys(step.capture ?? {})) captured.add(name)
    return missing.map(
      (name) => `step "${step.name}" reads \${${name}}, which nothing sets; add it to \`variables\``,
    )
  })
  const read = new Set(namesIn(steps))
  const unread = declared
    .filter((name) => !read.has(name))
    .map((name) => `no step reads the variable ${name}; remove it`)
  return [...unset, ...unread, ...drillProblems({ variables, steps })]
}

/** Set by the operator, or by the run. */
function isGiven(name: string): boolean {
  return name.startsWith('SUITE_') || name === 'run.id'
}

function drillProblems({ variables, steps }: RunbookBlock): string[] {
  const drilled = new Set(namesIn(steps.filter((step: RunbookStep) => step.skip_drill === undefined)))
  return Object.entries(variables).flatMap(([name, { drill, matches }]) => {
    if (drill === undefined)
      return drilled.has(name)
        ? [`the variable ${name} has no value for a drill; add \`drill\`, a text or a column of the ledger`]
        : []
    if (typeof drill !== 'string' || namesIn(drill).length > 0) return []
    return valueProblem(drill, matches) === undefined
      ? []
      : [`the drill value of ${name} does not match ${matches}`]
  })
}

/** Why a value cannot be that of a variable. */
export function valueProblem(value: string, matches: string | undefined): string | undefined {
  if (matches === undefined || RE2JS.matches(matches, value)) return undefined
  return `does not match ${matches}`
}

/** Names that more than one file has: `runbook run` could not tell them apart. */
export function repeatedNames(runbooks: readonly RunnableRunbook[]): FileProblem[] {
  const seen = new Map<string, string>()
  return runbooks.flatMap(({ name, file }) => {
    const other = seen.get(name)
    seen.set(name, other ?? file)
    return other === undefined
      ? []
      : [{ file, line: 1, column: 1, message: `the runbook "${name}" is also in ${other}; rename one` }]
  })
}
